"""What a chain stands: many tags, many blocks, slow sources, tags ahead and late, bad luck."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import (
    Array,
    Block,
    BlockError,
    Input,
    ItemType,
    Output,
    RateBlock,
    Sink,
    Source,
    SyncBlock,
    Tag,
    block,
    parameter,
    state,
)
from semradio.blocks.api.harness import Harness
from semradio.blocks.engine.queue import Queue
from semradio.blocks.sinks.null_sink import NullSink
from semradio.blocks.stream.copy import Copy
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.runtime.failure import RunError


@block("limits_numbers", category="sources")
class Numbers(Source):
    """Items 0, 1, 2, ..., each with a tag if asked for."""

    items: int = parameter(100, doc="Number of items.")
    tagged: bool = parameter(False, doc="Whether each item has a tag.")
    pause: float = parameter(0.0, doc="Seconds that a call takes.")
    wrong_at: int = parameter(-1, doc="Item at which its code is wrong.")
    y = Output("int64", doc="The index.")

    def work(self, n: int, at: int) -> Array:
        if self.pause:
            time.sleep(self.pause)
        n = min(n, self.items - at)
        if at + n == self.items:
            self.finish()
        if at <= self.wrong_at < at + n:
            return self.misspelt  # type: ignore[attr-defined,no-any-return]
        for i in range(at, at + n) if self.tagged else ():
            self.tag("number", i, i)
        return np.arange(at, at + n)


@block("limits_ahead", category="stream")
class Ahead(SyncBlock):
    """Pass items on, and leave a tag some items after each."""

    distance: int = parameter(1, doc="How many items.")
    x = Input("int64", doc="Items.")
    y = Output(like="x", doc="The same.")

    def work(self, x: Array, at: int) -> Array:
        for i in range(at, at + len(x)):
            self.tag("ahead", i, max(0, i + self.distance))
        return x


@block("limits_wrong", category="stream")
class Wrong(SyncBlock):
    """A block whose code is wrong at an item, and whose configure() may fail once it runs."""

    at_item: int = parameter(-1, doc="Which item.")
    level: int = parameter(0, live=True, doc="Anything.")
    x = Input("int64", doc="Items.")
    y = Output(like="x", doc="The same.")

    def configure(self) -> None:
        if self.level == 13:
            raise ZeroDivisionError("thirteen")

    def work(self, x: Array, at: int) -> Array:
        if at <= self.at_item < at + len(x):
            return self.misspelt  # type: ignore[attr-defined,no-any-return]
        return x


@block("limits_late_gap", category="stream")
class LateGap(SyncBlock):
    """Pass items on, and tell of a loss too late."""

    x = Input("int64", doc="Items.")
    y = Output(like="x", doc="The same.")

    def work(self, x: Array, at: int) -> Array:
        if at >= 20:
            self.tag("gap", 2, at - 13)
        return x


@block("limits_triples", category="stream")
class Triples(RateBlock):
    """The sum of three items."""

    x = Input("int64", doc="Items.")
    y = Output("int64", doc="Sums.")

    def rate(self) -> tuple[int, int]:
        return 3, 1

    def work(self, x: Array, at: int) -> Array:
        return x.reshape(-1, 3).sum(axis=1)


@block("limits_one_by_one", category="stream")
class OneByOne(RateBlock):
    """The same items, one at a time."""

    max_batch: int = parameter(1, doc="Items at once.")
    x = Input("int64", doc="Items.")
    y = Output(like="x", doc="The same.")

    def rate(self) -> tuple[int, int]:
        return 1, 1

    def work(self, x: Array, at: int) -> Array:
        return x


@block("limits_listener", category="sinks")
class Listener(Sink):
    """Keep the tags, with the number of items that came before each."""

    x = Input("int64", doc="Items.")
    listens = ("*",)
    items: int = state(0, doc="Items so far.")
    heard: list[Any] = state(factory=list, doc="Tags so far.")

    def on_tag(self, tag: Tag) -> None:
        self.heard.append((self.items, *tag))

    def work(self, x: Array, at: int) -> None:
        self.items += len(x)

    def results(self) -> dict[str, Any]:
        return {"heard": self.heard}


def run(*blocks: Block, chunk: int = 64, **options: Any) -> Any:
    """Run blocks in a row; returns the result."""
    fg = Flowgraph("limits")
    fg.connect(*blocks)
    return fg.run(processes=False, chunk=chunk, **options)


@pytest.mark.parametrize("chunk", [1, 3, 64])
def test_tags_of_one_item_keep_their_order_however_it_is_cut(chunk: int) -> None:
    found = run(Numbers(tagged=True), Ahead(distance=1), Listener(name="sink"), chunk=chunk)
    expected = []
    for i in range(100):
        expected.append((i, i, "number", i))
        if i:
            expected.append((i, i, "ahead", i - 1))
    assert [tuple(tag) for tag in found["sink"]["heard"]] == expected


@pytest.mark.parametrize("chunk", [1, 3, 64])
def test_a_tag_on_an_item_that_has_gone_by_sits_on_the_next(chunk: int) -> None:
    found = run(Numbers(), Ahead(distance=-2), Listener(name="sink"), chunk=chunk)
    heard = found["sink"]["heard"]
    assert all(before == index for before, index, _, _ in heard)
    assert [value for *_, value in heard] == list(range(100))


def test_a_late_gap_does_not_confuse_a_block_with_a_rate() -> None:
    found = run(Numbers(), LateGap(), Triples(), NullSink(name="sink"), chunk=5)
    assert 0 < found["sink"]["items"] <= 34


def test_an_error_in_a_source_is_told_as_it_is() -> None:
    with pytest.raises(RunError, match=r"'numbers' failed .*AttributeError: .*misspelt"):
        run(Numbers(items=10_000, wrong_at=5000, name="numbers"), Copy(), NullSink())


def test_an_error_after_a_sink_is_told_as_it_is() -> None:
    fg = Flowgraph("limits")
    source = fg.add(Numbers(items=10_000), "source")
    fg.connect(source, fg.add(NullSink(), "early"))
    fg.connect(source, fg.add(Wrong(at_item=5000), "wrong"), fg.add(NullSink(), "sink"))
    with pytest.raises(RunError, match=r"'wrong' failed .*AttributeError: .*misspelt"):
        fg.run(processes=False)


def test_a_change_over_which_a_block_fails_names_the_block() -> None:
    with Harness(Wrong(), {"x": ItemType.of(np.zeros(1, np.int64))}) as harness:
        harness.push(np.arange(3))
        with pytest.raises(BlockError, match="block 'limits_wrong', item 3: ZeroDivisionError"):
            harness.change({"level": 13})


def test_a_chain_may_be_longer_than_the_stack_is_deep() -> None:
    count = sys.getrecursionlimit() + 100
    copies = [Copy(name=f"copy_{k}") for k in range(count)]
    found = run(Numbers(items=3), *copies, NullSink(name="sink"))
    assert found["sink"]["items"] == 3


def test_many_tags_in_one_chunk_are_heard_in_linear_time() -> None:
    count = 16_384
    began = time.process_time()
    found = run(Numbers(items=count, tagged=True), Listener(name="sink"), chunk=count)
    assert len(found["sink"]["heard"]) == count
    # It took 50 s when each piece of the chunk looked at all tags.
    assert time.process_time() - began < 10


def test_many_tagged_chunks_that_wait_are_taken_in_linear_time() -> None:
    count = 20_000
    with Harness(OneByOne(), {"x": ItemType.of(np.zeros(1, np.int64))}) as harness:
        queue = harness.queues["x"]
        for i in range(count):
            queue.put(np.array([i]), [Tag(i, "number", i)])
        began = time.process_time()
        harness.run()
        # It took more than 30 s when each step looked through all tags for a loss.
        assert time.process_time() - began < 10
        assert len(harness.tags()[0]) == count


def test_a_slow_source_does_not_keep_the_run_from_its_end() -> None:
    found = run(Numbers(items=1 << 40, pause=0.03), NullSink(name="sink"), max_seconds=0.2)
    # A burst of 64 passes, eight times, took 14 s.
    assert 0 < found["sink"]["items"] < 32 * 64


def test_a_queue_knows_its_losses() -> None:
    queue = Queue(ItemType.of(np.zeros(1, np.int64)))
    tags = [Tag(0, "other", 1), Tag(1, "gap", 5), Tag(1, "other", 2), Tag(2, "gap", 6)]
    queue.put(np.arange(3), tags)
    assert queue.gap() == tags[1]
    assert queue.tags_before(2) == tags[:3]
    assert queue.gap() == tags[3]
    queue.forget_gap()
    assert queue.gap() is None
    assert not queue.tags
