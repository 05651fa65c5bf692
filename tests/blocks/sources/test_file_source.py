"""file_source, also with files that are not what they should be."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import BlockError, ItemType, ItemTypeError, ParameterError, SemradioError
from semradio.blocks.api.harness import Harness
from semradio.blocks.sources.file_source import FileSource


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    path = tmp_path / "ten.f32"
    np.arange(10, dtype=np.float32).tofile(path)
    return path


def saved(tmp_path: Path, array: Any, **options: Any) -> Path:
    np.save(tmp_path / "a.npy", array, **options)
    return tmp_path / "a.npy"


def test_raw_items_of_any_shape(raw: Path) -> None:
    y = FileSource(file=raw, type="float32[2]")()
    assert y.tolist() == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
    assert FileSource(file=raw, type="complex64")()[4] == 8 + 9j


def test_part_of_a_file(raw: Path) -> None:
    assert FileSource(file=raw, type="float32", offset=7)().tolist() == [7, 8, 9]
    assert FileSource(file=raw, type="float32", offset=2, length=3)().tolist() == [2, 3, 4]
    assert FileSource(file=raw, type="float32", length=0)().tolist() == []
    repeated = FileSource(file=raw, type="float32", offset=8, repeat=True)
    assert repeated(5).tolist() == [8, 9, 8, 9, 8]


def test_large_files_are_repeated_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semradio.blocks.sources.file_source._SMALL", 4)
    path = saved(tmp_path, np.arange(10))
    assert FileSource(file=path, repeat=True)(25, chunk=4).tolist() == [i % 10 for i in range(25)]


@pytest.mark.parametrize("dtype", ["<f4", ">f4", ">i2", "<c16", "?", "u1"])
def test_npy_knows_its_type(tmp_path: Path, dtype: str) -> None:
    array = np.array([[1, 0], [3, 4], [5, 0]], dtype)
    y = FileSource(file=saved(tmp_path, array))()
    assert y.dtype == np.dtype(dtype).newbyteorder("=")
    assert y.tolist() == array.tolist()


def test_empty_npy(tmp_path: Path) -> None:
    path = saved(tmp_path, np.zeros((0, 3), np.int8))
    assert FileSource(file=path)().shape == (0, 3)


def test_file_larger_than_the_memory_it_takes(tmp_path: Path) -> None:
    path = tmp_path / "huge.u8"
    with path.open("wb") as stream:
        stream.truncate(3 * 2**30)
    block = FileSource(file=path, type="uint8[1024]", offset=1024**2)
    with Harness(block, {}, chunk=256) as harness:
        tracemalloc.start()
        for _ in range(100):
            harness.step()
            harness.collected["y"].chunks.clear()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert harness.items_out == 25600
    assert peak < 4 * 256 * 1024


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"file": "none.f32", "type": "float32"}, "file '.*none.f32' cannot be read: No such file"),
        ({"file": "none.npy"}, "file '.*none.npy' cannot be read: No such file"),
        ({"file": ".", "type": "int8"}, "is not a regular file"),
        ({"file": "ten.f32"}, "'type' is required: '.*ten.f32' is no .npy file"),
        ({"file": "ten.f32", "type": "float32[3]"}, r"'.*ten.f32' has 40 bytes, .* \(12 bytes\)"),
        ({"file": "ten.f32", "type": "float32", "offset": 11}, "'offset' is 11, .*only 10 items"),
        (
            {"file": "ten.f32", "type": "float32", "offset": 4, "length": 7},
            "'length' is 7, but file '.*ten.f32' holds only 6 items from item 4 on",
        ),
        ({"file": "ten.f32", "type": "float32", "length": 0, "repeat": True}, "no items to repeat"),
        ({"file": "ten\0.f32", "type": "float32"}, "cannot be read: embedded null byte"),
        ({"file": "pipe", "type": "int8"}, "'.*pipe' is not a regular file"),
    ],
)
def test_what_is_wrong_is_told_before_the_first_item(
    raw: Path, parameters: dict[str, Any], message: str
) -> None:
    os.mkfifo(raw.parent / "pipe")
    parameters = parameters | {"file": f"{raw.parent}/{parameters['file']}"}
    with pytest.raises(ParameterError, match=message):
        FileSource(**parameters)()


def test_unreadable_file(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ParameterError, match=r"ten.f32' cannot be read: Permission denied"):
        FileSource(file=raw, type="float32")()


def test_type_that_npy_contradicts(tmp_path: Path) -> None:
    path = saved(tmp_path, np.zeros(3, np.int16))
    with pytest.raises(ItemTypeError, match="holds items of int16, not float32"):
        FileSource(file=path, type="float32")()


def test_stated_type_needs_no_file_to_be_checked(tmp_path: Path) -> None:
    block = FileSource(file=tmp_path / "later.npy", type="int8[3]")
    assert block.resolve({}) == {"y": ItemType("int8", (3,))}


def damaged(tmp_path: Path, change: str) -> Path:
    path = saved(tmp_path, np.arange(6).reshape(3, 2))
    data = path.read_bytes()
    data = {
        "truncated": data[:-1],
        "trailing": data + b"x",
        "no magic": b"x" + data[1:],
        "only magic": data[:6],
        "half header": data[:40],
        "version": data[:6] + b"\x09" + data[7:],
        "not a header": data[:10] + b"[" * 118 + data[128:],
        "negative": data.replace(b"(3, 2)", b"(-3,2)"),
        "huge": data.replace(b"(3, 2), ", b"(3**99,)"),
        "empty": b"",
    }[change]
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "change",
    [
        "truncated",
        "trailing",
        "no magic",
        "only magic",
        "half header",
        "version",
        "not a header",
        "negative",
        "huge",
        "empty",
    ],
)
def test_damaged_npy_is_named(tmp_path: Path, change: str) -> None:
    with pytest.raises(ParameterError, match=r"file '.*a.npy' "):
        FileSource(file=damaged(tmp_path, change))()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([{}], object), "must hold an array of numbers"),
        (np.zeros(3, [("a", "i4")]), "must hold an array of numbers"),
        (np.array(["text"]), "must hold an array of numbers"),
        (np.float32(3), "must hold an array of numbers"),
        (np.zeros((3, 0)), "must hold an array of numbers"),
        (np.zeros((3, 2), order="F"), "is in Fortran order"),
    ],
)
def test_npy_that_is_no_stream(tmp_path: Path, array: Any, message: str) -> None:
    path = saved(tmp_path, array, allow_pickle=True)
    with pytest.raises(ParameterError, match=message):
        FileSource(file=path)()


def test_file_that_becomes_shorter_is_an_error_and_no_crash(raw: Path) -> None:
    block = FileSource(file=raw, type="float32", name="record")
    with Harness(block, {}, chunk=4) as harness:
        harness.step()
        os.truncate(raw, 20)
        with pytest.raises(BlockError, match=r"'record', item 4: .*ten.f32' became shorter"):
            harness.step()


def test_files_are_closed_also_after_an_error(raw: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    FileSource(file=raw, type="float32")()
    with pytest.raises(SemradioError):
        FileSource(file=raw, type="float32", offset=100)()
    with pytest.raises(SemradioError):
        FileSource(file=raw, type="float64[3]")()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
