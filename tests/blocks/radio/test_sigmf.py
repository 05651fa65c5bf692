"""sigmf_source and sigmf_sink, with the package sigmf on the other side."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import Array, BlockError, ItemType, ParameterError, StreamError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.radio.sample_format import SampleFormat
from semradio.blocks.radio.sigmf_sink import SigmfSink
from semradio.blocks.radio.sigmf_source import SigmfSource
from semradio.blocks.radio.sigmf_tags import datetime_ns, datetime_text

sigmf = pytest.importorskip("sigmf", reason="needs SigMF: pip install 'semradio[sigmf]'")

rng = np.random.default_rng(5)
IQ = (rng.uniform(-0.7, 0.7, 300) + 1j * rng.uniform(-0.7, 0.7, 300)).astype(np.complex64)
TYPES = [
    f"{kind}{size}"
    for kind in "cr"
    for size in ("i8", "u8")
] + [
    f"{kind}{size}_{order}"
    for kind in "cr"
    for size in ("f32", "f64", "i16", "u16", "i32", "u32")
    for order in ("le", "be")
]  # fmt: skip


def play(file: Any, **parameters: Any) -> tuple[Array, list[Tag]]:
    """Return the items and tags that a recording gives."""
    with Harness(SigmfSource(file=file, **parameters), {}, 7) as harness:
        while not harness.finished:
            harness.step()
        return harness.outputs()[0], harness.tags()[0]


def metadata(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.with_suffix(".sigmf-meta").read_text())
    return found


@pytest.mark.parametrize("datatype", TYPES)
def test_every_data_type_comes_back_and_is_what_the_package_reads(
    tmp_path: Path, datatype: str
) -> None:
    x = IQ if datatype.startswith("c") else IQ.real.copy()
    SigmfSink(file=tmp_path / "a", datatype=datatype, sample_rate=1e6)(x, chunk=11)
    y, _ = play(tmp_path / "a")
    assert y.dtype == x.dtype
    bits = 8 * SampleFormat.parse(datatype).rail.itemsize
    exact = "f" in datatype
    assert np.abs(y.view(np.float32) - x.view(np.float32)).max() <= (
        0 if exact else max(0.5000001 / 2 ** (bits - 1), 6e-8)
    )
    theirs = sigmf.fromfile(tmp_path / "a.sigmf-meta").read_samples()
    # The package makes 32-bit integers single floats before it subtracts.
    np.testing.assert_allclose(y, theirs, rtol=0, atol=3e-7 if "u32" in datatype else 0)


@pytest.mark.parametrize("datatype", ["ci16_le", "ri8", "cu8", "ru16_be"])
def test_stored_integers_survive_bit_for_bit(tmp_path: Path, datatype: str) -> None:
    form = SampleFormat.parse(datatype)
    limits = np.iinfo(form.rail)
    values = rng.integers(limits.min, limits.max, 200, endpoint=True).astype(form.rail)
    values[:2] = limits.min, limits.max
    raw, clipped = form.encode(form.decode(values.view(np.uint8)))
    assert clipped == 0
    assert raw.tobytes() == values.tobytes()


@pytest.mark.parametrize(
    ("datatype", "last"), [("ci16_le", 32767), ("cu8", 255), ("ci32_be", 2**31 - 1)]
)
def test_what_is_beyond_full_scale_is_cut_off_and_counted(
    tmp_path: Path, datatype: str, last: int
) -> None:
    x = np.array([1, 1.5 - 2j, 0.1, 1e30, np.nan], np.complex64)
    sink = SigmfSink(file=tmp_path / "a", datatype=datatype, sample_rate=1)
    assert sink(x)["clipped"] == 3
    assert "3 items went beyond full scale" in sink.notes[0]
    stored = np.fromfile(tmp_path / "a.sigmf-data", SampleFormat.parse(datatype).rail)
    assert stored[0] == stored[2] == stored[6] == last
    assert stored[3] == np.iinfo(stored.dtype).min
    assert stored[8] == (128 if datatype == "cu8" else 0)


MARKS = [
    Tag(0, "rx_time", [1_700_000_000, 0.25]),
    Tag(0, "rx_rate", 1e6),
    Tag(0, "rx_freq", 2.4e9),
    *(Tag(23 * k, "frame", k) for k in range(13)),
    Tag(50, "raw", b"\x00\xff"),
    Tag(50, "odd", [1.5, None, {"a": float("inf")}]),
    Tag(60, "annotation", {"core:label": "burst", "core:sample_count": 7, "acme:q": 3}),
    Tag(100, "gap", 17),
    Tag(100, "rx_time", [1_700_000_000, 0.250117]),
    Tag(100, "rx_rate", 1e6),
    Tag(200, "gap", None),
    Tag(200, "rx_rate", 1e6),
    Tag(200, "rx_freq", 2.5e9),
]


@pytest.mark.parametrize("name", ["a", "a.sigmf"])
def test_tags_survive_the_round_trip(tmp_path: Path, name: str) -> None:
    found = SigmfSink(file=tmp_path / name)(IQ, tags=MARKS, chunk=13)
    assert (found["captures"], found["annotations"], found["sample_rate"]) == (3, 16, 1e6)
    y, tags = play(tmp_path / name)
    np.testing.assert_array_equal(y, IQ)
    key = lambda tag: (tag.index, tag.key)  # noqa: E731
    assert sorted(tags, key=key) == sorted(MARKS, key=key)


def test_metadata_are_what_sigmf_says(tmp_path: Path) -> None:
    SigmfSink(file=tmp_path / "a", author="me", hw="none", frequency=1e9)(IQ, tags=MARKS)
    found = metadata(tmp_path / "a")
    recording = sigmf.fromfile(tmp_path / "a.sigmf-meta")
    recording.validate()
    assert recording.calculate_hash() == found["global"]["core:sha512"]
    assert {e["name"] for e in found["global"]["core:extensions"]} == {"semradio", "acme"}
    first, second, third = found["captures"]
    assert first["core:datetime"] == "2023-11-14T22:13:20.25Z"
    assert first["core:frequency"] == 2.4e9  # measured, so it wins over the parameter
    assert (second["core:sample_start"], second["core:global_index"]) == (100, 117)
    assert third["semradio:gap"] is None
    frames = [a for a in found["annotations"] if a.get("semradio:key") == "frame"]
    assert [a["core:label"] for a in frames[:2]] == ["frame 0", "frame 1"]
    assert [a["core:sample_count"] for a in frames] == [23] * 12 + [24]
    assert [a["core:label"] for a in recording.get_annotations(61)] == [
        "frame 2",
        "raw",
        "odd",
        "burst",
    ]


def test_a_device_clock_makes_no_date(tmp_path: Path) -> None:
    SigmfSink(file=tmp_path / "a", sample_rate=1)(IQ, tags=[Tag(0, "rx_time", [12, 0.5])])
    (capture,) = metadata(tmp_path / "a")["captures"]
    assert capture == {"core:sample_start": 0, "semradio:rx_time": [12, 0.5]}


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2023-11-14T22:13:20Z", 1_700_000_000_000_000_000),
        ("2023-11-14T23:13:20.123456789+01:00", 1_700_000_000_123_456_789),
        ("2023-11-14 22:13:20,5", 1_700_000_000_500_000_000),
        ("yesterday", None),
    ],
)
def test_dates(text: str, ns: int | None) -> None:
    assert datetime_ns(text) == ns
    if ns is not None:
        assert datetime_ns(datetime_text(ns)) == ns


def test_an_offset_tells_what_holds_there(tmp_path: Path) -> None:
    SigmfSink(file=tmp_path / "a")(IQ, tags=MARKS)
    y, tags = play(tmp_path / "a", offset=120, length=100)
    np.testing.assert_array_equal(y, IQ[120:220])
    assert tags[:2] == [Tag(0, "rx_time", [1_700_000_000, 0.250137]), Tag(0, "rx_rate", 1e6)]
    assert Tag(18, "frame", 6) in tags
    assert Tag(80, "gap", None) in tags
    assert max(tag.index for tag in tags) < 100


def test_repeated_tags_come_with_their_items(tmp_path: Path) -> None:
    SigmfSink(file=tmp_path / "a")(IQ[:50], tags=[Tag(23, "frame", 1)])
    with Harness(SigmfSource(file=tmp_path / "a", repeat=True), {}, 7) as harness:
        while harness.items_out < 120:
            harness.step()
        found = [tag.index for tag in harness.tags()[0]]
        assert found == list(range(23, harness.items_out, 50))
        np.testing.assert_array_equal(harness.outputs()[0][:100], np.tile(IQ[:50], 2))


def test_what_others_record_is_read(tmp_path: Path) -> None:
    data = rng.integers(-128, 127, (90, 2), dtype=np.int8)
    data.tofile(tmp_path / "b.sigmf-data")
    theirs = sigmf.SigMFFile(
        data_file=tmp_path / "b.sigmf-data",
        global_info={"core:datatype": "ci8", "core:sample_rate": 48000, "core:version": "1.0.0"},
    )
    theirs.add_capture(0, {"core:frequency": 100e6, "core:datetime": "2023-11-14T22:13:20.5Z"})
    theirs.add_annotation(30, 10, {"core:label": "tone", "core:freq_lower_edge": 1.0,
                                   "core:freq_upper_edge": 2.0})  # fmt: skip
    theirs.archive(str(tmp_path / "b.sigmf"))
    y, tags = play(tmp_path / "b.sigmf", verify=True)
    np.testing.assert_array_equal(y, (data[:, 0] + 1j * data[:, 1]).astype(np.complex64) / 128)
    assert tags == [
        Tag(0, "rx_time", [1_700_000_000, 0.5]),
        Tag(0, "rx_rate", 48000.0),
        Tag(0, "rx_freq", 100e6),
        Tag(30, "annotation", {"core:label": "tone", "core:sample_count": 10,
                               "core:freq_lower_edge": 1.0, "core:freq_upper_edge": 2.0}),
    ]  # fmt: skip


def test_several_channels_are_interleaved(tmp_path: Path) -> None:
    x = IQ.reshape(100, 3)
    SigmfSink(file=tmp_path / "a", sample_rate=1)(x)
    y, _ = play(tmp_path / "a")
    np.testing.assert_array_equal(x, y)
    assert sigmf.fromfile(tmp_path / "a.sigmf-meta").num_channels == 3


def test_header_and_trailing_bytes_are_left_out(tmp_path: Path) -> None:
    raw = IQ.tobytes()
    (tmp_path / "a.bin").write_bytes(b"HEAD" + raw[:800] + b"MIDDLE" + raw[800:] + b"END")
    (tmp_path / "a.sigmf-meta").write_text(
        json.dumps(
            {
                "global": {
                    "core:datatype": "cf32_le",
                    "core:version": "1.2.0",
                    "core:dataset": "a.bin",
                    "core:trailing_bytes": 3,
                    "core:offset": 50,
                },
                "captures": [
                    {"core:sample_start": 50, "core:header_bytes": 4},
                    {"core:sample_start": 150, "core:header_bytes": 6},
                ],
                "annotations": [{"core:sample_start": 51}],
            }
        )
    )
    y, tags = play(tmp_path / "a")
    np.testing.assert_array_equal(y, IQ)
    assert tags == [Tag(1, "annotation", {})]


GOOD: dict[str, Any] = {
    "global": {"core:datatype": "cf32_le", "core:version": "1.2.0"},
    "captures": [{"core:sample_start": 0}],
    "annotations": [],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"global": {"core:version": "1.2.0"}}, "'core:datatype' is a required property"),
        ({"global": {**GOOD["global"], "core:datatype": "cf32_leer"}}, "data type"),
        ({"global": {**GOOD["global"], "core:datatype": "cf32"}}, "byte order: cf32_le or cf32_be"),
        ({"global": {**GOOD["global"], "core:datatype": "ci24_le"}}, r"global.*ci24"),
        ({"global": {**GOOD["global"], "core:dataset": "a/../../b"}}, "not a file name|match"),
        ({"global": {**GOOD["global"], "core:dataset": "nothing.wav"}}, "No such file"),
        ({"global": {**GOOD["global"], "core:metadata_only": True}}, "metadata only"),
        ({"global": {**GOOD["global"], "core:trailing_bytes": 1}}, "not a whole number of items"),
        ({"captures": [{"core:frequency": 1e9}]}, r"captures\[0\].*core:sample_start"),
        ({"captures": [{"core:sample_start": 5}, {"core:sample_start": 1}]}, "ordering"),
        ({"captures": [{"core:sample_start": 301}]}, "data of 300 samples, but a capture at"),
        ({"annotations": [{"core:sample_start": 301}]}, "but an annotation at sample 301"),
        ({"annotations": [{"core:sample_start": -1}]}, r"annotations\[0\].core:sample_start"),
        ({"annotations": [{"core:sample_start": 0, "a:b": 1 << 70}]}, "too large"),
        ([], "does not conform"),
    ],
)  # fmt: skip
def test_metadata_that_are_wrong(tmp_path: Path, change: Any, message: str) -> None:
    IQ.tofile(tmp_path / "a.sigmf-data")
    text = change if isinstance(change, list) else {**GOOD, **change}
    (tmp_path / "a.sigmf-meta").write_text(json.dumps(text))
    with pytest.raises(ParameterError, match=f"recording '.*a' .*({message})"):
        play(tmp_path / "a")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none", None, "No such file"),
        ("a.sigmf-meta", b"{", "not JSON"),
        ("a.sigmf-meta", b"[" * 100_000, "not JSON"),
        ("a.sigmf", b"no tar", "not a tar archive"),
        ("a.sigmf.gz", b"", "is compressed"),
    ],
)
def test_files_that_are_wrong(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ParameterError, match=message):
        play(tmp_path / name)


def test_data_that_are_not_what_was_recorded(tmp_path: Path) -> None:
    SigmfSink(file=tmp_path / "a", sample_rate=1)(IQ)
    play(tmp_path / "a", verify=True)
    raw = bytearray((tmp_path / "a.sigmf-data").read_bytes())
    raw[100] ^= 1
    (tmp_path / "a.sigmf-data").write_bytes(raw)
    with pytest.raises(ParameterError, match="do not agree with their 'core:sha512'"):
        play(tmp_path / "a", verify=True)


def test_data_that_become_shorter(tmp_path: Path) -> None:
    SigmfSink(file=tmp_path / "a", sample_rate=1)(IQ)
    with Harness(SigmfSource(file=tmp_path / "a"), {}, 7) as harness:
        harness.step()
        (tmp_path / "a.sigmf-data").write_bytes(b"")
        with pytest.raises(BlockError, match="became shorter"):
            harness.step()


def test_an_earlier_recording_survives_a_failure(tmp_path: Path) -> None:
    SigmfSink(file=tmp_path / "a", sample_rate=1)(IQ)
    sink = SigmfSink(file=tmp_path / "a", sample_rate=2)
    with Harness(sink, {"x": ItemType("complex64")}) as harness:
        harness.push(IQ[:9])
    assert "is not complete" in sink.notes[0]
    y, tags = play(tmp_path / "a")
    assert (len(y), tags) == (300, [Tag(0, "rx_rate", 1.0)])
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "a.sigmf-data", "a.sigmf-data.part", "a.sigmf-meta",
    ]  # fmt: skip


def test_an_annotation_that_is_none_is_kept_as_a_tag(tmp_path: Path) -> None:
    marks = [
        Tag(3, "annotation", {"core:label": 7}),
        Tag(4, "annotation", {"core:label": "good"}),
        Tag(5, "annotation", "text"),
    ]
    sink = SigmfSink(file=tmp_path / "a")
    sink(IQ, tags=marks)
    assert any("none of SigMF's" in note for note in sink.notes)
    _, tags = play(tmp_path / "a")
    assert tags == marks
    assert "core:sample_count" not in metadata(tmp_path / "a")["annotations"][1]


def test_annotations_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    marks = [Tag(i, "frame", i) for i in range(10)] + [Tag(20, "other", 1)]
    sink = SigmfSink(file=tmp_path / "a", limit=4, keys=["frame"])
    found = sink(IQ, tags=marks)
    assert (found["annotations"], found["annotations_left_out"]) == (4, 6)
    assert any("6 annotations beyond 'limit'" in note for note in sink.notes)


def test_items_that_passed_by_are_a_gap(tmp_path: Path) -> None:
    sink = SigmfSink(file=tmp_path / "a", sample_rate=1)
    with Harness(sink, {"x": ItemType("complex64")}) as harness:
        harness.push(IQ[:50])
        harness.change({"enabled": False})
        harness.push(IQ[50:120])
        harness.change({"enabled": True})
        harness.push(IQ[120:])
        harness.end()
    y, tags = play(tmp_path / "a")
    np.testing.assert_array_equal(y, np.concatenate([IQ[:50], IQ[120:]]))
    assert Tag(50, "gap", 70) in tags


def test_an_archive_is_an_ordinary_tar(tmp_path: Path) -> None:
    SigmfSink(file=tmp_path / "long-name.sigmf", sample_rate=1)(IQ)
    with tarfile.open(tmp_path / "long-name.sigmf") as tar:
        names = tar.getnames()
        tar.extractall(tmp_path, filter="data")
    assert names == ["long-name/long-name.sigmf-data", "long-name/long-name.sigmf-meta"]
    y, _ = play(tmp_path / "long-name" / "long-name.sigmf-meta", verify=True)
    np.testing.assert_array_equal(y, IQ)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"datatype": "ri16_le"}, "ri16_le does not fit a stream of complex64"),
        ({"datatype": "ci16"}, "byte order"),
        ({"datetime": "noon"}, "ISO 8601"),
        ({"file": "/nowhere/a"}, "cannot be written"),
        ({"file": ".sigmf"}, "names no file"),
        ({"file": "x" * 120 + ".sigmf"}, "too long"),
    ],
)
def test_parameters_that_are_wrong(
    tmp_path: Path, parameters: dict[str, Any], message: str
) -> None:
    if "file" in parameters and "/" not in parameters["file"]:
        parameters = {"file": f"{tmp_path}/{parameters['file']}"}
    with pytest.raises(ParameterError, match=message):
        SigmfSink(**{"file": str(tmp_path / "a"), **parameters})(IQ)


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "full.sigmf-data.part").symlink_to("/dev/full")
    with pytest.raises((BlockError, StreamError), match=r"full.sigmf-meta' .*No space left"):
        SigmfSink(file=tmp_path / "full", sample_rate=1)(IQ)


BIG = """
import resource, sys
from semradio.flowgraphs import Flowgraph
text = '''
flowgraph: copy
chunk: 8192
blocks:
  source: {block: sigmf_source, file: big}
  sink:   {block: sigmf_sink, file: copy.sigmf, datatype: ci16_le}
connections: [source -> sink]
'''
open('copy.yml', 'w').write(text)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = Flowgraph.load('copy.yml').run(processes=False)
assert found['sink']['items'] == 12_000_000, found['sink']
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_long_recording_takes_little_memory(tmp_path: Path) -> None:
    # A file with holes: 48 MB of zeros that take no room on the disk.
    with (tmp_path / "big.sigmf-data").open("wb") as stream:
        stream.truncate(48_000_000)
    meta = {**GOOD, "global": {**GOOD["global"], "core:datatype": "ci16_le"}}
    (tmp_path / "big.sigmf-meta").write_text(json.dumps(meta))
    run = subprocess.run(
        [sys.executable, "-c", BIG], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    # In kilobytes: less than the recording, with all that is loaded to run anything.
    assert int(run.stdout) < 30_000
    (tmp_path / "copy.sigmf").unlink()
