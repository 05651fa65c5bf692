"""multiply_const."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import ItemType, ItemTypeError, ParameterError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.stream.multiply_const import MultiplyConst


@pytest.mark.parametrize(
    ("constant", "number"),
    [
        (2, 2),
        (-0.5, -0.5),
        ("1+2j", 1 + 2j),
        ("1 + 2j", 1 + 2j),
        ("(1-2j)", 1 - 2j),
        ("3", 3),
        ("1e-3j", 1e-3j),
        ([1, -2], 1 - 2j),
        (np.float32(0.25), 0.25),
    ],
)
def test_ways_to_write_a_constant(constant: Any, number: complex) -> None:
    x = np.array([1 + 1j, 2 - 3j], np.complex64)
    y = MultiplyConst(constant=constant)(x)
    np.testing.assert_array_equal(y, x * np.complex64(number))


@pytest.mark.parametrize(
    "constant",
    ["", "two", "1+2i", [1], [1, 2, 3], [], "nan", "inf", [float("inf"), 0], "__import__('os')"],
)
def test_what_is_no_number_is_refused(constant: Any) -> None:
    with pytest.raises(ParameterError, match="'constant' must be a finite number, such as"):
        MultiplyConst(constant=constant)


@pytest.mark.parametrize("dtype", ["int8", "uint64", "float16", "float64", "complex64"])
def test_product_has_the_type_of_the_stream(dtype: str) -> None:
    x = np.ones((3, 2), dtype)
    y = MultiplyConst(constant=3)(x)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, 3 * np.ones((3, 2)))


@pytest.mark.parametrize(
    ("constant", "dtype", "message"),
    [
        ("2j", "float32", "complex constant '2j' needs a complex stream, not float32"),
        (2.5, "int16", "whole constant from -32768 to 32767, not 2.5"),
        (-1, "uint8", "whole constant from 0 to 255, not -1"),
        (300, "uint8", "whole constant from 0 to 255, not 300"),
        (1e39, "float32", "too large for float32"),
        ("1e39j", "complex64", "too large for complex64"),
    ],
)
def test_constant_that_does_not_fit_the_stream(constant: Any, dtype: str, message: str) -> None:
    with pytest.raises(ItemTypeError, match=message):
        MultiplyConst(constant=constant)(np.ones(3, dtype))


def test_live_change_takes_effect_at_an_item_border_and_leaves_a_tag() -> None:
    block = MultiplyConst(constant=2, name="gain")
    x = np.ones(4, np.complex64)
    with Harness(block, {"x": ItemType.of(x)}) as harness:
        harness.push(x)
        harness.change({"constant": [0, 1]})
        harness.push(x)
        harness.end()
        assert harness.outputs()[0].tolist() == [2, 2, 2, 2, 1j, 1j, 1j, 1j]
        assert harness.tags() == [[Tag(4, "gain.constant", [0, 1])]]


def test_refused_live_change_leaves_the_old_constant_in_force() -> None:
    block = MultiplyConst(constant=2)
    x = np.ones(2, np.float32)
    with Harness(block, {"x": ItemType.of(x)}) as harness:
        harness.push(x)
        with pytest.raises(ItemTypeError, match=r"block 'multiply_const'.*needs a complex stream"):
            harness.change({"constant": "1j"})
        harness.push(x)
        harness.end()
        assert harness.outputs()[0].tolist() == [2, 2, 2, 2]
        assert harness.tags() == [[]]
    assert block.constant == 2
