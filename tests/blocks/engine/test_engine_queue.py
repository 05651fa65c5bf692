"""Queues: lossless by default; lossy ones count every loss and mark the gap."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semradio.blocks.api import ItemType, Tag
from semradio.blocks.api.tag import GAP
from semradio.blocks.engine.queue import Queue

BYTES = ItemType("int64")


def items(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


def test_takes_across_chunks() -> None:
    queue = Queue(BYTES)
    queue.put(items(0, 1, 2))
    queue.put(items())
    queue.put(items(3))
    assert queue.take(2).tolist() == [0, 1]
    assert queue.take(2).tolist() == [2, 3]
    assert (queue.items, queue.at, queue.messages) == (0, 4, 2)


def test_tags_come_with_their_items() -> None:
    queue = Queue(BYTES)
    queue.put(items(0, 1), [Tag(1, "a", None)])
    queue.put(items(2), [Tag(2, "b", None)])
    assert queue.tags_before(1) == []
    assert queue.tags_before(2) == [Tag(1, "a", None)]
    assert queue.tags_before(9) == [Tag(2, "b", None)]


def test_close_tells_the_sender() -> None:
    queue, told = Queue(BYTES), []
    queue.on_close = lambda: told.append(True)
    queue.put(items(1), [Tag(0, "a", None)])
    queue.close()
    assert told == [True]
    assert (queue.items, len(queue.chunks), len(queue.tags), queue.ended) == (0, 0, 0, True)


def test_drop_newest_marks_the_item_after_the_gap() -> None:
    queue = Queue(BYTES, 3, "drop_newest")
    queue.put(items(0, 1))
    queue.put(items(2, 3, 4), [Tag(2, "kept", 1), Tag(3, "state", 1)])
    queue.put(items(5))
    assert queue.take(3).tolist() == [0, 1, 2]
    assert queue.tags_before(3) == [Tag(2, "kept", 1)]
    queue.put(items(6, 7), [Tag(7, "seven", 1)])
    assert queue.take(2).tolist() == [6, 7]
    assert queue.tags_before(9) == [Tag(3, GAP, 3), Tag(3, "state", 1), Tag(4, "seven", 1)]
    assert queue.dropped == 3


def test_drop_oldest_marks_the_item_after_the_gap() -> None:
    queue = Queue(BYTES, 3, "drop_oldest")
    queue.put(items(0, 1), [Tag(0, "state", 1), Tag(1, "one", 1)])
    queue.put(items(2, 3), [Tag(3, "three", 1)])
    assert queue.take(1).tolist() == [1]
    assert queue.tags_before(1) == [Tag(0, GAP, 1), Tag(0, "state", 1), Tag(0, "one", 1)]
    queue.put(items(4, 5, 6), [Tag(6, "six", 1)])
    assert queue.take(3).tolist() == [4, 5, 6]
    assert list(queue.tags) == [Tag(1, GAP, 2), Tag(1, "three", 1), Tag(3, "six", 1)]
    assert queue.dropped == 3


def test_gap_that_is_dropped_itself_counts_into_the_next() -> None:
    queue = Queue(BYTES, 1, "drop_oldest")
    for k in range(5):
        queue.put(items(k))
    assert queue.take(1).tolist() == [4]
    assert list(queue.tags) == [Tag(0, GAP, 4)]


def test_gap_of_another_edge_becomes_part_of_the_own() -> None:
    queue = Queue(BYTES, 2, "drop_newest")
    queue.put(items(0, 1, 2, 3))
    queue.take(2)
    queue.put(items(6), [Tag(4, GAP, 2), Tag(4, GAP, "mine"), Tag(4, "six", 1)])
    assert list(queue.tags) == [Tag(2, GAP, 4), Tag(2, GAP, "mine"), Tag(2, "six", 1)]


@given(
    policy=st.sampled_from(["drop_newest", "drop_oldest"]),
    limit=st.integers(1, 12),
    steps=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30),
    cut_first=st.booleans(),
)
def test_what_is_lost_can_be_told_from_the_tags(
    policy: Literal["drop_newest", "drop_oldest"],
    limit: int,
    steps: list[tuple[int, int]],
    cut_first: bool,
) -> None:
    """Each item carries its number and a tag with it: gaps then restore every number.

    The tag of a lost item stands on the next one that was kept: none is lost before the last item.
    """
    queue = Queue(BYTES, limit, policy)
    sent = 0
    got: list[int] = []
    tags: list[Tag] = []
    for put, take in steps:
        numbers = range(sent, sent + put)
        queue.put(items(*numbers), [Tag(i, "number", i) for i in numbers])
        sent += put
        assert queue.items <= limit
        count = min(take, queue.items)
        if count:
            got += queue.take(count).tolist()
            tags += queue.tags_before(queue.at)
    left = queue.items
    if left:
        got += queue.take(left).tolist()
        tags += queue.tags_before(queue.at)
    assert len(got) + queue.dropped == sent
    numbered = {tag.value: tag.index for tag in tags if tag.key == "number"}
    assert list(numbered) == list(range(got[-1] + 1 if got else 0))
    for value, index in numbered.items():
        assert got[index] == min(kept for kept in got if kept >= value)
    gaps = {tag.index: tag.value for tag in tags if tag.key == GAP}
    assert len(gaps) == sum(tag.key == GAP for tag in tags)
    restored, number = [], 0
    for index in range(len(got)):
        number += gaps.get(index, 0)
        restored.append(number)
        number += 1
    assert restored == got
    if policy == "drop_newest":
        assert sum(gaps.values()) + queue.missing == queue.dropped


@pytest.mark.parametrize("policy", ["drop_newest", "drop_oldest"])
def test_users_tag_of_that_name_does_no_harm(policy: Literal["drop_newest", "drop_oldest"]) -> None:
    queue = Queue(BYTES, 1, policy)
    queue.put(items(0, 1, 2), [Tag(0, GAP, "mine"), Tag(2, GAP, None)])
    assert queue.dropped == 2
