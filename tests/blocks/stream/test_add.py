"""add."""

from __future__ import annotations

import numpy as np
import pytest

from semradio.blocks.api import ItemType, ItemTypeError, ParameterError
from semradio.blocks.api.harness import Harness
from semradio.blocks.stream.add import Add


def test_does_not_write_into_its_first_input() -> None:
    x = np.ones(4, np.float32)
    Add(num_inputs=3)(x, x, x)
    assert x.tolist() == [1, 1, 1, 1]


def test_integers_wrap_around_as_in_numpy() -> None:
    x = np.array([200], np.uint8)
    assert Add()(x, x).tolist() == [144]


def test_inputs_of_different_types_are_refused() -> None:
    with pytest.raises(ItemTypeError, match=r"input 'x\[1\]' .* must have the type of input"):
        Add()(np.zeros(3, np.float32), np.zeros(3, np.float64))


def test_missing_input_is_named() -> None:
    with pytest.raises(ItemTypeError, match=r"input 'x\[1\]' of block 'add' is missing"):
        Add()(np.zeros(3, np.float32))


def test_number_of_inputs_has_limits() -> None:
    with pytest.raises(ParameterError, match="'num_inputs' must be 1 to 1024, not 0"):
        Add(num_inputs=0)


def test_notes_what_the_longer_input_had_left() -> None:
    block = Add()
    with Harness(block, {"x[0]": ItemType("int8"), "x[1]": ItemType("int8")}) as harness:
        harness.push(np.zeros(5, np.int8), np.zeros(3, np.int8))
        harness.end()
        assert block.notes == ["input 'x[0]' had 2 items more than another input"]
