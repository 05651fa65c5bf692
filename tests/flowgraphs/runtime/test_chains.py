"""Plain passes give what careful ones give: items, tags, counts and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semradio.blocks.api import (
    Array,
    BlockError,
    Input,
    Output,
    Sink,
    Source,
    StreamBlock,
    SyncBlock,
    Tag,
    block,
    parameter,
    state,
)
from semradio.blocks.engine.chain import Chain
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.runtime.change import Outcome
from semradio.flowgraphs.runtime.share import Share


@block("test_counter", category="sources")
class Counter(Source):
    """Items 0, 1, 2, ... with a tag on every item that ``tag_every`` divides."""

    items: int = parameter(100, doc="Number of items.")
    tag_every: int = parameter(0, doc="Distance of the tags; 0: none.")
    y = Output("float32", doc="The index.")
    z = Output("int64[2]", doc="The index twice.")

    def work(self, n: int, at: int) -> tuple[Array, Array]:
        n = min(n, self.items - at)
        if at + n == self.items:
            self.finish()
        index = np.arange(at, at + n)
        if self.tag_every:
            for i in index[index % self.tag_every == 0]:
                self.tag("mark", int(i), int(i))
        return index.astype(np.float32), np.stack([index, index], axis=1)


@block("test_marker", category="stream")
class Marker(SyncBlock):
    """Pass items on, and tag each whose value is a multiple of ``every``."""

    every: int = parameter(7, doc="Which items to tag.")
    x = Input("float32", doc="Items.")
    y = Output(like="x", doc="The same.")

    def work(self, x: Array, at: int) -> Array:
        for i in np.flatnonzero(x % self.every == 0):
            self.tag("seen", float(x[i]), at + int(i))
        return x + np.float32(0.5)


@block("test_split", category="stream")
class Split(SyncBlock):
    """Two outputs from two inputs."""

    a = Input("float32", doc="One.")
    b = Input("float32", doc="Other.")
    total = Output("float32", doc="Sum.")
    product = Output("float32", doc="Product.")

    def work(self, a: Array, b: Array, at: int) -> tuple[Array, Array]:
        return a + b, a * b


@block("test_gain", category="stream")
class Gain(SyncBlock):
    """A factor that may change while running; 13 times an item fails when asked to."""

    gain: float = parameter(2.0, live=True, doc="Factor.")
    fail_at: int = parameter(-1, doc="Index of the item that fails; -1: none.")
    wrong_at: int = parameter(-1, doc="Index from which the result is wrong; -1: none.")
    x = Input("float32", doc="Items.")
    y = Output(like="x", doc="Product.")

    def work(self, x: Array, at: int) -> Array:
        if at <= self.fail_at < at + len(x):
            raise ZeroDivisionError("thirteen")
        if at <= self.wrong_at < at + len(x):
            return x[:-1]
        return x * np.float32(self.gain)


@block("test_recorder", category="sinks")
class Recorder(Sink):
    """Keep items and tags; end after ``limit`` items."""

    listens = ("*",)
    limit: int = parameter(1 << 60, doc="Items after which it ends.")
    x = Input("any[...]", doc="Items.")
    chunks: list[Any] = state(factory=list, doc="Items so far.")
    heard: list[Tag] = state(factory=list, doc="Tags so far.")
    count: int = state(0, doc="Number of items.")

    def on_tag(self, tag: Tag) -> None:
        self.heard.append(tag)

    def work(self, x: Array, at: int) -> None:
        self.chunks.append(x.copy())
        self.count += len(x)
        if self.count >= self.limit:
            self.finish()

    def results(self) -> dict[str, Any]:
        kept = np.concatenate(self.chunks).tolist() if self.chunks else []
        return {"items": kept[: self.limit], "tags": [t for t in self.heard if t[0] < self.limit]}


def diamond(items: int, tag_every: int, mark_every: int, limit: int = 1 << 60) -> Flowgraph:
    """A source whose outputs fork and join again, with sinks of every kind."""
    fg = Flowgraph("diamond")
    source = fg.add(Counter(items=items, tag_every=tag_every), "source")
    left, right = fg.add(Gain(gain=3.0), "left"), fg.add(Marker(every=mark_every), "right")
    split = fg.add(Split(), "split")
    after = fg.add(Gain(), "after")
    fg.connect(source, left, split)
    fg.connect(source, right, split.port("b"))
    fg.connect(split, after, fg.add(Recorder(), "total"))
    fg.connect(split.port("product"), fg.add(Recorder(limit=limit), "product"))
    fg.connect(source.port("z"), fg.add(Recorder(), "pairs"))
    fg.connect(right, fg.add(Recorder(), "marked"))
    return fg


def carefully(share: Share) -> None:
    """Let every pass look at everything."""
    for chain in share.weave.chains:
        chain.__class__ = Careful


class Careful(Chain):
    """A chain without plain passes."""

    @property
    def careful(self) -> bool:
        return True


def as_it_is(share: Share) -> None:
    """Leave the chains alone."""


def run_with(prepare: Callable[[Share], None], fg: Flowgraph, chunk: int) -> Any:
    """Run a flowgraph; returns report and results."""
    share = Share(fg.check(), None, chunk)
    prepare(share)
    share.start()
    share.run()
    assert all(chain.finished for chain in share.weave.chains)
    report = share.report()
    for counts in report["blocks"].values():
        counts.pop("busy_s")
    return report


@settings(max_examples=60, deadline=None)
@given(
    items=st.integers(1, 300),
    chunk=st.sampled_from([1, 2, 7, 64, 1000]),
    tag_every=st.sampled_from([0, 0, 5, 50]),
    mark_every=st.sampled_from([3, 40, 1000]),
)
def test_plain_equals_careful(items: int, chunk: int, tag_every: int, mark_every: int) -> None:
    one = run_with(carefully, diamond(items, tag_every, mark_every), chunk)
    other = run_with(as_it_is, diamond(items, tag_every, mark_every), chunk)
    for key in ("results", "blocks", "notes"):
        assert one[key] == other[key]
    for label, counts in one["edges"].items():
        for key in ("items", "dropped", "bytes"):
            assert counts[key] == other["edges"][label][key], label


@pytest.mark.parametrize("chunk", [1, 16])
def test_the_rest_goes_on_when_a_sink_ends_early(chunk: int) -> None:
    one = run_with(carefully, diamond(500, 0, 1000, limit=160), chunk)
    other = run_with(as_it_is, diamond(500, 0, 1000, limit=160), chunk)
    assert one["results"] == other["results"]
    assert len(other["results"]["total"]["items"]) == 500
    assert len(other["results"]["product"]["items"]) == 160


def test_a_chain_has_no_queues() -> None:
    share = Share(diamond(10_000, 0, 10_001).check(), None, 16)
    assert len(share.weave.chains) == 1
    assert not share.weave.queues


@pytest.mark.parametrize("at", [0, 5, 200, 499])
def test_a_failing_block_is_named_with_its_item(at: int) -> None:
    fg = Flowgraph()
    fg.connect(Counter(items=500), Gain(), fg.add(Gain(fail_at=at), "bad"), Recorder())
    with pytest.raises(
        BlockError, match=r"block 'bad', item \d+: ZeroDivisionError: thirteen"
    ) as e:
        run_with(as_it_is, fg, 5)
    assert e.value.index == at - at % 5


@pytest.mark.parametrize("at", [0, 203])
def test_a_wrong_result_is_refused(at: int) -> None:
    fg = Flowgraph()
    fg.connect(Counter(items=500), fg.add(Gain(wrong_at=at), "bad"), Gain(), Recorder())
    with pytest.raises(BlockError, match=r"block 'bad'.*returned 4 items.*5 were due"):
        run_with(as_it_is, fg, 5)


@pytest.mark.parametrize("prepare", [carefully, as_it_is])
def test_a_live_change_takes_effect_at_an_item_border_and_leaves_a_tag(
    prepare: Callable[[Share], None],
) -> None:
    fg = Flowgraph()
    sink = Recorder()
    fg.connect(Counter(items=4000), fg.add(Gain(gain=1.0), "gain"), Gain(gain=1.0), sink)
    share = Share(fg.check(), None, 4)
    prepare(share)
    share.start()
    (chain,) = share.weave.chains
    for _ in range(3):
        chain.step()
    told: list[Outcome] = []
    share.change({"gain": {"gain": -1.0}}, told.append)
    share.run()
    (tag,) = sink.heard
    assert tag.key == "gain.gain"
    assert tag.value == -1.0
    assert told == [Outcome("gain", tag.index, {"gain": -1.0})]
    assert 0 < tag.index < 4000
    expected = np.arange(4000.0) * np.where(np.arange(4000) < tag.index, 1, -1)
    np.testing.assert_array_equal(np.concatenate(sink.chunks), expected)


def test_a_bypassed_block_is_skipped_and_can_come_back() -> None:
    fg = Flowgraph()
    sink = Recorder()
    fg.connect(Counter(items=4000), fg.add(Gain(gain=5.0, enabled=False), "gain"), sink)
    share = Share(fg.check(), None, 4)
    share.start()
    (chain,) = share.weave.chains
    chain.step()
    chain.step()
    share.change({"gain": {"enabled": True}})
    share.run()
    (tag,) = sink.heard
    factor = np.where(np.arange(4000) < tag.index, 1, 5)
    np.testing.assert_array_equal(np.concatenate(sink.chunks), np.arange(4000.0) * factor)


def test_chunks_larger_than_a_block_takes_are_cut() -> None:
    class Small(Gain):
        """A gain that takes 16 items at once."""

        max_batch = 16
        largest = 0

        def work(self, x: Array, at: int) -> Array:
            Small.largest = max(Small.largest, len(x))
            return super().work(x, at)

    fg = Flowgraph()
    sink = Recorder()
    fg.connect(Counter(items=1000), Small(), sink)
    run_with(as_it_is, fg, 100)
    assert Small.largest == 16
    np.testing.assert_array_equal(np.concatenate(sink.chunks), np.arange(1000.0) * 2)


@pytest.mark.parametrize(("chunk", "most"), [(1, 64), (16, 64), (300, 300)])
def test_sources_of_one_reader_keep_pace(chunk: int, most: int) -> None:
    """What one gives ahead of the other waits, and leaves the cache."""

    class Both(Sink):
        """Notes how many items it gets at once."""

        x = Input("float32", doc="Items.")
        y = Input("float32", doc="Items.")
        sizes: list[int] = state(factory=list, doc="Of the chunks.")

        def work(self, x: Array, y: Array, at: int) -> None:
            np.testing.assert_array_equal(x, y)
            self.sizes.append(len(x))

    fg = Flowgraph()
    sink = Both()
    one, two = Counter(items=6000), Counter(items=6000)
    fg.connect(one.y, sink.x)
    fg.connect(two.y, sink.y)
    run_with(as_it_is, fg, chunk)
    assert sum(sink.sizes) == 6000
    assert max(sink.sizes) <= most + chunk
    assert max(sink.sizes) >= most


def test_a_single_output_may_come_in_a_tuple() -> None:
    class Wrapped(Gain):
        """A gain that wraps its only output."""

        def work(self, x: Array, at: int) -> Any:
            return (super().work(x, at),)

    fg = Flowgraph()
    sink = Recorder()
    fg.connect(Counter(items=1000), Gain(), Wrapped(), Gain(), sink)
    run_with(as_it_is, fg, 10)
    np.testing.assert_array_equal(np.concatenate(sink.chunks), np.arange(1000.0) * 8)


def test_a_change_while_no_item_waits_tags_the_very_next_one() -> None:
    fg = Flowgraph()
    sink = Recorder()
    gain = fg.add(Gain(gain=1.0), "gain")
    fg.connect(Counter(items=4000), Buffer(), gain, Gain(gain=1.0), sink)
    share = Share(fg.check(), None, 4)
    share.start()
    source, chain = share.weave.chains
    told: list[Outcome] = []
    for _ in range(4):
        source.step()
        while chain.step():
            pass
    at = sum(map(len, sink.chunks))
    assert 0 < at < 4000
    chain.change(chain.stages[1], {"gain": -1.0})
    # Looked at more than once before items come: the tag must not be forgotten over it.
    for _ in range(3):
        assert not chain.step()
    share.run()
    assert told == []
    assert sink.heard == [Tag(at, "gain.gain", -1.0)]
    expected = np.arange(4000.0) * np.where(np.arange(4000) < at, 1, -1)
    np.testing.assert_array_equal(np.concatenate(sink.chunks), expected)


@block("test_buffer", category="stream")
class Buffer(StreamBlock):
    """Pass everything on; begins a chain of its own."""

    x = Input("float32", doc="Items.")
    y = Output(like="x", doc="The same.")

    def work(self, x: Array, at: int) -> Array:
        return x


# Finishing in the middle of a chunk -----------------------------------------------------------


@block("test_cutter", category="sinks")
class Cutter(Sink):
    """Hear every mark, and end at the one of item ``last``."""

    listens = ("mark",)
    last: int = parameter(20, doc="Index of the mark at which it ends.")
    x = Input("float32", doc="Items.")
    count: int = state(0, doc="Number of items.")

    def on_tag(self, tag: Tag) -> None:
        if tag.index == self.last:
            self.finish()

    def work(self, x: Array, at: int) -> None:
        self.count += len(x)


@pytest.mark.parametrize("chunk", [1, 7, 64, 1000])
def test_a_source_that_ends_inside_a_cut_chunk_gives_all_its_items(chunk: int) -> None:
    fg = Flowgraph()
    sink, cutter = Recorder(), Cutter(last=20)
    source = Counter(items=200, tag_every=10)
    fg.connect(source, Gain(gain=1.0), sink)
    fg.connect(source, cutter)
    report = run_with(as_it_is, fg, chunk)
    np.testing.assert_array_equal(np.concatenate(sink.chunks), np.arange(200.0))
    assert [tag.index for tag in sink.heard] == list(range(0, 200, 10))
    # The stretch that begins with the mark is its last, as far as the chunk or the next mark goes.
    assert 20 < cutter.count <= 30
    assert report["blocks"]["test_cutter"]["items_in"] == cutter.count


# What the blocks took --------------------------------------------------------------------------


class Clock:
    """Time that passes only where a block lets it."""

    now = 0.0

    def __call__(self) -> float:
        return Clock.now


@block("test_taking_time", category="stream")
class TakingTime(SyncBlock):
    """Pass items on; a second goes by at the first call, ``each`` seconds at every item."""

    each: float = parameter(0.0, doc="Seconds per item.")
    x = Input("float32", doc="Items.")
    y = Output(like="x", doc="The same.")
    begun: bool = state(False, doc="Whether the first call was made.")

    def work(self, x: Array, at: int) -> Array:
        Clock.now += self.each * len(x) + (not self.begun)
        self.begun = True
        return x


@block("test_slow_buffer", category="stream")
class SlowBuffer(StreamBlock):
    """Pass everything on; a thousandth of a second goes by at each item."""

    x = Input("float32", doc="Items.")
    y = Output(like="x", doc="The same.")

    def work(self, x: Array, at: int) -> Array:
        Clock.now += 1e-3 * len(x)
        return x


def test_what_happens_once_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("stage", "converter_intake", "source_intake", "chain"):
        monkeypatch.setattr(f"semradio.blocks.engine.{module}.perf_counter", Clock(), raising=False)
    text = """
flowgraph: timed
blocks:
  source: {block: test_counter, items: 40000}
  slow:   {block: test_taking_time, each: 1.0e-6}
  quick:  {block: test_taking_time}
  buffer: {block: test_slow_buffer}
  sink:   {block: null_sink}
  drain:  {block: null_sink}
connections: [source.y -> slow -> quick -> buffer -> sink, source.z -> drain]
"""
    busy = {
        name: found["busy_s"] for name, found in Flowgraph.load(text).run(chunk=8).blocks.items()
    }
    # 5,000 calls, of which some were timed; those of the buffer all were.
    assert busy["slow"] == pytest.approx(1 + 0.04, rel=0.01)
    assert busy["quick"] == pytest.approx(1, rel=0.01)
    assert busy["buffer"] == pytest.approx(40, rel=0.01)
