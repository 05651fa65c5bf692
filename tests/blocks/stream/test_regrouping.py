"""keep_one_in_n, stream_to_vector, vector_to_stream, delay: items counted and regrouped."""

from __future__ import annotations

import numpy as np
import pytest

from semradio.blocks.api import ItemType, ItemTypeError, ParameterError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.stream.delay import Delay
from semradio.blocks.stream.keep_one_in_n import KeepOneInN
from semradio.blocks.stream.stream_to_vector import StreamToVector
from semradio.blocks.stream.vector_to_stream import VectorToStream


def test_keep_one_in_n_holds_on_to_nothing_else() -> None:
    x = np.zeros(1000, np.int8)
    y = KeepOneInN(n=10)(x)
    assert y.base is None or y.base.nbytes == y.nbytes


def test_offset_of_keep_one_in_n_lies_inside_the_step() -> None:
    with pytest.raises(ParameterError, match="'offset' must be less than n = 4, not 4"):
        KeepOneInN(n=4, offset=4)


@pytest.mark.parametrize(("offset", "last"), [(0, [8]), (1, [9]), (2, []), (3, [])])
def test_keep_one_in_n_at_the_end(offset: int, last: list[int]) -> None:
    y = KeepOneInN(n=4, offset=offset)(np.arange(10))
    assert y.tolist() == [offset, 4 + offset, *last]


def test_tags_go_to_the_item_kept() -> None:
    with Harness(KeepOneInN(n=4), {"x": ItemType("int8")}) as harness:
        tags = [Tag(0, "a", 0), Tag(3, "b", 0), Tag(4, "c", 0)]
        harness.push(np.zeros(8, np.int8), tags=tags)
        assert harness.tags() == [[Tag(0, "a", 0), Tag(0, "b", 0), Tag(1, "c", 0)]]


def test_items_that_fill_no_vector_are_noted() -> None:
    block = StreamToVector(length=4)
    assert block(np.arange(6)).tolist() == [[0, 1, 2, 3]]
    assert block.notes == ["the last 2 items do not fill a step of 4 and were left out"]


def test_vectors_there_and_back() -> None:
    x = np.arange(24.0).reshape(6, 4)
    joined = StreamToVector(length=3)(x)
    assert joined.shape == (2, 3, 4)
    np.testing.assert_array_equal(VectorToStream()(joined), x)


def test_single_values_cannot_be_taken_apart() -> None:
    with pytest.raises(ItemTypeError, match=r"takes vectors, such as float32\[23\], not float32"):
        VectorToStream()(np.zeros(3, np.float32))


def test_delay_of_an_empty_stream() -> None:
    assert Delay(items=3)(np.zeros(0, np.int8)).tolist() == [0, 0, 0]


def test_rate_blocks_cannot_be_disabled() -> None:
    with pytest.raises(ItemTypeError, match="cannot be disabled"):
        StreamToVector(length=2, enabled=False)(np.zeros(4))
    with pytest.raises(ItemTypeError, match="cannot be disabled"):
        Delay(items=2, enabled=False)(np.zeros(4))
