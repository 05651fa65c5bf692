"""throttle, on a clock that the tests move."""

from __future__ import annotations

import numpy as np
import pytest

from semradio.blocks.api import ItemType, ParameterError
from semradio.blocks.api.harness import Harness
from semradio.blocks.stream.throttle import Throttle
from semradio.flowgraphs import Flowgraph

SLOW = """
flowgraph: slow
chunk: 100
blocks:
  source: {block: noise_source, type: float32, seed: 1}
  pace:   {block: throttle, rate: 0.003}
  sink:   {block: null_sink}
connections: [source -> pace -> sink]
processes: {one: [source], two: [pace, sink]}
"""


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(Throttle, "clock", staticmethod(clock))
    return clock


def passed(harness: Harness) -> int:
    harness.run()
    return len(harness.outputs()[0])


def test_items_come_when_due(clock: Clock) -> None:
    with Harness(Throttle(rate=10.0), {"x": ItemType("int8")}) as harness:
        harness.push(np.zeros(100, np.int8))
        assert passed(harness) == 1
        assert harness.waiting
        clock.now += 0.35
        assert passed(harness) == 4
        clock.now += 2
        assert passed(harness) == 24


def test_what_was_held_up_is_made_good(clock: Clock) -> None:
    with Harness(Throttle(rate=10.0), {"x": ItemType("int8")}) as harness:
        harness.push(np.zeros(1, np.int8))
        clock.now += 5
        harness.push(np.zeros(100, np.int8))
        assert passed(harness) == 51


def test_fast_items_come_two_milliseconds_at_a_time(clock: Clock) -> None:
    clock.now = 0.0
    with Harness(Throttle(rate=200_000.0), {"x": ItemType("int8")}) as harness:
        harness.push(np.zeros(2000, np.int8))
        assert passed(harness) == 1
        clock.now += 0.00175
        assert passed(harness) == 1
        clock.now += 0.0005
        assert passed(harness) == 401
        clock.now += 1
        assert passed(harness) == 2000


def test_new_rate_counts_from_the_change(clock: Clock) -> None:
    with Harness(Throttle(rate=1.0), {"x": ItemType("int8")}) as harness:
        harness.push(np.zeros(1000, np.int8))
        clock.now += 9
        assert passed(harness) == 10
        harness.change({"rate": 100.0})
        assert passed(harness) == 11
        clock.now += 1
        assert passed(harness) == 111


def test_disabled_it_holds_nothing_up(clock: Clock) -> None:
    with Harness(Throttle(rate=1.0, enabled=False), {"x": ItemType("int8")}) as harness:
        harness.push(np.zeros(1000, np.int8))
        assert passed(harness) == 1000
        harness.change({"enabled": True})
        harness.push(np.zeros(10, np.int8))
        assert passed(harness) == 1001


@pytest.mark.parametrize("processes", [False, True])
def test_a_run_that_is_to_end_does_not_wait_for_the_clock(processes: bool) -> None:
    edges = Flowgraph.load(SLOW).run(processes=processes, max_seconds=2.0).edges
    # At ten items an hour; what is under way, the first chunk at least, is not lost.
    given, passed_on = edges["source.y -> pace.x"], edges["pace.y -> sink.x"]
    assert given["items"] == passed_on["items"] >= 100


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_rate_must_be_positive(rate: float) -> None:
    with pytest.raises(ParameterError, match="'rate' must be above 0 items/s"):
        Throttle(rate=rate)
