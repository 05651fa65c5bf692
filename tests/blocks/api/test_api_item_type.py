"""Item types and patterns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semradio.blocks.api import ItemType, ItemTypeError, Pattern
from semradio.blocks.api.item_type import DTYPES


@given(st.sampled_from(DTYPES), st.lists(st.integers(1, 100), max_size=4))
def test_text_and_type_agree(dtype: str, shape: list[int]) -> None:
    item = ItemType(dtype, tuple(shape))
    assert ItemType.parse(str(item)) == item
    assert Pattern.parse(str(item)).exact == item
    assert Pattern.parse(str(item)).accepts(item)


def test_sizes() -> None:
    item = ItemType.parse("complex64[2, 16]")
    assert (item.size, item.nbytes, item.shape) == (32, 256, (2, 16))
    assert item.empty(3).shape == (3, 2, 16)
    assert ItemType.of(np.zeros((5, 23), np.float32)) == ItemType("float32", (23,))


@pytest.mark.parametrize(
    ("pattern", "accepted", "refused"),
    [
        ("float32", ["float32"], ["float64", "float32[1]"]),
        ("float32[*]", ["float32[1]", "float32[23]"], ["float32", "float32[2,2]"]),
        ("uint8[28,*]", ["uint8[28,5]"], ["uint8[5,28]", "uint8[28]"]),
        ("float32[...]", ["float32", "float32[1,2,3]"], ["complex64"]),
        ("real", ["int8", "float64"], ["complex64", "bool", "int8[2]"]),
        ("number[...]", ["complex64[2]", "uint8"], ["bool"]),
        ("any[...]", ["bool[3]"], []),
        ("integer[*]|complex64", ["int8[2]", "complex64"], ["int8", "complex64[2]"]),
    ],
)
def test_patterns(pattern: str, accepted: list[str], refused: list[str]) -> None:
    found = Pattern.parse(pattern)
    assert [t for t in accepted if not found.accepts(ItemType.parse(t))] == []
    assert [t for t in refused if found.accepts(ItemType.parse(t))] == []
    assert found.exact is None or accepted == [pattern]


@pytest.mark.parametrize(
    "text",
    ["", "float", "float32[", "float32[]", "float32[a]", "float32[-1]", "float32[0]", "f4|", "[3]"],
)
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(ItemTypeError):
        Pattern.parse(text)


@pytest.mark.parametrize("text", ["any", "float32[*]", "float32[...]", "int8|int16"])
def test_pattern_is_no_exact_type(text: str) -> None:
    with pytest.raises(ItemTypeError, match="is not an exact item type"):
        ItemType.parse(text)


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([{}]), np.zeros(3, "M8[s]")])
def test_arrays_that_no_stream_carries(array: object) -> None:
    with pytest.raises(ItemTypeError, match="is not an item dtype"):
        ItemType.of(array)  # type: ignore[arg-type]


def test_scalar_is_no_chunk() -> None:
    with pytest.raises(ItemTypeError, match="leading axis"):
        ItemType.of(np.float32(3))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["float32[1000000,1000000]", "float32[99999999999999999999]"])
def test_an_item_that_no_memory_holds_is_refused(text: str) -> None:
    with pytest.raises(ItemTypeError, match="bytes"):
        ItemType.parse(text)


@pytest.mark.parametrize(
    ("pattern", "item", "dtype"),
    [
        ("float32[28,28]", "uint8[28,28]", "float32"),
        ("float32[...] | complex64[...]", "float64[16]", "float32"),
        ("float32[...] | complex64[...]", "complex128[16]", "complex64"),
        ("float32[28,28]", "uint8[28]", None),
        ("float32[...]", "complex64", None),
        ("integer[...]", "float32", None),
    ],
)
def test_what_a_cast_would_make_fit(pattern: str, item: str, dtype: str | None) -> None:
    assert Pattern.parse(pattern).cast_of(ItemType.parse(item)) == dtype
