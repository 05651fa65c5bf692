"""The IDX reader; the files are built here from the format's definition."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from semradio.blocks.datasets import read_idx
from semradio.blocks.datasets.idx import read_idx_items
from semradio.blocks.errors import DatasetError

Build = Callable[[np.ndarray], bytes]


def test_the_definition_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"\0\0\x0b\x02\0\0\0\x02\0\0\0\x03\0\1\0\2\0\3\xff\xff\x7f\xff\x80\0")
    read = read_idx(file)
    assert read.tolist() == [[1, 2, 3], [-1, 32767, -32768]]
    assert read.dtype == np.int16


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("shape", [(), (7,), (3, 5), (2, 3, 4), (2, 1, 3, 2, 2), (0, 28, 28)])
@pytest.mark.parametrize("packed", [False, True])
def test_every_dtype_and_rank(
    tmp_path: Path, idx_bytes: Build, dtype: str, shape: tuple[int, ...], packed: bool
) -> None:
    wanted = np.random.default_rng(0).uniform(-100, 100, shape).astype(np.int8).astype(dtype)
    content = idx_bytes(wanted)
    # The name says nothing: the content decides whether it is compressed.
    (tmp_path / "x").write_bytes(gzip.compress(content) if packed else content)
    read = read_idx(tmp_path / "x")
    assert read.dtype == np.dtype(dtype)
    assert read.dtype.isnative
    assert read.shape == shape
    np.testing.assert_array_equal(read, wanted)


def hostile() -> dict[str, tuple[bytes, str]]:
    good = b"\0\0\x08\x01\0\0\0\x04abcd"
    packed = gzip.compress(good)
    flipped = bytearray(packed)
    flipped[-8] ^= 1  # the stored checksum
    return {
        "empty": (b"", "truncated"),
        "half a magic number": (b"\0\0", "truncated"),
        "not IDX": (b"\x89PNG\r\n\x1a\n", "not an IDX file"),
        "unknown type code": (b"\0\0\x0a\x01\0\0\0\x01a", "not an IDX file"),
        "half a header": (b"\0\0\x08\x03\0\0\0\x01", "truncated"),
        "one byte short": (good[:-1], "truncated"),
        "one byte more": (good + b"e", "trailing bytes"),
        "gzip cut": (packed[:-12], "truncated"),
        "gzip without its end": (packed[:-8], "truncated"),
        "gzip checksum": (bytes(flipped), "damaged gzip"),
        "gzip garbage": (b"\x1f\x8b" + bytes(40), "damaged gzip"),
        "gzip inside one byte short": (gzip.compress(good[:-1]), "truncated"),
        "gzip inside one byte more": (gzip.compress(good + b"e"), "trailing bytes"),
        "second gzip member": (packed + gzip.compress(b"e"), "trailing bytes"),
        "a terabyte announced": (b"\0\0\x08\x02\xff\xff\xff\xff\0\0\1\0abcd", "truncated"),
        "2 ** 1024 announced": (b"\0\0\x08\x20" + b"\xff\xff\xff\xff" * 32 + b"a", "truncated"),
        "nothing, absurdly": (b"\0\0\x08\x04" + bytes(4) + b"\xff" * 12, "absurd shape"),
        "255 dimensions": (b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"a", "255 dimensions"),
    }


@pytest.mark.parametrize("case", hostile())
def test_hostile_files_are_refused_by_name_and_take_no_memory(tmp_path: Path, case: str) -> None:
    content, reason = hostile()[case]
    file = tmp_path / "hostile.idx"
    file.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError, match=reason) as caught:
            read_idx(file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(file) in str(caught.value)
    assert peak < 4 << 20


def test_a_packed_file_that_announces_more_than_it_holds_takes_only_what_it_holds(
    tmp_path: Path,
) -> None:
    file = tmp_path / "x.gz"
    file.write_bytes(gzip.compress(b"\0\0\x08\x01\x7f\xff\xff\xff" + bytes(1 << 20)))
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError, match="truncated"):
            read_idx(file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def test_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(DatasetError, match="cannot be read") as caught:
            read_idx(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(("start", "stop"), [(0, 4), (3, 7), (9, 10), (0, 10), (5, 5)])
def test_items_are_a_slice_of_the_whole(
    tmp_path: Path, idx_bytes: Build, start: int, stop: int
) -> None:
    whole = np.random.default_rng(1).integers(0, 256, (10, 3, 2), np.uint8)
    (tmp_path / "x").write_bytes(idx_bytes(whole))
    some = read_idx_items(tmp_path / "x", start, stop, (10, 3, 2))
    np.testing.assert_array_equal(some, whole[start:stop])


@pytest.mark.parametrize("at", [0, 3, 9])
def test_damage_is_found_outside_the_items_asked_for(
    tmp_path: Path, idx_bytes: Build, at: int
) -> None:
    whole = np.random.default_rng(1).integers(0, 256, (10, 3, 2), np.uint8)
    content = bytearray(gzip.compress(idx_bytes(whole), compresslevel=0))
    body = len(content) - 8 - whole.nbytes
    content[body + at * 6] ^= 1
    (tmp_path / "x.gz").write_bytes(content)
    with pytest.raises(DatasetError, match="damaged gzip"):
        read_idx_items(tmp_path / "x.gz", 4, 6, (10, 3, 2))
    with pytest.raises(DatasetError, match="damaged gzip"):
        read_idx(tmp_path / "x.gz")


@pytest.mark.parametrize(
    "other",
    [np.zeros((9, 3, 2), np.uint8), np.zeros((10, 6), np.uint8), np.zeros((10, 3, 2), np.int8)],
)
def test_another_file_than_the_expected_is_refused(
    tmp_path: Path, idx_bytes: Build, other: np.ndarray
) -> None:
    (tmp_path / "x").write_bytes(idx_bytes(other))
    with pytest.raises(DatasetError, match=r"not the expected file.*expected uint8\[10, 3, 2\]"):
        read_idx_items(tmp_path / "x", 0, 2, (10, 3, 2))
