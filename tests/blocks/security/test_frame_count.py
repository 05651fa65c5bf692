"""Numbers of frames after losses, told and untold."""

from __future__ import annotations

from typing import Literal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from semradio.blocks.api import ItemType, Tag
from semradio.blocks.api.tag import GAP
from semradio.blocks.engine.queue import Policy, Queue
from semradio.blocks.security.frame_count import FRAME, FrameCount

LOSSY: list[Policy] = ["drop_newest", "drop_oldest"]


def hear(count: FrameCount, tags: list[Tag], exact: bool = False) -> None:
    for tag in tags:
        if tag.key == GAP:
            count.lose(tag.index, tag.value)
        elif exact:
            count.state(tag.index, tag.value)
        else:
            count.announce(tag.index, tag.value)


def test_without_tags_it_counts() -> None:
    assert FrameCount(0).number(7) == 7
    assert FrameCount(100).number(7) == 107


def test_the_first_number_and_a_gap_before_it() -> None:
    count = FrameCount(0)
    hear(count, [Tag(0, GAP, 5), Tag(0, FRAME, 1000), Tag(0, FRAME, 1004)])
    assert count.number(0) == 1005
    assert (count.lost, count.resynchronised) == (5, 0)


def test_gaps_on_one_item_add_up() -> None:
    count = FrameCount(0)
    hear(count, [Tag(0, GAP, 5), Tag(0, GAP, 2), Tag(0, FRAME, 1000)])
    assert (count.number(0), count.lost) == (1007, 7)


def test_a_number_that_moved_does_not_set_the_count_back() -> None:
    count = FrameCount(0)
    hear(count, [Tag(0, FRAME, 0), Tag(10, GAP, 20), Tag(10, FRAME, 16)])
    assert count.number(10) == 30
    assert (count.lost, count.resynchronised, count.doubtful) == (20, 0, 0)


def test_a_loss_without_notice_shows_at_the_next_number() -> None:
    count = FrameCount(0)
    hear(count, [Tag(0, FRAME, 0), Tag(64, FRAME, 64)])
    # Three frames are lost on the way to the next number.
    hear(count, [Tag(125, FRAME, 128)])
    assert count.number(125) == 128
    assert (count.lost, count.resynchronised, count.doubtful) == (3, 1, 61)


def test_numbers_do_not_fall_under_one_key() -> None:
    count = FrameCount(0)
    hear(count, [Tag(0, FRAME, 1000), Tag(10, FRAME, 5)])
    assert count.number(10) == 1010
    count.renew()
    hear(count, [Tag(11, FRAME, 5)])
    assert (count.number(11), count.lost, count.doubtful) == (5, 0, 0)


def test_a_count_that_was_guessed_is_put_right() -> None:
    """A receiver that came late cannot know where in a gap a number stood."""
    count = FrameCount(0)
    hear(count, [Tag(0, GAP, 50), Tag(0, FRAME, 640)])
    assert count.number(0) == 690
    hear(count, [Tag(20, FRAME, 704)])
    assert count.number(20) == 704


def test_a_receivers_number_may_fall() -> None:
    """A sender has begun anew: its receiver states the number, and no gap is told."""
    count = FrameCount(0)
    hear(count, [Tag(0, FRAME, 1000), Tag(10, FRAME, 0)], exact=True)
    assert (count.number(10), count.lost, count.resynchronised) == (0, 0, 1)


def test_a_receivers_number_behind_a_gap_it_tells_itself() -> None:
    count = FrameCount(0)
    hear(count, [Tag(0, GAP, 512), Tag(0, FRAME, 512)], exact=True)
    assert count.number(0) == 512
    hear(count, [Tag(256, GAP, 256), Tag(256, FRAME, 1024)], exact=True)
    assert (count.number(256), count.lost, count.resynchronised) == (1024, 768, 0)


@settings(deadline=None)
@given(
    policies=st.lists(st.sampled_from([*LOSSY, "block"]), min_size=1, max_size=3),
    limits=st.lists(st.integers(1, 12), min_size=3, max_size=3),
    steps=st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), max_size=30),
    announce=st.integers(1, 20),
    first=st.integers(0, 1000),
    exact=st.booleans(),
)
def test_behind_lossy_edges_every_number_is_right(
    policies: list[Literal["block", "drop_oldest", "drop_newest"]],
    limits: list[int],
    steps: list[list[int]],
    announce: int,
    first: int,
    exact: bool,
) -> None:
    """Items carry their numbers, and go through one to three edges, most of them lossy."""
    edges = [
        Queue(ItemType("int64"), limit, policy)
        for policy, limit in zip(policies, limits, strict=False)
    ]
    count, sent, got = FrameCount(first if exact else 0), 0, 0
    steps = [*steps, *[[0, 99, 99, 99]] * len(edges)]
    for put, *takes in steps:
        numbers = np.arange(sent, sent + put) + first
        tags = [Tag(i, FRAME, i + first) for i in range(sent, sent + put) if i % announce == 0]
        edges[0].put(numbers, tags)
        sent += put
        for k, edge in enumerate(edges):
            chunk = edge.take(n) if (n := min(takes[k], edge.items)) else numbers[:0]
            tags = edge.tags_before(edge.at)
            if k + 1 < len(edges):
                if len(chunk):
                    edges[k + 1].put(chunk, tags)
                continue
            for number in chunk.tolist():
                hear(count, [tag for tag in tags if tag.index == got], exact)
                assert count.number(got) == number
                got += 1
    assert count.resynchronised == count.doubtful == 0
