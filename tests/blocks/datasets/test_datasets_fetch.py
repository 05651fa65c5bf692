"""fetch(): mirrors that behave, and mirrors that do not, all on the loopback."""

from __future__ import annotations

import io
import logging
import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pooch
import pytest

from semradio.blocks.datasets import load
from semradio.blocks.datasets.catalogue import DATASETS
from semradio.blocks.datasets.fetching import fetch
from semradio.blocks.errors import DatasetError

Serve = Callable[..., Any]  # starts a Server of conftest.py
Files = dict[str, bytes]

FIRST = "train-images-idx3-ubyte.gz"


def assert_complete(folder: Path, files: Files) -> None:
    """Check that the folder holds the files, right to the byte, and nothing else."""
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files


def test_all_four_files_arrive_in_the_destination(
    small_mnist: Files, serve: Serve, tmp_path: Path
) -> None:
    server = serve(small_mnist)
    paths = fetch("mnist", tmp_path, progress=False, mirrors=[server.url])
    assert paths == [tmp_path / "mnist" / name for name in small_mnist]
    assert_complete(tmp_path / "mnist", small_mnist)
    assert server.asked == [(name, None) for name in small_mnist]


def test_the_default_destination_is_the_cache(small_mnist: Files, serve: Serve, bare: Path) -> None:
    fetch("MNIST", progress=False, mirrors=[serve(small_mnist).url.rstrip("/")])
    assert_complete(bare / "mnist", small_mnist)


def test_what_is_there_and_right_is_not_fetched_again(
    small_mnist: Files, serve: Serve, tmp_path: Path
) -> None:
    server = serve(small_mnist)
    fetch("mnist", tmp_path, progress=False, mirrors=[server.url])
    server.asked.clear()
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "mnist").iterdir()}
    again = fetch("mnist", tmp_path, progress=False, mirrors=[server.url])
    assert server.asked == []
    assert {path: path.stat().st_mtime_ns for path in again} == times
    # One that is wrong is.
    again[2].write_bytes(b"something else")
    fetch("mnist", tmp_path, progress=False, mirrors=[server.url])
    assert server.asked == [(again[2].name, None)]
    assert_complete(tmp_path / "mnist", small_mnist)


def test_a_connection_that_breaks_off_is_taken_up_where_it_broke(
    small_mnist: Files, serve: Serve, tmp_path: Path
) -> None:
    server = serve(small_mnist, "breaks off once")
    fetch("mnist", tmp_path, progress=False, mirrors=[server.url])
    assert server.ranges(FIRST) == [None, "bytes=100000-"]
    assert_complete(tmp_path / "mnist", small_mnist)


def test_an_interrupted_fetch_goes_on_next_time(
    small_mnist: Files, serve: Serve, tmp_path: Path
) -> None:
    server = serve(small_mnist, "breaks off")
    server.pieces = 1000
    part = tmp_path / "mnist" / f"{FIRST}.part"
    with pytest.raises(DatasetError, match="broke off after 4000 of 300000 bytes") as caught:
        fetch("mnist", tmp_path, progress=False, mirrors=[server.url])
    assert f"{part} is kept" in str(caught.value)
    assert part.read_bytes() == small_mnist[FIRST][:4000]
    assert [path.name for path in part.parent.iterdir()] == [part.name]
    server.behaviour = "good"
    server.asked.clear()
    fetch("mnist", tmp_path, progress=False, mirrors=[server.url])
    assert server.ranges(FIRST) == ["bytes=4000-"]
    assert_complete(tmp_path / "mnist", small_mnist)


def test_the_next_mirror_goes_on_where_the_last_broke_off(
    small_mnist: Files, serve: Serve, tmp_path: Path
) -> None:
    breaking, good = serve(small_mnist, "breaks off"), serve(small_mnist)
    breaking.pieces = 1000
    fetch("mnist", tmp_path, progress=False, mirrors=[breaking.url, good.url])
    assert good.ranges(FIRST) == ["bytes=4000-"]
    assert_complete(tmp_path / "mnist", small_mnist)


