"""vector_source and null_source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import ItemTypeError, ParameterError, StreamError
from semradio.blocks.sources.null_source import NullSource
from semradio.blocks.sources.vector_source import VectorSource


@pytest.mark.parametrize(
    ("data", "values", "dtype"),
    [
        ([1, 2, 3], [1, 2, 3], "float32"),
        ([0.5, 1], [0.5, 1], "float32"),
        ([[1, 2], [3, 4], [5, 6]], [[1, 2], [3, 4], [5, 6]], "float32"),
        (["1+2j", 3, "-1j"], [1 + 2j, 3, -1j], "complex64"),
        ([["1", "2 + 1j"]], [[1, 2 + 1j]], "complex64"),
        (np.array([1, 2]), [1, 2], "int64"),
        (np.array([True, False]), [True, False], "bool"),
        ([], [], "float32"),
    ],
)
def test_type_follows_from_the_data(data: Any, values: Any, dtype: str) -> None:
    y = VectorSource(data=data)()
    assert y.dtype == dtype
    assert y.tolist() == values


def test_dtype_may_be_stated() -> None:
    assert VectorSource(data=[1, 255], dtype="uint8")().dtype == np.uint8
    assert VectorSource(data=np.array([0.1]), dtype="float32")().tolist() == [np.float32(0.1)]
    assert VectorSource(data=np.array([1.0]), dtype="complex64")().tolist() == [1 + 0j]


@pytest.mark.parametrize(
    ("data", "dtype", "message"),
    [
        ([1, 2.5], "int8", "the value 2.5, which int8 cannot hold"),
        ([1, 300], "uint8", "the value 300, which uint8 cannot hold"),
        ([1, -1], "uint64", "the value -1, which uint64 cannot hold"),
        ([2**24 + 1], None, "the value 16777217, which float32 cannot hold"),
        ([float("nan")], "int32", "the value nan, which int32 cannot hold"),
        ([1e39], None, r"the value 1e\+39, which float32 cannot hold"),
        (["1j"], "float32", "has complex numbers, not float32"),
        ([[1, 2], [3]], None, "equally long lists"),
        (["one"], None, "list of numbers"),
        ([None], None, "list of numbers"),
        ([{"a": 1}], None, "list of numbers"),
        ([[], []], None, "list of numbers"),
        (3, None, "must be a list of numbers or an array, not int"),
        ("1 2 3", None, "must be a list of numbers or an array, not str"),
        (np.float32(3), None, "must be a list of numbers or an array, not float"),
        (np.zeros((2, 0)), None, r"not float64\[2, 0\]"),
        (np.array(["a"]), None, "must be an array of numbers"),
        ([1], "float31", "'dtype' must be one of int8"),
    ],
)
def test_bad_data_is_refused(data: Any, dtype: str | None, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        VectorSource(data=data, dtype=dtype)


def test_rounding_to_a_shorter_float_is_no_loss() -> None:
    values = [0.1, float("inf"), float("nan")]
    np.testing.assert_array_equal(VectorSource(data=values)(), np.float32(values))


def test_later_changes_of_the_users_array_do_not_matter() -> None:
    data = np.arange(3)
    block = VectorSource(data=data)
    data[:] = 9
    assert block().tolist() == [0, 1, 2]


def test_nobody_can_write_into_what_it_gives() -> None:
    assert not VectorSource(data=[1, 2]).work(2, 0).flags.writeable


def test_memory_mapped_data_is_not_read_into_memory(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(5))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    block = VectorSource(data=mapped)
    assert np.shares_memory(block.work(5, 0), mapped)


def test_other_byte_order_is_turned() -> None:
    y = VectorSource(data=np.array([1, 2], ">i4"))()
    assert y.dtype == np.int32
    assert y.dtype.isnative
    assert y.tolist() == [1, 2]


@pytest.mark.parametrize("index", [-1, 3])
def test_tag_must_sit_on_an_item(index: int) -> None:
    with pytest.raises(ParameterError, match=f"there is no item {index} among 3"):
        VectorSource(data=[1, 2, 3], tags=[[index, "a", 1]])


def test_tag_must_be_a_tag() -> None:
    with pytest.raises(ParameterError, match="'tags' must be"):
        VectorSource(data=[1], tags=[["a", 1]])
    with pytest.raises(StreamError, match="tag 'a' cannot carry a object"):
        VectorSource(data=[1], tags=[[0, "a", object()]])


def test_nothing_cannot_be_repeated() -> None:
    with pytest.raises(ParameterError, match="'data' is empty and cannot be repeated"):
        VectorSource(data=[], repeat=True)


def test_long_round_and_short_chunk_without_copy() -> None:
    data = np.arange(1000)
    data.flags.writeable = False
    assert np.shares_memory(VectorSource(data=data, repeat=True).work(10, 1500), data)


def test_null_source_hands_out_one_piece_of_memory() -> None:
    block = NullSource(type="float32[4]")
    first, second = block.work(10, 0), block.work(7, 10)
    assert np.shares_memory(first, second)
    assert not first.flags.writeable


@pytest.mark.parametrize(
    ("type_", "message"),
    [
        ("float32[*]", r"'float32\[\*\]' is not an exact item type"),
        ("number", "'number' is not an exact item type"),
        ("float", "'float' is not an item type"),
        ("", "'' is not an item type"),
        ("float32[0]", "'0' in 'float32"),
    ],
)
def test_null_source_needs_an_exact_type(type_: str, message: str) -> None:
    with pytest.raises(ItemTypeError, match=message):
        NullSource(type=type_)
