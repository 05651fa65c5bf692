"""Streams that are cut at a grid, so that a repeated run cuts them at the same items."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semradio.blocks.api import Array, Input, ItemType, Output, SyncBlock, Tag, state
from semradio.blocks.engine.queue import Queue
from semradio.blocks.engine.queue_intake import JOINED
from semradio.blocks.engine.weaving import Weave, Wire

INT = ItemType("int64")
GRID = 8


class Cut(SyncBlock):
    """Notes how it was cut, and says whether that shows."""

    cut_shows: ClassVar[bool] = True
    joins_at: ClassVar[int] = 0
    """Items that give in one what they give in pieces, at most; 0: none do."""
    x = Input("int64")
    y = Output(like="x")
    sizes: list[int] = state(factory=list, doc="Items of each call.")
    asked: int = state(0, doc="How often it was asked.")

    def same_in_one(self, grid: int, most: int) -> bool:
        self.asked += 1
        return grid * most <= self.joins_at

    def work(self, x: Array, at: int) -> Array:
        self.sizes.append(len(x))
        return x


class Joining(Cut):
    joins_at = GRID * JOINED


class Hearing(Joining):
    """Hears a tag, as a block does that may be cut by one."""

    listens = ("here",)


class Leaving(SyncBlock):
    """Leaves a tag on each multiple of 13."""

    x = Input("int64")
    y = Output(like="x")

    def work(self, x: Array, at: int) -> Array:
        for k in range(-at % 13, len(x), 13):
            self.tag("here", None, at + k)
        return x


def woven(*blocks: SyncBlock) -> tuple[Weave, Queue]:
    """Blocks in a row behind a queue, at the grid."""
    queue, names = Queue(INT), [f"b{k}" for k in range(len(blocks))]
    for block, name in zip(blocks, names, strict=True):
        block.name = name
        block.resolve({"x": INT})
    wires = [Wire(a, "y", b, "x") for a, b in pairwise(names)]
    ends = {(names[-1], "y"): [Queue(INT)]}
    named = dict(zip(names, blocks, strict=True))
    return Weave(named, wires, {("b0", "x"): queue}, ends, grid=GRID), queue


def settle(weave: Weave) -> None:
    while any(chain.step() for chain in weave.chains):
        pass


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), max_size=20), st.booleans())
def test_all_cuts_are_at_the_grid_however_the_items_come(
    chunks: list[tuple[int, bool]], joins: bool
) -> None:
    block = Joining() if joins else Cut()
    weave, queue = woven(block)
    sent = 0
    for size, rest in chunks:
        queue.put(np.arange(sent, sent + size))
        sent += size
        if rest:
            settle(weave)
    settle(weave)
    assert sum(block.sizes) == sent - sent % GRID
    assert all(size % GRID == 0 and size <= JOINED * GRID for size in block.sizes)
    assert joins or set(block.sizes) <= {GRID}
    queue.end()
    settle(weave)
    assert sum(block.sizes) == sent
    # The rest at the end is a call of its own, also where it could have been joined to others.
    borders = set(accumulate(block.sizes))
    assert not sent or sent - sent % GRID in {0} | borders
    assert block.asked <= 1


def test_steps_are_joined_where_several_wait() -> None:
    block = Joining()
    weave, queue = woven(block)
    queue.put(np.arange(9 * GRID + 3))
    settle(weave)
    assert block.sizes == [4 * GRID, 4 * GRID, GRID]


def test_all_blocks_of_a_chain_whose_cut_shows_must_agree() -> None:
    first, second = Joining(), Cut()
    weave, queue = woven(first, second)
    queue.put(np.arange(9 * GRID))
    settle(weave)
    assert first.sizes == second.sizes == [GRID] * 9


def test_a_tag_that_waits_keeps_the_steps_apart() -> None:
    block = Hearing()
    weave, queue = woven(block)
    queue.put(np.arange(5 * GRID), [Tag(2 * GRID + 3, "here", None)])
    settle(weave)
    # Where the tag cuts is the same whatever else waited.
    assert block.sizes[:4] == [GRID, GRID, 3, GRID - 3]
    assert sum(block.sizes) == 5 * GRID


def test_a_tag_out_of_the_middle_of_a_chain_finds_the_steps_apart() -> None:
    block = Hearing()
    weave, queue = woven(Leaving(), block)
    queue.put(np.arange(6 * GRID))
    settle(weave)
    borders = list(accumulate(block.sizes))
    assert borders == sorted({*range(GRID, 6 * GRID + 1, GRID), *range(13, 6 * GRID, 13)})


@pytest.mark.parametrize("grid", [3, 8])
def test_a_batch_that_is_smaller_than_the_grid_is_the_grid(grid: int) -> None:
    block = Joining()
    block.max_batch = grid  # type: ignore[attr-defined]
    weave, queue = woven(block)
    queue.put(np.arange(25))
    settle(weave)
    assert set(block.sizes) == {grid}