@pytest.mark.parametrize("length", [1000, 300_000])
def test_a_server_that_ignores_ranges_is_read_from_the_start(
    small_mnist: Files, serve: Serve, tmp_path: Path, length: int
) -> None:
    part = tmp_path / "mnist" / f"{FIRST}.part"
    part.parent.mkdir()
    # A wrong beginning shows that it was not kept.
    part.write_bytes(bytes(length))
    server = serve(small_mnist, "no ranges")
    fetch("mnist", tmp_path, progress=False, mirrors=[server.url])
    assert_complete(tmp_path / "mnist", small_mnist)


def test_a_wrong_part_costs_one_more_try_and_no_more(
    small_mnist: Files, serve: Serve, tmp_path: Path
) -> None:
    part = tmp_path / "mnist" / f"{FIRST}.part"
    part.parent.mkdir()
    part.write_bytes(bytes(1000))
    server = serve(small_mnist)
    fetch("mnist", tmp_path, progress=False, mirrors=[server.url])
    assert server.ranges(FIRST) == ["bytes=1000-", None]
    assert_complete(tmp_path / "mnist", small_mnist)


def test_a_part_that_is_too_long_is_dropped(
    small_mnist: Files, serve: Serve, tmp_path: Path
) -> None:
    part = tmp_path / "mnist" / f"{FIRST}.part"
    part.parent.mkdir()
    part.write_bytes(bytes(400_000))
    server = serve(small_mnist)
    fetch("mnist", tmp_path, progress=False, mirrors=[server.url])
    assert server.ranges(FIRST) == [None]
    assert_complete(tmp_path / "mnist", small_mnist)


def test_a_part_that_was_complete_is_not_fetched_again(
    small_mnist: Files, serve: Serve, tmp_path: Path
) -> None:
    part = tmp_path / "mnist" / f"{FIRST}.part"
    part.parent.mkdir()
    part.write_bytes(small_mnist[FIRST])
    server = serve(small_mnist)
    fetch("mnist", tmp_path, progress=False, mirrors=[server.url])
    assert server.ranges(FIRST) == []
    assert_complete(tmp_path / "mnist", small_mnist)


def test_corrupt_data_are_removed_and_told(
    small_mnist: Files, serve: Serve, tmp_path: Path
) -> None:
    server = serve(small_mnist, "corrupt")
    with pytest.raises(DatasetError) as caught:
        fetch("mnist", tmp_path, progress=False, mirrors=[server.url])
    assert f"{server.url}{FIRST}: what it sent has the wrong SHA-256" in str(caught.value)
    assert "is kept" not in str(caught.value)
    assert list((tmp_path / "mnist").iterdir()) == []
    assert server.ranges(FIRST) == [None]


def test_corrupt_data_never_replace_a_file(
    small_mnist: Files, serve: Serve, tmp_path: Path
) -> None:
    file = tmp_path / "mnist" / FIRST
    file.parent.mkdir()
    file.write_bytes(b"an older edition")
    with pytest.raises(DatasetError, match="wrong SHA-256"):
        fetch("mnist", tmp_path, progress=False, mirrors=[serve(small_mnist, "corrupt").url])
    assert file.read_bytes() == b"an older edition"


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("corrupt", "wrong SHA-256"),
        ("missing", "the server answers 404 Not Found"),
        ("other length", "the server has 26 bytes, the file has 300000"),
        ("endless", "more than the 300000 bytes"),
    ],
)
def test_the_next_mirror_serves_when_one_does_not(
    small_mnist: Files, serve: Serve, tmp_path: Path, behaviour: str, reason: str
) -> None:
    bad, good = serve(small_mnist, behaviour), serve(small_mnist)
    with pytest.raises(DatasetError, match=re.escape(f"{bad.url}{FIRST}: ") + ".*" + reason):
        fetch("mnist", tmp_path, progress=False, mirrors=[bad.url])
    assert list((tmp_path / "mnist").iterdir()) == []
    fetch("mnist", tmp_path, progress=False, mirrors=[bad.url, good.url])
    assert_complete(tmp_path / "mnist", small_mnist)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("unlabelled range", "the server sends a range without saying which"),
        ("other range", "the server sends bytes from 1001 on, not from 1000"),
    ],
)
def test_a_range_that_was_not_asked_for_is_not_kept(
    small_mnist: Files, serve: Serve, tmp_path: Path, behaviour: str, reason: str
) -> None:
    part = tmp_path / "mnist" / f"{FIRST}.part"
    part.parent.mkdir()
    part.write_bytes(small_mnist[FIRST][:1000])
    bad, good = serve(small_mnist, behaviour), serve(small_mnist)
    with pytest.raises(DatasetError, match=reason):
        fetch("mnist", tmp_path, progress=False, mirrors=[bad.url])
    assert bad.ranges(FIRST) == ["bytes=1000-"]
    fetch("mnist", tmp_path, progress=False, mirrors=[bad.url, good.url])
    assert good.ranges(FIRST) == ["bytes=1000-"]
    assert_complete(tmp_path / "mnist", small_mnist)


