"""Chains: tags, rates, live changes, ends and errors, for every kind of block."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semradio.blocks.api import (
    Array,
    Block,
    BlockError,
    Input,
    ItemType,
    ItemTypeError,
    Output,
    RateBlock,
    SemradioError,
    Sink,
    Source,
    StreamBlock,
    StreamError,
    SyncBlock,
    Tag,
    parameter,
    state,
)
from semradio.blocks.api.harness import Harness
from semradio.blocks.engine.chain import Chain
from semradio.blocks.engine.queue import Queue
from semradio.blocks.engine.weaving import Weave, Wire
from semradio.blocks.sinks.null_sink import NullSink
from semradio.blocks.sources.null_source import NullSource
from semradio.blocks.stream.copy import Copy
from semradio.blocks.stream.head import Head

INT = ItemType("int64")


class Gain(SyncBlock):
    factor: int = parameter(2, live=True, doc="")
    x = Input("int64")
    y = Output(like="x")

    def work(self, x: Array, at: int) -> Array:
        return x * self.factor


class Steps(RateBlock):
    """Three items in, two out: the sums of the first and the last two. Hears the tag ``add``."""

    listens: ClassVar[tuple[str, ...]] = ("add",)
    x = Input("int64")
    y = Output(like="x")
    added: int = state(0, doc="")

    def rate(self) -> tuple[int, int]:
        return 3, 2

    def on_tag(self, tag: Tag) -> None:
        self.added = tag.value

    def work(self, x: Array, at: int) -> Array:
        groups = x.reshape(-1, 3)
        pairs = np.stack([groups[:, :2].sum(1), groups[:, 1:].sum(1)], axis=1)
        return pairs.reshape(-1) + self.added

    def tail(self, x: Array, at: int) -> Array:
        return x[:1] + self.added


class PairSum(RateBlock):
    """Sums over two items of two inputs; the rest of both at the end."""

    a = Input("int64")
    b = Input("int64")
    y = Output(like="a")

    def rate(self) -> tuple[int, int]:
        return 2, 1

    def work(self, a: Array, b: Array, at: int) -> Array:
        return (a + b).reshape(-1, 2).sum(1)

    def tail(self, a: Array, b: Array, at: int) -> Array:  # type: ignore[override]
        return a + b


class Listener(Sink):
    """Records what it hears and is given."""

    listens: ClassVar[tuple[str, ...]] = ("cut",)
    level: int = parameter(0, live=True, doc="")
    stop_after: int = parameter(1000, doc="")
    x = Input("int64")
    seen: list[Any] = state(factory=list, doc="")

    def on_tag(self, tag: Tag) -> None:
        self.seen.append(tag)

    def work(self, x: Array, at: int) -> None:
        self.seen.append((at, len(x)))
        if at + len(x) >= self.stop_after:
            self.finish()

    def changed(self, name: str, at: int) -> None:
        self.seen.append((name, at))

    def flush(self) -> None:
        self.seen.append("flush")


def chains(*blocks: Block, capacity: float = 8) -> Weave:
    """Wire blocks in a row, as a flowgraph does, with queues of a few items."""
    types: Mapping[str, ItemType] = {}
    wires = []
    for before, after in pairwise([None, *blocks]):
        assert after is not None
        after.name = f"{after.block_type}_{len(wires)}"
        if before is None:
            types = after.resolve({})
        else:
            port, output = next(iter(after.inputs)), next(iter(before.outputs))
            wires.append(Wire(before.name, output, after.name, port, capacity))
            types = after.resolve({port: types[output]})
        after.start()
    return Weave({b.name: b for b in blocks}, wires, chunk=3)


def run(chains: list[Chain], passes: int = 1000) -> None:
    for _ in range(passes):
        happened = [chain.step() for chain in chains]
        if not any(happened):
            return
    raise AssertionError("no end")


# Ends ------------------------------------------------------------------------------------------


def test_head_ends_an_endless_source_before_it() -> None:
    sink = NullSink()
    source = NullSource(type="int8")
    weave = chains(source, Copy(), Head(items=20), Copy(), sink)
    run(weave.chains)
    assert all(chain.finished for chain in weave.chains)
    assert sink.items == 20
    assert weave.items_out(source.name) < 20 + 3 * 8


def test_a_source_with_another_reader_goes_on() -> None:
    source = NullSource(type="int8", items=50)
    head, sink = Head(items=2), NullSink()
    item = source.resolve({})["y"]
    head.resolve({"x": item})
    sink.resolve({"x": item})
    wires = [Wire("source", "y", name, "x") for name in ("head", "sink")]
    weave = Weave({"source": source, "head": head, "sink": sink}, wires, chunk=5)
    run(weave.chains)
    assert sink.items == 50
    assert weave.items_in("head") == 5


def test_sink_that_has_enough_ends_all_before_it_in_good_order() -> None:
    sink = Listener(stop_after=10)
    weave = chains(NullSource(type="int64"), Gain(), sink)
    run(weave.chains)
    assert all(chain.finished for chain in weave.chains)
    assert sink.seen[-1] == "flush"
    assert sink.seen.count("flush") == 1


def test_full_receiver_holds_the_sender_back() -> None:
    block = NullSource(type="int8")
    queue = Queue(block.resolve({})["y"], 4)
    weave = Weave({"s": block}, targets={("s", "y"): [queue]}, chunk=3)
    for _ in range(50):
        weave.chains[0].step()
    assert weave.items_out("s") == 6
    queue.take(6)
    weave.chains[0].step()
    assert weave.items_out("s") == 12


def test_step_larger_than_the_queue_does_not_halt() -> None:
    class Thousand(Steps):
        def rate(self) -> tuple[int, int]:
            return 999, 666

    block = Thousand()
    sink = NullSink()
    weave = chains(NullSource(type="int64", items=1998), block, sink, capacity=4)
    run(weave.chains)
    assert all(chain.finished for chain in weave.chains)
    assert sink.items == 1332


@given(
    lengths=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    order=st.lists(st.integers(0, 1), min_size=18, max_size=18),
)
def test_what_is_left_at_the_end_does_not_depend_on_arrival(
    lengths: tuple[int, int], order: list[int]
) -> None:
    data = [np.arange(lengths[0]), 10 * np.arange(lengths[1])]
    with Harness(PairSum(), {"a": INT, "b": INT}) as harness:
        queues = list(harness.queues.values())
        sent = [0, 0]
        for k in order:
            if sent[k] < lengths[k]:
                queues[k].put(data[k][sent[k] : sent[k] + 1])
                sent[k] += 1
            if sent[k] == lengths[k]:
                queues[k].end()
            harness.run()
        for k in (0, 1):
            if sent[k] < lengths[k]:
                queues[k].put(data[k][sent[k] :])
                harness.run()
        harness.end()
        shortest = min(lengths)
        both = data[0][:shortest] + data[1][:shortest]
        even = shortest - shortest % 2
        expected = [*both[:even].reshape(-1, 2).sum(1), *both[even:]]
        assert harness.outputs()[0].tolist() == expected


def test_flush_follows_the_last_item_and_is_left_out_after_an_error() -> None:
    sink = Listener()
    with Harness(sink, {"x": INT}) as harness:
        harness.push(np.arange(3))
        harness.end()
    assert sink.seen == [(0, 3), "flush"]

    class Failing(Listener):
        def work(self, x: Array, at: int) -> None:
            raise StreamError("no more")

    broken = Failing()
    with pytest.raises(BlockError), Harness(broken, {"x": INT}) as harness:
        harness.push(np.arange(3))
    assert broken.seen == []


# Tags ------------------------------------------------------------------------------------------


def test_tags_move_in_proportion_to_the_rate() -> None:
    tags = [Tag(i, "t", i) for i in range(8)]
    for cut in (1, 2, 8):
        with Harness(Steps(), {"x": INT}) as harness:
            for start in range(0, 8, cut):
                now = [tag for tag in tags if start <= tag.index < start + cut]
                harness.push(np.arange(start, start + cut), tags=now)
            harness.end()
            moved = [(tag.index, tag.value) for tag in harness.tags()[0]]
        # Eight items are two steps of three and a rest of two, which gives one item: tags on
        # what does not come out are lost with it.
        assert moved == [(0, 0), (0, 1), (1, 2), (2, 3), (2, 4), (3, 5), (4, 6), (4, 7)]


def test_heard_tag_counts_from_the_step_on_that_holds_it() -> None:
    with Harness(Steps(), {"x": INT}) as harness:
        harness.push(np.zeros(8, int), tags=[Tag(4, "add", 10), Tag(7, "add", 20)])
        harness.end()
        assert harness.outputs()[0].tolist() == [0, 0, 10, 10, 20]


def test_sync_block_hears_a_tag_exactly_at_its_item() -> None:
    sink = Listener()
    tags = [Tag(2, "cut", 1), Tag(2, "other", 1), Tag(5, "cut", 2)]
    with Harness(sink, {"x": INT}) as harness:
        harness.push(np.arange(8), tags=tags)
        harness.end()
    assert sink.seen == [(0, 2), tags[0], (2, 3), tags[2], (5, 3), "flush"]


def test_tags_of_several_inputs_meet_once_each() -> None:
    class Both(SyncBlock):
        listens: ClassVar[tuple[str, ...]] = ("*",)
        a = Input("int64")
        b = Input("int64")
        y = Output(like="a")
        heard: list[Tag] = state(factory=list, doc="")

        def on_tag(self, tag: Tag) -> None:
            self.heard.append(tag)

        def work(self, a: Array, b: Array, at: int) -> Array:
            return a + b

    same, first, second = Tag(3, "same", 1), Tag(4, "a", 1), Tag(1, "b", 1)
    block = Both()
    with Harness(block, {"a": INT, "b": INT}) as harness:
        harness.queues["a"].put(np.arange(6), [same, first])
        harness.queues["b"].put(np.arange(6), [second, same])
        harness.end()
        assert harness.tags() == [[second, same, first]]
    assert block.heard == [second, same, first]


def test_tag_for_an_item_that_is_yet_to_come_waits_for_it() -> None:
    class Ahead(SyncBlock):
        x = Input("int64")
        y = Output(like="x")
        z = Output(like="x")

        def work(self, x: Array, at: int) -> tuple[Array, Array]:
            if at == 0:
                self.tag("later", 1, 5)
                self.tag("only z", 2, 0, "z")
            return x, x

    with Harness(Ahead(), {"x": INT}) as harness:
        harness.push(np.arange(3))
        assert harness.tags() == [[], [Tag(0, "only z", 2)]]
        harness.push(np.arange(3))
        assert harness.tags() == [[Tag(5, "later", 1)], [Tag(0, "only z", 2), Tag(5, "later", 1)]]


def test_tag_of_the_start_sits_on_the_first_item() -> None:
    class Announces(Gain):
        def on_start(self) -> None:
            self.tag("hello", None, 0)

    with Harness(Announces(), {"x": INT}) as harness:
        harness.push(np.arange(2))
        assert harness.tags() == [[Tag(0, "hello", None)]]


@pytest.mark.parametrize("value", [object(), {1: 2}, np.zeros(2), 1j])
def test_tags_carry_only_what_travels(value: object) -> None:
    with pytest.raises(StreamError, match="tag 'k' cannot carry a"):
        Gain().tag("k", value, 0)


def test_tag_values_become_plain() -> None:
    block = Gain()
    block.tag("k", {"a": (np.float64(0.5), np.int8(3))}, 0)
    assert block.tags_out == [(None, Tag(0, "k", {"a": [0.5, 3]}))]


# Live changes ----------------------------------------------------------------------------------


def test_change_applies_to_what_waits_and_tags_its_first_item() -> None:
    with Harness(Gain(name="g"), {"x": INT}) as harness:
        harness.push(np.ones(3, int))
        harness.queues["x"].put(np.ones(2, int))
        harness.change({"factor": 5})
        harness.change({"enabled": False})
        harness.run()
        harness.change({"enabled": True})
        harness.push(np.ones(1, int))
        assert harness.outputs()[0].tolist() == [2, 2, 2, 1, 1, 5]
        assert harness.tags()[0] == [
            Tag(3, "g.factor", 5),
            Tag(3, "g.enabled", False),
            Tag(5, "g.enabled", True),
        ]


def test_change_before_the_first_item() -> None:
    with Harness(Gain(name="g"), {"x": INT}) as harness:
        harness.change({"factor": 7})
        harness.push(np.ones(2, int))
        assert harness.outputs()[0].tolist() == [7, 7]
        assert harness.tags() == [[Tag(0, "g.factor", 7)]]


def test_sink_learns_the_input_item_of_a_change() -> None:
    sink = Listener()
    with Harness(sink, {"x": INT}) as harness:
        harness.push(np.arange(3))
        harness.change({"level": 1})
        harness.push(np.arange(2))
    assert sink.seen == [(0, 3), ("level", 3), (3, 2)]


def test_refused_change_is_told_and_the_stream_goes_on() -> None:
    block = Steps(name="s")
    with Harness(block, {"x": INT}) as harness:
        with pytest.raises(ItemTypeError, match="block 's' cannot be disabled"):
            harness.change({"enabled": False})
        harness.push(np.zeros(3, int))
        assert harness.outputs()[0].tolist() == [0, 0]
        assert harness.tags() == [[]]
    assert block.enabled


def test_a_block_that_has_ended_refuses_changes() -> None:
    with Harness(Gain(name="g"), {"x": INT}) as harness:
        harness.end()
        with pytest.raises(SemradioError, match="block 'g' has ended"):
            harness.change({"factor": 1})


def test_source_can_be_changed_too() -> None:
    class Level(Source):
        level: int = parameter(0, live=True, doc="")
        y = Output("int64")

        def work(self, n: int, at: int) -> Array:
            return np.full(n, self.level)

    with Harness(Level(name="s"), {}, chunk=2) as harness:
        harness.step()
        harness.change({"level": 4})
        harness.step()
        assert harness.outputs()[0].tolist() == [0, 0, 4, 4]
        assert harness.tags() == [[Tag(2, "s.level", 4)]]


# Errors ----------------------------------------------------------------------------------------


def result_of(result: Any) -> SyncBlock:
    class Odd(Gain):
        def work(self, x: Array, at: int) -> Array:
            y: Array = result
            return y

    return Odd(name="odd")


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (np.zeros(3, np.int64), "work returned 3 items on output 'y' where 2 were due"),
        (np.zeros(2, np.int32), "work returned int32 on output 'y', which carries int64"),
        (np.zeros((2, 1), np.int64), r"work returned int64\[1\] on output 'y'"),
        (np.int64(3), "work returned a int64 on output 'y'"),
        (np.array(3), "work returned a scalar int64 on output 'y'"),
        ([1, 2], "work returned a list on output 'y'"),
        (None, r"work returned nothing \(is a 'return' missing\?\) on output 'y'"),
        ((np.zeros(2, int),) * 2, "work returned 2 arrays for 1 outputs"),
    ],
)
def test_wrong_output_names_block_item_and_type(result: Any, message: str) -> None:
    with (
        Harness(result_of(result), {"x": INT}) as harness,
        pytest.raises(BlockError, match=f"block 'odd', item 0: {message}"),
    ):
        harness.push(np.zeros(2, np.int64))


@pytest.mark.parametrize("method", ["work", "on_tag", "flush", "on_start", "changed"])
def test_error_in_any_method_names_block_and_item(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Listener, *args: object) -> None:
        raise ZeroDivisionError("oh")

    sink = Listener(name="ears")
    with Harness(sink, {"x": INT}) as harness:
        if method != "on_start":
            harness.push(np.zeros(4, int))
        item = {"on_start": 0, "flush": 6}.get(method, 4)
        monkeypatch.setattr(Listener, method, fail, raising=True)
        with pytest.raises(
            BlockError, match=f"block 'ears', item {item}: ZeroDivisionError: oh"
        ) as caught:
            harness.change({"level": 2})
            harness.push(np.zeros(2, int), tags=[Tag(4, "cut", 1)])
            harness.end()
        assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_block_is_stopped_also_where_its_start_fails() -> None:
    stopped = []

    class Fragile(Gain):
        def start(self) -> None:
            raise StreamError("cannot")

        def stop(self) -> None:
            stopped.append(True)

    with pytest.raises(StreamError, match="cannot"):
        Harness(Fragile(), {"x": INT})
    assert stopped == [True]


def test_disabled_block_must_give_what_it_takes() -> None:
    class Widens(SyncBlock):
        x = Input("int64")
        y = Output("float64")

        def work(self, x: Array, at: int) -> Array:
            return x.astype(float)

    with pytest.raises(ItemTypeError, match="block 'w' cannot be disabled"):
        Widens(name="w", enabled=False).resolve({"x": INT})
    block = Widens()
    block.resolve({"x": INT})
    with pytest.raises(ItemTypeError):
        block.set("enabled", False)
    assert block.enabled


def test_kind_that_is_none() -> None:
    with pytest.raises(SemradioError, match="derives from no kind of block"):
        Weave({"none": Block()})


# Waiting ---------------------------------------------------------------------------------------


class Patient(SyncBlock):
    """Takes four items at a time, or what there is at the end."""

    x = Input("int64")
    y = Output(like="x")
    sizes: list[int] = state(factory=list, doc="")

    def ready(self, items: int, ended: bool) -> int:
        return items if ended else items - items % 4

    def work(self, x: Array, at: int) -> Array:
        self.sizes.append(len(x))
        return x


def test_block_may_wait_for_company() -> None:
    block = Patient()
    with Harness(block, {"x": INT}) as harness:
        for _ in range(5):
            harness.push(np.zeros(3, int))
        assert block.sizes == [4, 4, 4]
        assert harness.waiting
        harness.end()
        assert block.sizes == [4, 4, 4, 3]


def test_waiting_ends_with_the_next_work() -> None:
    with Harness(Patient(), {"x": INT}) as harness:
        harness.push(np.zeros(3, int))
        assert harness.waiting
        harness.queues["x"].put(np.zeros(1, int))
        harness.step()
        assert not harness.waiting


# Random cuts -----------------------------------------------------------------------------------


@st.composite
def cuts(draw: st.DrawFn, total: int) -> list[int]:
    places = draw(st.lists(st.integers(0, total), max_size=total))
    edges = [0, *sorted(places), total]
    return [end - start for start, end in pairwise(edges)]


class Burst(StreamBlock):
    """Passes the positive items on, doubled, and their sum at the end."""

    x = Input("int64")
    y = Output(like="x")
    total: int = state(0, doc="")
    places: dict[int, int] = state(factory=dict, doc="Where each input item went.")
    given: int = state(0, doc="")

    def work(self, x: Array, at: int) -> Array | None:
        kept = np.repeat(x[x > 0], 2)
        for k in np.flatnonzero(x > 0):
            self.places[at + int(k)] = self.given
            self.given += 2
        self.total += int(x[x > 0].sum())
        return kept if len(kept) else None

    def flush(self) -> Array:
        return np.array([self.total])

    def moved(self, index: int) -> int | None:
        return self.places.get(index)


@given(
    data=st.lists(st.integers(-3, 3), min_size=20, max_size=20),
    tagged=st.sets(st.integers(0, 19)),
    sizes=cuts(20),
    piled=st.booleans(),
)
@pytest.mark.parametrize("block", [Gain, Steps, Burst])
def test_random_cuts(
    block: type[Block], data: list[int], tagged: set[int], sizes: list[int], piled: bool
) -> None:
    x = np.array(data)
    tags = [Tag(i, "add", i) for i in sorted(tagged)]
    outcomes = []
    for cut in ([20], sizes):
        with Harness(block(), {"x": INT}) as harness:
            start = 0
            for size in cut:
                now = [tag for tag in tags if start <= tag.index < start + size]
                harness.queues["x"].put(x[start : start + size], now)
                if not piled:
                    harness.run()
                start += size
            harness.run()
            harness.end()
            outcomes.append((harness.outputs()[0].tolist(), harness.tags()))
    assert outcomes[0] == outcomes[1]


def test_chunks_that_wait_on_several_inputs_are_joined_while_they_are_small() -> None:
    class Both(Sink):
        x = Input("int64")
        y = Input("float32[8]")
        sizes: list[int] = state(factory=list, doc="")

        def work(self, x: Array, y: Array, at: int) -> None:
            self.sizes.append(len(x))

    block = Both()
    with Harness(block, {"x": INT, "y": ItemType("float32", (8,))}) as harness:
        for size in (100, 5000, 3000, 3000):
            harness.queues["x"].put(np.zeros(size, np.int64))
            harness.queues["y"].put(np.zeros((size, 8), np.float32))
        harness.end()
    # 4096 items of y are as much as is worth joining; what is one chunk stays one.
    assert block.sizes == [4096, 4096, 2908]
