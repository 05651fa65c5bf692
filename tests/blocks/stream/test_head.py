"""head and skip_head."""

from __future__ import annotations

import numpy as np
import pytest

from semradio.blocks.api import ItemType, ParameterError
from semradio.blocks.api.harness import Harness
from semradio.blocks.stream.head import Head
from semradio.blocks.stream.skip_head import SkipHead

BYTES = {"x": ItemType("uint8")}


def test_head_is_finished_as_soon_as_it_has_its_items() -> None:
    with Harness(Head(items=3), BYTES) as harness:
        harness.push(np.zeros(2, np.uint8))
        assert not harness.finished
        harness.push(np.zeros(1, np.uint8))
        assert harness.finished


def test_head_of_nothing_is_finished_before_an_item_comes() -> None:
    with Harness(Head(items=0), BYTES) as harness:
        harness.run()
        assert harness.finished


@pytest.mark.parametrize("block", [Head, SkipHead])
def test_items_must_not_be_negative(block: type[Head]) -> None:
    with pytest.raises(ParameterError, match="'items' must be at least 0 items, not -1"):
        block(items=-1)
    with pytest.raises(ParameterError, match="'items' is required"):
        block()
    with pytest.raises(ParameterError, match=r"'items' must be int, not 2.5"):
        block(items=2.5)


def test_head_and_skip_head_make_the_whole() -> None:
    x = np.arange(10)
    joined = np.concatenate([Head(items=4)(x), SkipHead(items=4)(x)])
    assert joined.tolist() == x.tolist()