def test_every_mirror_that_failed_is_named_with_its_reason(
    small_mnist: Files, serve: Serve, tmp_path: Path
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
        missing = serve(small_mnist, "missing")
        mirrors = [nobody, missing.url, "no address at all"]
        with pytest.raises(DatasetError) as caught:
            fetch("mnist", tmp_path, progress=False, mirrors=mirrors)
    text = str(caught.value)
    assert text.startswith(f"{FIRST} could not be fetched:")
    assert re.search(rf"{nobody}/{FIRST}: .*refused", text)
    assert f"{missing.url}{FIRST}: the server answers 404 Not Found" in text
    assert f"no address at all/{FIRST}: " in text
    assert len(text.splitlines()) == 4


def test_a_destination_that_cannot_be_written_to_is_named(
    small_mnist: Files, serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DatasetError, match=r"taken.*cannot be written to"):
        fetch("mnist", tmp_path / "taken", progress=False, mirrors=[serve(small_mnist).url])


def test_unknown_data_sets_are_answered_with_the_known() -> None:
    with pytest.raises(DatasetError, match=r"did you mean 'fashion-mnist'"):
        fetch("fashion-mnsit")


def test_without_a_terminal_progress_is_one_line_a_file(
    small_mnist: Files, serve: Serve, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    level = pooch.get_logger().level
    fetch("mnist", tmp_path, mirrors=[serve(small_mnist).url])
    told = capfd.readouterr()
    assert told.out == ""
    assert [line.split(":")[0] for line in told.err.splitlines()] == list(small_mnist)
    bad = serve(small_mnist, "missing").url
    fetch("mnist", tmp_path / "two", mirrors=[bad, serve(small_mnist).url])
    assert f"{bad}{FIRST}: the server answers 404" in capfd.readouterr().err
    fetch("mnist", tmp_path / "silent", progress=False, mirrors=[serve(small_mnist).url])
    assert capfd.readouterr() == ("", "")
    assert pooch.get_logger().level == level != logging.WARNING


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_progress_is_a_bar(
    small_mnist: Files, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"TERM": "xterm", "COLUMNS": "120"}.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    fetch("mnist", tmp_path, mirrors=[serve(small_mnist, "breaks off once").url])
    assert "━━━━" in terminal.getvalue()
    assert "300.0/300.0 kB" in terminal.getvalue()
    assert terminal.getvalue().count("SHA-256 right") == 4


@pytest.mark.parametrize("name", DATASETS)
def test_the_catalogue_is_complete(name: str) -> None:
    known = DATASETS[name]
    assert [file.name for file in known.files] == [
        f"{part}-{kind}-ubyte.gz"
        for part in ("train", "t10k")
        for kind in ("images-idx3", "labels-idx1")
    ]
    assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in known.files)
    assert len(known.mirrors) >= 2
    assert all(re.match(r"https?://\S+/$", mirror) for mirror in known.mirrors)


def test_what_is_fetched_is_what_load_reads(full_data: Path, serve: Serve, bare: Path) -> None:
    """The official files through the real checksums, and from the cache into load()."""
    files = {
        file.name: (full_data / "mnist" / file.name).read_bytes()
        for file in DATASETS["mnist"].files
    }
    fetch("mnist", progress=False, mirrors=[serve(files, "breaks off once").url])
    loaded = load("mnist", "test")
    assert str(bare) in loaded.origin
    assert loaded.labels is not None
    assert loaded.labels[:5].tolist() == [7, 2, 1, 0, 4]
