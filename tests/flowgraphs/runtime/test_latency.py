"""The time that items take from sources to sinks: measured, and nothing else is changed by it."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from semradio import Head, KeepOneInN, NullSource, VectorSource
from semradio.blocks.api import Array, Input, Sink, Tag, block, state
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.runtime import latency
from semradio.flowgraphs.runtime.latency import KEY, Stopwatch


@pytest.mark.parametrize("processes", [False, True])
def test_every_path_is_measured_and_results_stay(
    pipe: str, processes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(measure: bool) -> Any:
        graph = Flowgraph.load(pipe, ["items=2000"], allow_code=True)
        return graph.run(processes=processes, chunk=16, latency=measure)

    monkeypatch.setattr(latency, "EVERY_S", 0.0)
    measured, plain = run(True), run(False)
    assert measured.results == plain.results
    assert plain.latency == {}
    assert set(measured.latency) == {"source -> sink", "source -> side"}
    for found in measured.latency.values():
        assert 0 < found["p50_s"] <= found["p99_s"] <= found["worst_s"]
        assert found["samples"] >= 1
    assert measured.as_dict()["latency"] == measured.latency


@block("all_hearing", category="sinks")
class AllHearing(Sink):
    """Keeps all tags."""

    listens = ("*",)
    x = Input("any[...]", doc="Items.")
    heard: list[Tag] = state(factory=list, doc="Tags.")

    def on_tag(self, tag: Tag) -> None:
        self.heard.append(tag)

    def work(self, x: Array, at: int) -> None:
        pass


def test_the_clock_is_read_when_the_item_was_given_and_when_it_was_worked_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ticks = count(0, 1000)
    monkeypatch.setattr(latency, "monotonic_ns", lambda: next(ticks))
    monkeypatch.setattr(latency, "EVERY_S", 0.0)
    source, sink = NullSource(type="float32", items=40), AllHearing()
    fg = Flowgraph("clocked")
    fg.connect(source, KeepOneInN(n=4), sink)
    found = fg.run(chunk=8, latency=True).latency["null_source -> all_hearing"]
    # Five chunks; of each, the next reading is the sink's.
    assert found == {"p50_s": 1e-6, "p99_s": 1e-6, "worst_s": 1e-6, "samples": 5}
    assert sink.heard == []


def test_blocks_are_left_as_they_were() -> None:
    source, head, sink = VectorSource(data=[1.0, 2.0]), Head(items=2), AllHearing()
    before = [dict(vars(b)) for b in (source, head, sink)]
    watch = Stopwatch([source, head, sink])
    watch.attach()
    assert KEY in sink.listens
    watch.detach()
    assert [dict(vars(b)) for b in (source, head, sink)] == before
    assert watch.results() == {}


def test_the_tag_of_a_run_is_not_in_the_next_one() -> None:
    source, sink = VectorSource(data=[1.0, 2.0, 3.0]), AllHearing()
    fg = Flowgraph("twice")
    fg.connect(source, sink)
    assert fg.run(latency=True).latency["vector_source -> all_hearing"]["samples"] == 1
    assert fg.run().latency == {}
    assert sink.heard == []
