"""file_sink, also where the file cannot be written."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import BlockError, ItemType, ParameterError
from semradio.blocks.api.harness import Harness
from semradio.blocks.sinks.file_sink import FileSink
from semradio.blocks.sources.file_source import FileSource

X = np.arange(6, dtype=np.float32).reshape(3, 2)
TYPE = {"x": ItemType.of(X)}


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("dtype", ["int8", "bool", "float16", "complex128"])
@pytest.mark.parametrize("name", ["a.npy", "a.bin"])
def test_file_source_reads_it_back(tmp_path: Path, dtype: str, name: str) -> None:
    x = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype)
    assert FileSink(file=tmp_path / name)(x, chunk=1) == {
        "items": 2,
        "file": str(tmp_path / name),
    }
    y = FileSource(file=tmp_path / name, type=f"{dtype}[3]")()
    np.testing.assert_array_equal(x, y)
    assert names_in(tmp_path) == [name]


def test_raw_file_is_what_numpy_writes(tmp_path: Path) -> None:
    FileSink(file=tmp_path / "a.f32")(X)
    assert (tmp_path / "a.f32").read_bytes() == X.tobytes()


def test_npy_file_is_what_numpy_reads(tmp_path: Path) -> None:
    FileSink(file=tmp_path / "a.npy")(X, chunk=1)
    y = np.load(tmp_path / "a.npy")
    assert y.dtype == X.dtype
    np.testing.assert_array_equal(y, X)


def test_no_items_make_an_empty_file(tmp_path: Path) -> None:
    FileSink(file=tmp_path / "a.npy")(X[:0])
    assert np.load(tmp_path / "a.npy").shape == (0, 2)
    FileSink(file=tmp_path / "a.bin")(X[:0])
    assert (tmp_path / "a.bin").read_bytes() == b""


def test_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_text("earlier")
    with Harness(FileSink(file=path), TYPE) as harness:
        harness.push(X)
        assert path.read_text() == "earlier"
        harness.end()
        assert path.read_bytes() == X.tobytes()


def test_failed_run_keeps_the_earlier_file_and_what_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_text("earlier")
    block = FileSink(file=path)
    with pytest.raises(RuntimeError), Harness(block, TYPE) as harness:
        harness.push(X)
        raise RuntimeError
    assert path.read_text() == "earlier"
    assert (tmp_path / "a.bin.part").read_bytes() == X.tobytes()
    assert block.notes == [f"'{path}' is not complete; what was written is in '{path}.part'"]


def test_append(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    for _ in range(2):
        FileSink(file=path, append=True)(X)
    assert path.read_bytes() == 2 * X.tobytes()
    with pytest.raises(ParameterError, match="'append' works for raw files only"):
        FileSink(file=tmp_path / "a.npy", append=True)


def test_disabled_it_leaves_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_text("earlier")
    FileSink(file=path, enabled=False)(X)
    assert path.read_text() == "earlier"
    assert names_in(tmp_path) == ["a.bin"]


def test_enabled_while_running(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with Harness(FileSink(file=path, enabled=False), TYPE) as harness:
        harness.push(X)
        harness.change({"enabled": True})
        harness.push(X[:1])
        harness.end()
    assert path.read_bytes() == X[:1].tobytes()


def test_pipe_is_written_directly(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        FileSink(file=path)(X)
        assert os.read(reader, 1000) == X.tobytes()
    finally:
        os.close(reader)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("none/a.bin", "file '.*none/a.bin' cannot be written: No such file or directory"),
        (".", "cannot be written: Is a directory"),
        ("folder.npy", "cannot be written: Is a directory"),
        ("a\0.bin", "cannot be written: embedded null byte"),
        ("file/a.bin", "cannot be written: Not a directory"),
    ],
)
def test_unwritable_file_is_told_at_the_start(tmp_path: Path, file: str, message: str) -> None:
    (tmp_path / "folder.npy").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(ParameterError, match=message):
        Harness(FileSink(file=f"{tmp_path}/{file}"), TYPE)


def test_device_cannot_be_npy(tmp_path: Path) -> None:
    (tmp_path / "full.npy").symlink_to("/dev/full")
    with pytest.raises(ParameterError, match=r"is not a regular file and cannot be .npy"):
        FileSink(file=tmp_path / "full.npy")(X)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("items", [1, 100_000])
def test_full_disk(items: int) -> None:
    # Few items fail when they are flushed at the end, many at once.
    with pytest.raises(BlockError, match=r"'record', item .*/dev/full' .*No space left on device"):
        FileSink(file="/dev/full", name="record")(np.zeros((items, 2), np.float32), chunk=1000)


@pytest.mark.parametrize("method", ["fsync", "replace"])
def test_error_at_the_very_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def fail(*args: Any) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(*{"fsync": (os, "fsync"), "replace": (Path, "replace")}[method], fail)
    path = tmp_path / "a.npy"
    with pytest.raises(BlockError, match=r"a.npy' cannot be written: Disk quota exceeded"):
        FileSink(file=path)(X)
    assert names_in(tmp_path) == ["a.npy.part"]


def test_files_are_closed_also_after_an_error(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    FileSink(file=tmp_path / "a.bin")(X)
    with pytest.raises(BlockError):
        FileSink(file="/dev/full")(X)
    (tmp_path / "full.npy").symlink_to("/dev/full")
    with pytest.raises(ParameterError):
        FileSink(file=tmp_path / "full.npy")(X)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
