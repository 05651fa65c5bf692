"""After a loss that is known, everything is at its place again, and every item is accounted for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from semradio.blocks.api import Array, Input, ItemType, Output, Sink, SyncBlock, Tag, state
from semradio.blocks.api.harness import Harness
from semradio.blocks.stream.keep_one_in_n import KeepOneInN
from semradio.blocks.stream.stream_to_vector import StreamToVector
from semradio.blocks.stream.vector_to_stream import VectorToStream

INT = ItemType("int64")

Losses = list[tuple[int, int]]
"""(index of the first lost item, how many), in order and apart."""


@st.composite
def losses(draw: st.DrawFn, items: int) -> Losses:
    found: Losses = []
    at = 0
    for _ in range(draw(st.integers(0, 4))):
        first = at + draw(st.integers(0 if not found else 1, 12))
        count = draw(st.integers(1, 14))
        if first + count >= items:
            break
        found.append((first, count))
        at = first + count
    return found


def lossy(x: Array, gone: Losses) -> tuple[Array, list[Tag]]:
    """What is left of a stream, and the tags that tell of it."""
    keep = np.ones(len(x), bool)
    tags, before = [], 0
    for first, count in gone:
        keep[first : first + count] = False
        tags.append(Tag(first - before, "gap", count))
        before += count
    return x[keep], tags


def origins(n: int, tags: list[Tag]) -> list[int]:
    """The place that each of ``n`` items had before the losses that the tags tell of."""
    shift, places = 0, []
    gaps = {tag.index: tag.value for tag in tags if tag.key == "gap"}
    for k in range(n):
        shift += gaps.get(k, 0)
        places.append(k + shift)
    return places


def put_through(block: SyncBlock, x: Array, tags: list[Tag], cut: int) -> tuple[Array, list[Tag]]:
    with Harness(block, {"x": ItemType.of(x)}) as harness:
        for start in range(0, len(x), cut):
            now = [tag for tag in tags if start <= tag.index < start + cut]
            harness.push(x[start : start + cut], tags=now)
        harness.end()
        return harness.outputs()[0], harness.tags()[0]


@given(gone=losses(60), length=st.integers(1, 7), cut=st.sampled_from([1, 4, 60]))
def test_vectors_after_a_loss_are_whole_and_where_they_belong(
    gone: Losses, length: int, cut: int
) -> None:
    whole = np.arange(60 // length * length).reshape(-1, length)
    x, tags = lossy(np.arange(60), gone)
    y, told = put_through(StreamToVector(length=length), x, tags, cut)
    places = origins(len(y), told)
    np.testing.assert_array_equal(y, whole[places])
    # Nothing is left out that was not broken.
    broken = {k // length for first, count in gone for k in range(first, first + count)}
    assert set(range(len(whole))) - broken == set(places)


@given(gone=losses(60), length=st.integers(1, 7), cut=st.sampled_from([1, 4, 60]))
@example(gone=[(0, 1), (10, 14), (36, 9), (48, 10)], length=6, cut=60)
def test_broken_vectors_may_be_completed(gone: Losses, length: int, cut: int) -> None:
    full = np.arange(1, 61)
    for first, count in gone:
        full[first : first + count] = 0
    whole = full[: 60 // length * length].reshape(-1, length)
    x, tags = lossy(np.arange(1, 61), gone)
    y, told = put_through(StreamToVector(length=length, broken="zeros"), x, tags, cut)
    places = origins(len(y), told)
    np.testing.assert_array_equal(y, whole[places])
    filled = {tag.index + k for tag in told if tag.key == "filled" for k in range(tag.value)}
    assert filled == {k for k, v in enumerate(y) if not v.all()}
    assert {k for k, v in enumerate(whole) if v.any()} == set(places)


@given(gone=losses(30), cut=st.sampled_from([1, 4, 30]))
def test_a_loss_of_vectors_is_told_in_samples(gone: Losses, cut: int) -> None:
    frames = np.arange(90).reshape(30, 3)
    x, tags = lossy(frames, gone)
    y, told = put_through(VectorToStream(), x, tags, cut)
    assert origins(len(y), told) == y.tolist()


@given(gone=losses(60), cut=st.sampled_from([1, 4, 60]))
def test_every_third_item_stays_every_third(gone: Losses, cut: int) -> None:
    x, tags = lossy(np.arange(60), gone)
    y, told = put_through(KeepOneInN(n=3), x, tags, cut)
    assert all(value % 3 == y[0] % 3 for value in y)
    first = int(y[0]) % 3 if len(y) else 0
    assert [3 * place + first for place in origins(len(y), told)] == y.tolist()


def test_tags_of_what_is_left_out_stay() -> None:
    tags = [Tag(2, "first", 1), Tag(4, "gap", 5), Tag(4, "second", 2), Tag(5, "third", 3)]
    y, told = put_through(StreamToVector(length=3), np.arange(10), tags, 10)
    # Items 3 and 9 to 11 of the sender's: of the vectors 3-5, 6-8 and 9-11 only the last is whole.
    np.testing.assert_array_equal(y, [[0, 1, 2], [4, 5, 6], [7, 8, 9]])
    assert told == [
        Tag(0, "first", 1),
        Tag(1, "gap", 2),
        Tag(1, "second", 2),
        Tag(1, "third", 3),
    ]


class Compare(Sink):
    """Keeps pairs of what belongs together."""

    aligns = True
    listens = ("gap",)
    a = Input("int64")
    b = Input("int64")
    pairs: list[tuple[int, int]] = state(factory=list, doc="So far.")
    missing: int = state(0, doc="Items said to be lost.")

    def on_tag(self, tag: Tag) -> None:
        self.missing += tag.value

    def work(self, a: Array, b: Array, at: int) -> None:
        assert at == len(self.pairs)
        self.pairs += zip(a.tolist(), b.tolist(), strict=True)


class Pair(SyncBlock):
    """Does not compare: takes items as they come."""

    a = Input("int64")
    b = Input("int64")
    y = Output(like="a")

    def work(self, a: Array, b: Array, at: int) -> Array:
        return a + 100 * b


@given(
    gone=st.tuples(losses(40), losses(40)),
    cuts=st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
def test_what_compares_leaves_out_what_one_side_lacks(
    gone: tuple[Losses, Losses], cuts: tuple[int, int]
) -> None:
    block = Compare()
    sides = [lossy(np.arange(40), side) for side in gone]
    with Harness(block, {"a": INT, "b": INT}) as harness:
        queues = list(harness.queues.values())
        for start in range(40):
            for queue, (x, tags), cut in zip(queues, sides, cuts, strict=True):
                if start % cut == 0:
                    now = [tag for tag in tags if start <= tag.index < start + cut]
                    queue.put(x[start : start + cut], now)
            harness.run()
        harness.end()
    both = set(sides[0][0].tolist()) & set(sides[1][0].tolist())
    assert block.pairs == [(k, k) for k in sorted(both)]


def test_the_same_loss_on_both_sides_leaves_nothing_out() -> None:
    block = Compare()
    x, tags = lossy(np.arange(40), [(7, 3), (20, 10)])
    with Harness(block, {"a": INT, "b": INT}) as harness:
        for queue in harness.queues.values():
            queue.put(x, tags)
        harness.end()
    assert block.pairs == [(k, k) for k in x.tolist()]
    assert block.missing == 13


def test_others_take_items_as_they_come() -> None:
    x, tags = lossy(np.arange(10), [(2, 3)])
    with Harness(Pair(), {"a": INT, "b": INT}) as harness:
        harness.queues["a"].put(x, tags)
        harness.queues["b"].put(np.arange(10))
        harness.end()
        assert harness.outputs()[0].tolist() == [
            a + 100 * b for a, b in zip(x, range(7), strict=True)
        ]


@pytest.mark.parametrize("value", ["three", 1.5, True, -4, None])
def test_a_users_own_gap_tag_changes_nothing(value: object) -> None:
    tags = [Tag(4, "gap", value)]
    y, told = put_through(StreamToVector(length=3), np.arange(9), tags, 9)
    np.testing.assert_array_equal(y, np.arange(9).reshape(3, 3))
    assert told == [Tag(1, "gap", value)]
