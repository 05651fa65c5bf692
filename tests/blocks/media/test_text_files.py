"""Text files, with Python's own reading of them as the referee."""

from __future__ import annotations

import os
import random
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import Array, BlockError, ItemType, ParameterError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.media.text_sink import TextSink
from semradio.blocks.media.text_source import TextSource

TEXT = "one\n\nzwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich\n日本語 – 🎈\nlast"


def read(path: Path, chunk: int = 3, **parameters: Any) -> tuple[Array, list[Tag], TextSource]:
    source = TextSource(file=path, **parameters)
    with Harness(source, {}, chunk) as harness:
        while not harness.finished:
            harness.step()
        return harness.outputs()[0], harness.tags()[0], source


def texts(items: Array) -> list[str]:
    return [item.tobytes().rstrip(b"\0").decode() for item in items]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("last", ["", "\n"])
def test_lines(tmp_path: Path, end: str, mark: str, last: str) -> None:
    (tmp_path / "a.txt").write_bytes((TEXT + last).replace("\n", end).encode(mark))
    items, tags, source = read(tmp_path / "a.txt")
    assert items.shape == (5, 128)
    with (tmp_path / "a.txt").open(encoding="utf-8-sig") as stream:
        assert texts(items) == [line.rstrip("\n") for line in stream]
    assert tags == []
    assert source.results() == {"items": 5, "cut": 0}


def test_a_line_that_just_fits(tmp_path: Path) -> None:
    for end in (b"", b"\n", b"\r\n"):
        (tmp_path / "a.txt").write_bytes(b"12345678" + end)
        assert texts(read(tmp_path / "a.txt", length=8)[0]) == ["12345678"]


@pytest.mark.parametrize("length", [4, 5, 7, 11, 64])
def test_long_lines_are_split_between_characters(tmp_path: Path, length: int) -> None:
    (tmp_path / "a.txt").write_bytes(TEXT.encode())
    items, tags, source = read(tmp_path / "a.txt", length=length, long="split")
    parts = texts(items)
    continued = {tag.index for tag in tags}
    assert {(tag.key, tag.value) for tag in tags} == {("continued", True)}
    lines: list[str] = []
    for k, part in enumerate(parts):
        if k in continued:
            # As much as fits was in the one before.
            assert len((parts[k - 1] + part[:1]).encode()) > length
            lines[-1] += part
        else:
            lines.append(part)
    assert lines == TEXT.split("\n")
    assert source.results() == {"items": len(parts), "cut": 0}


def test_long_lines_are_cut_and_counted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(TEXT.encode() + b"\r\n" + 300_000 * b"x" + b"\nend\n")
    items, tags, source = read(tmp_path / "a.txt", length=7, long="cut")
    # "日本語" has nine bytes, "zwölf B" eight.
    assert texts(items) == ["one", "", "zwölf ", "日本", "last", "xxxxxxx", "end"]
    assert source.results() == {"items": 7, "cut": 3}
    assert tags == []


