"""Files of GNU Radio's File Meta Sink are read, and ours by its File Meta Source, with tags."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import HERE, clean_environment

from semradio.blocks.api import Array, ItemType, ParameterError, SemradioError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.gnuradio.file_meta_sink import FileMetaSink
from semradio.blocks.gnuradio.file_meta_source import FileMetaSource


def written(gnuradio: str, file: Path, kind: str, detached: bool, most: int) -> None:
    command = [gnuradio, str(HERE / "meta_file_peer.py"), file, kind, str(int(detached)), str(most)]
    subprocess.run(command, check=True, env=clean_environment(), timeout=120, capture_output=True)


def play(file: Path) -> tuple[np.ndarray, list[Tag], list[str]]:
    source = FileMetaSource(file=file)
    with Harness(source, {}, 77) as harness:
        while not harness.finished:
            harness.step()
        return harness.outputs()[0], harness.tags()[0], source.notes


@pytest.mark.parametrize("detached", [False, True], ids=["attached", "detached"])
@pytest.mark.parametrize("kind", ["complex64", "float32", "int16[2]"])
def test_it_comes_back(kind: str, detached: bool, gnuradio: str, tmp_path: Path) -> None:
    written(gnuradio, tmp_path / "x.dat", kind, detached, 1_000_000)
    y, tags, notes = play(tmp_path / "x.dat")
    values = np.arange(10_000 if kind == "int16[2]" else 5000) % 1000
    wanted = values.astype(kind.split("[", maxsplit=1)[0]).reshape(y.shape)
    assert len(y) == 5000
    np.testing.assert_array_equal(y, wanted)
    assert y.dtype == wanted.dtype
    key = lambda tag: (tag.index, tag.key)  # noqa: E731
    assert sorted(tags, key=key) == [
        Tag(0, "antenna", "north"),
        Tag(0, "rx_rate", 1e6),
        Tag(0, "rx_time", [0, 0.0]),
        Tag(1000, "gain", 3.5),
        Tag(1000, "rx_rate", 2e6),
        Tag(3000, "rx_freq", 1e9),
        Tag(3000, "rx_time", [1_700_000_000, 0.5]),
    ]
    assert notes == []


def test_many_segments_and_a_file_that_is_cut_short(gnuradio: str, tmp_path: Path) -> None:
    file = tmp_path / "x.dat"
    written(gnuradio, file, "complex64", False, 600)
    y, _, _ = play(file)
    np.testing.assert_array_equal(y, np.arange(5000) % 1000)
    file.write_bytes(file.read_bytes()[:-405])
    y, _, notes = play(file)
    assert len(y) == 4949
    assert "the file has" in notes[0]
    for content, words in ((b"", "it is empty"), (b"RIFF" * 100, "PMT"), (bytes(300), "header")):
        file.write_bytes(content)
        with pytest.raises(ParameterError, match=f"no file of GNU Radio's .*{words}"):
            play(file)


TAGS = [
    Tag(100, "gain", 3.5),
    Tag(100, "rx_rate", 2e3),
    Tag(300, "rx_time", [1_700_000_000, 0.5]),
    Tag(300, "gap", 7),
    Tag(400, "antenna", "south"),
]
TOLD = [
    [0, "antenna", "north"],
    [0, "rx_rate", 1e3],
    [0, "rx_time", [0, 0.0]],
    [100, "antenna", "north"],
    [100, "gain", 3.5],
    [100, "rx_rate", 2e3],
    [100, "rx_time", [0, 0.1]],
    [300, "antenna", "north"],
    [300, "gap", 7],
    [300, "rx_rate", 2e3],
    [300, "rx_time", [1_700_000_000, 0.5]],
    [400, "antenna", "south"],
    [400, "rx_rate", 2e3],
    [400, "rx_time", [1_700_000_000, 0.55]],
]
"""What every header tells; a source here repeats nothing that stays as it was."""


def record(sink: FileMetaSink, x: Array, chunk: int) -> None:
    with Harness(sink, {"x": ItemType.of(x)}) as harness:
        for start in range(0, len(x), chunk):
            now = [tag for tag in TAGS if start <= tag.index < start + chunk]
            harness.push(x[start : start + chunk], tags=now)
        harness.end()


@pytest.mark.parametrize("detached", [False, True], ids=["attached", "detached"])
@pytest.mark.parametrize("kind", ["complex64", "float32[3]", "int16[2]", "int8"])
def test_ours_is_read(kind: str, detached: bool, gnuradio: str, tmp_path: Path) -> None:
    item = ItemType.parse(kind)
    x = np.random.default_rng(1).integers(-99, 99, (500, *item.shape)).astype(item.numpy)
    written = []
    for chunk in (500, 33):
        file = tmp_path / f"{chunk}.dat"
        settings = {"detached": detached, "complex_pairs": kind == "int16[2]"}
        record(
            FileMetaSink(file=str(file), sample_rate=1e3, extra={"antenna": "north"}, **settings),
            x,
            chunk,
        )
        headers = file.with_name(file.name + ".hdr")
        written.append((file.read_bytes(), headers.read_bytes() if detached else None))
    assert written[0] == written[1]

    peer = [gnuradio, str(HERE / "meta_file_peer.py"), "read", file]
    done = subprocess.run(
        [*peer, str(item.nbytes), str(int(detached))],
        check=True,
        env=clean_environment(),
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert file.with_name(file.name + ".raw").read_bytes() == x.tobytes()
    theirs = sorted(json.loads(done.stdout.splitlines()[-1]), key=lambda tag: tag[:2])
    assert [t[:2] for t in theirs] == [t[:2] for t in TOLD]
    for (*_, got), (*_, want) in zip(theirs, TOLD, strict=True):
        assert got == (want if isinstance(want, str) else pytest.approx(want, abs=1e-9))

    y, tags, notes = play(file)
    np.testing.assert_array_equal(y, x)
    assert y.dtype == x.dtype
    assert notes == []
    assert {(t.index, t.key) for t in tags} == {
        (0, "antenna"), (0, "rx_rate"), (0, "rx_time"), (100, "gain"), (100, "rx_rate"),
        (100, "rx_time"), (300, "gap"), (300, "rx_time"), (400, "antenna"), (400, "rx_time"),
    }  # fmt: skip


def test_segments_of_a_length_and_an_earlier_recordings_headers(tmp_path: Path) -> None:
    file = tmp_path / "x.dat"
    x = np.arange(95, dtype=np.float32)
    assert FileMetaSink(file=str(file), detached=True, max_segment=10)(x)["headers"] == 10
    assert FileMetaSink(file=str(file), max_segment=40, sample_rate=10.0)(x)["headers"] == 3
    y, tags, _ = play(file)
    np.testing.assert_array_equal(y, x)
    times = {tag.index: tag.value for tag in tags if tag.key == "rx_time"}
    assert times == {0: [0, 0.0], 40: [4, 0.0], 80: [8, 0.0]}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.dat"]


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="cannot be written: No such file"):
        FileMetaSink(file=str(tmp_path / "no" / "x"))(np.zeros(3, np.float32))
    with pytest.raises(ParameterError, match="not a regular file"):
        FileMetaSink(file="/dev/null")(np.zeros(3, np.float32))
    with pytest.raises(SemradioError, match=r"'complex_pairs' .* needs items .* not float32"):
        FileMetaSink(file=str(tmp_path / "x"), complex_pairs=True)(np.zeros((3, 2), np.float32))
    with pytest.raises(SemradioError, match="uint16"):
        FileMetaSink(file=str(tmp_path / "x"))(np.zeros(3, np.uint16))