def test_again_and_again(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a\nb\nc")
    assert texts(TextSource(file=tmp_path / "a.txt", repeat=True)(7)) == list("abcabca")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    assert read(tmp_path / "a.txt", length=5)[0].shape == (0, 5)
    with pytest.raises(ParameterError, match=r"'repeat': file .*a.txt' gives no lines"):
        read(tmp_path / "a.txt", repeat=True)


@pytest.mark.parametrize(
    ("content", "item", "words"),
    [
        (b"good\nMu\xe4ller\n", 1, r"line 2: is no UTF-8 \(byte 0xe4\): convert the file"),
        (b"good\n\nhalf \xc3", 2, r"line 3: is no UTF-8 \(byte 0xc3\)"),
        (b"\x80" * 20 + b"\n", 0, r"line 1: has more than 9 bytes"),
        ("good\n".encode("utf-16"), 0, "line 1: "),
        (b"good\nb\0d\n", 1, "line 2: holds a byte of zero"),
        (b"good\ngood\n1234567890", 2, "line 3: has more than 9 bytes: raise 'length', or state"),
    ],
)
@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_what_is_wrong_is_told_at_its_item(
    tmp_path: Path, content: bytes, item: int, words: str, chunk: int
) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    source = TextSource(file=tmp_path / "a.txt", length=9, name="words")
    with Harness(source, {}, chunk) as harness:
        with pytest.raises(BlockError, match=rf"'words', item {item}: file .*a.txt', {words}"):
            while not harness.finished:
                harness.step()
        # What stands before it was given.
        assert len(harness.outputs()[0]) == item


def test_bytes_that_continue_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\x80" * 20 + b"\n")
    for long in ("cut", "split"):
        with pytest.raises(BlockError, match=r"line 1: is no UTF-8 \(byte 0x80\)"):
            read(tmp_path / "a.txt", length=9, long=long)


@pytest.mark.parametrize("file", ["none.txt", ".", "pipe"])
def test_files_that_are_refused(tmp_path: Path, file: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ParameterError, match=r"No such file|is not a regular file"):
        read(tmp_path / file)


def test_a_file_that_becomes_shorter(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"12345678\n" * 10_000)
    with Harness(TextSource(file=tmp_path / "a.txt", name="words"), {}, 10) as harness:
        harness.step()
        os.truncate(tmp_path / "a.txt", 0)
        with pytest.raises(BlockError, match=r"'words', item .*became shorter"):
            while not harness.finished:
                harness.step()


def test_a_gigabyte_in_one_line_takes_no_memory(tmp_path: Path) -> None:
    with (tmp_path / "a.txt").open("wb") as stream:
        stream.write(b"good\n")
        stream.truncate(1 << 30)
    with pytest.raises(BlockError, match="line 2: has more than 128 bytes"):
        tracemalloc.start()
        try:
            read(tmp_path / "a.txt")
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < 1 << 20


@pytest.mark.parametrize("length", [4, 9, 100])
def test_the_sink_undoes_the_source(tmp_path: Path, length: int) -> None:
    (tmp_path / "a.txt").write_bytes(TEXT.encode() + b"\n")
    items, tags, _ = read(tmp_path / "a.txt", length=length, long="split")
    for chunk in (1, 5, 100):
        found = TextSink(file=tmp_path / "b.txt")(items, tags=tags, chunk=chunk)
        assert (tmp_path / "b.txt").read_bytes() == (tmp_path / "a.txt").read_bytes()
        assert found["damaged"] == 0
        assert found["lines"] == 5


def test_noise_leaves_lines_in_step_with_items(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("\n".join(["größer", "kleiner"] * 100).encode())
    items = read(tmp_path / "a.txt", length=16)[0]
    draw = np.random.default_rng(5)
    noisy = items ^ (draw.random(items.shape) < 0.1) * draw.integers(1, 256, items.shape, np.uint8)
    found = TextSink(file=tmp_path / "b.txt")(noisy)
    written = (tmp_path / "b.txt").read_bytes().decode("utf-8")
    assert written.count("\n") == found["lines"] == len(items) == 200
    good = 0
    for item in noisy:
        head, _, rest = item.tobytes().partition(b"\0")
        good += not rest.strip(b"\0") and b"\n" not in head and valid(head)
    assert found["damaged"] == 200 - good
    assert 0 < good < 200


def valid(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def test_nothing_makes_an_empty_file(tmp_path: Path) -> None:
    TextSink(file=tmp_path / "a.txt")(np.zeros((0, 8), np.uint8))
    assert (tmp_path / "a.txt").read_bytes() == b""
    TextSink(file=tmp_path / "a.txt")(np.zeros((2, 8), np.uint8))
    assert (tmp_path / "a.txt").read_bytes() == b"\n\n"


def test_a_sink_that_is_handed_over_writes_the_same_file(tmp_path: Path) -> None:
    words = random.Random(7).choices(["ab", "ä", "", "xyz"], k=50)
    items = np.frombuffer(b"".join(w.encode().ljust(4, b"\0") for w in words), np.uint8)
    items = items.reshape(50, 4)
    type_ = {"x": ItemType("uint8", (4,))}
    with Harness(TextSink(file=tmp_path / "a.txt"), type_) as first:
        first.push(items[:20])
        with first.handed_over(TextSink(file=tmp_path / "a.txt")) as second:
            second.push(items[20:])
            second.end()
    assert (tmp_path / "a.txt").read_text(encoding="utf-8").split("\n") == [*words, ""]
