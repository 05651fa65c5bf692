"""What a tap shows is what passes; what is left out is counted; and nobody is disturbed by it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from looked_at import BLOCKS, frames

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.control import ControlError
from semradio.flowgraphs.runtime import taps
from semradio.flowgraphs.runtime.share import Share
from semradio.flowgraphs.runtime.watch import LEASE_S, Tap
from semradio.flowgraphs.show import to_svg
from semradio.flowgraphs.view.feed import RENEW_S, Feed, Frame

Start = Callable[..., Any]

ALONE = f"""
flowgraph: alone
code: [{BLOCKS}]
blocks:
  source: {{block: count_source}}
  sink:   {{block: digest_sink}}
connections: [source -> sink]
"""

PORTS = [
    "source.y",
    "source.rest",
    "pace.x",
    "double.y",
    "air.x",
    "air.y",
    "sum.x[0]",
    "sum.x[1]",
    "sum.y",
    "frames.x",
    "frames.y",
    "flat.x",
    "flat.y",
    "sink.x",
    "side.x",
]


def expected(frame: Frame) -> Any:
    """Return what items a frame must have, as far as noise does not make them uncertain."""
    n = np.arange(frame.index, frame.index + len(frame.array))
    if frame.port == "source.rest":
        return n
    items = np.repeat(n[:, None], 4, axis=1)
    return {"source.y": items, "pace.x": items, "double.y": 2 * items, "air.x": 2 * items}.get(
        frame.port
    )


def check(found: list[Frame]) -> None:
    """Check frames of one port: what they hold, their tags, and what lies between them."""
    for before, after in pairwise(found):
        assert before.index + len(before.array) + after.skipped == after.index
    for frame in found:
        assert len(frame.array)
        values = expected(frame)
        if values is not None:
            np.testing.assert_array_equal(frame.array, values)
        if frame.port in ("frames.x", "sum.y", "air.y", "source.y", "source.rest"):
            end = frame.index + len(frame.array)
            hundreds = [n for n in range(frame.index, end) if n % 100 == 0]
            told = [tag for tag in frame.tags if tag.key == "hundred"]
            assert [(tag.index, tag.value) for tag in told] == [(n, n // 100) for n in hundreds]
        assert not frame.array.flags.writeable


@pytest.mark.parametrize("mode", ["--processes", "--in-process"])
def test_every_port_of_every_process_is_shown(start: Start, looked_at: str, mode: str) -> None:
    run = start(looked_at, mode)
    with Feed(run.control) as feed:
        for port in PORTS:
            feed.tap(port, items=100, per_s=50)
        for found in frames(feed, *PORTS).values():
            check(found)


def until_size(feed: Feed, items: int) -> list[Frame]:
    """Return the frames that come until one has as many items."""
    found: list[Frame] = []
    deadline = time.monotonic() + 120
    while all(len(f.array) != items for f in found):
        assert time.monotonic() < deadline, [len(f.array) for f in found]
        found += feed.poll()
    return found


def test_what_is_asked_for_is_what_comes(start: Start, looked_at: str) -> None:
    run = start(looked_at)
    with Feed(run.control) as feed:
        number = feed.tap("frames.y", items=7, per_s=20)
        # At most as many as asked for: of a time with less, less is shown.
        found = until_size(feed, 7)
        assert {(f.number, str(f.item), f.array.shape[1:]) for f in found} == {
            (number, "float32[5,4]", (5, 4))
        }
        assert all(1 <= len(f.array) <= 7 for f in found)
        check(found)
        feed.change_tap(number, items=3, per_s=50)
        found = until_size(feed, 3)
        # What was seen before the change may come after it; then no frame is larger any more.
        first = next(k for k, f in enumerate(found) if len(f.array) <= 3)
        assert all(1 <= len(f.array) <= 3 for f in found[first:])
        found = until_size(feed, 3)
        assert all(1 <= len(f.array) <= 3 for f in found)
        for wrong, said in [
            ("airy.y", "did you mean 'air.y'"),
            ("air", "no port 'air'"),
            ("air.q", "did you mean"),
        ]:
            with pytest.raises(ParameterError, match=said):
                feed.tap(wrong)
        with pytest.raises(ParameterError, match="items must be from 1"):
            feed.tap("air.y", items=0)
        with pytest.raises(ParameterError, match="per_s must be above 0"):
            feed.tap("air.y", per_s=0)
        feed.untap(number)


def test_the_run_sends_to_nobody_else(start: Start, looked_at: str) -> None:
    run = start(looked_at)
    for to in ["tcp://127.0.0.1:5599", "ipc:///etc/x", "ipc:///tmp/x.view", "inproc://x", ""]:
        with pytest.raises(ParameterError, match="cannot send to"):
            run.control.tap(Tap("air.y", to, 1))


def test_the_end_is_told(start: Start, looked_at: str) -> None:
    run = start(looked_at, "items=4000", "rate=10")
    got: list[Frame] = []
    with Feed(run.control) as feed:
        feed.tap("air.y", items=64)
        feed.tap("side.x", items=64)
        feed.change({"pace.rate": 20000.0})
        with pytest.raises(ControlError):
            while True:
                got += feed.poll()
    run.end()
    for port in ("air.y", "side.x"):
        *_, last = (f for f in got if f.port == port)
        assert last.last
        assert last.index + len(last.array) == 4000


def test_why_a_run_fails_is_told_to_who_looks(start: Start, looked_at: str) -> None:
    run = start(looked_at)
    with Feed(run.control) as feed:
        feed.tap("air.y", items=64)
        frames(feed, "air.y", count=1)
        pid = {p.name: p.pid for p in feed.status().processes}["three"]
        os.kill(pid, signal.SIGKILL)
        assert "process 'three'" in feed.why(120)
        with pytest.raises(ControlError, match="process 'three'"):
            while True:
                feed.poll()
    run.process.communicate(timeout=120)
    assert run.process.returncode == 1


def outcome(results: Any) -> Any:
    """Return what no look may change: all items, and all tags but those of the test's own doing."""
    return {
        name: [results[name]["items"], results[name]["digest"]]
        + [tag for tag in results[name]["tags"] if tag[1] != "pace.rate"]
        for name in ("sink", "side")
    }


FINITE = ("items=40000", "rate=200")
"""A flowgraph that ends some time after its pace has been set free."""


@pytest.fixture(scope="module")
def undisturbed(looked_at: str) -> dict[str, Any]:
    """What the flowgraph gives that nobody looks at."""
    graph = Flowgraph.load(looked_at, allow_code=True, items=40000, rate=1e9)
    return outcome(graph.run(processes=False))


def look(run: Any, begun: threading.Semaphore) -> None:
    """Look at every port until the run has ended."""
    with Feed(run.control) as feed:
        for port in PORTS:
            feed.tap(port)
        frames(feed, *PORTS, count=1)
        begun.release()
        with pytest.raises(ControlError):
            while True:
                feed.poll()


@pytest.mark.parametrize("mode", ["--processes", "--in-process"])
@pytest.mark.parametrize("viewers", [1, 8])
def test_looking_changes_nothing(
    start: Start, looked_at: str, undisturbed: Any, mode: str, viewers: int
) -> None:
    run = start(looked_at, mode, *FINITE)
    begun = threading.Semaphore(0)
    with ThreadPoolExecutor(viewers) as pool:
        looking = [pool.submit(look, run, begun) for _ in range(viewers)]
        for _ in range(viewers):
            assert begun.acquire(timeout=120), [f.exception(0) for f in looking if f.done()]
        run.control.set("pace.rate", 40000.0)
        result = run.end()["results"]
        for viewer in looking:
            viewer.result(120)
    assert outcome(result) == undisturbed


VIEWER = """
import sys
from semradio.flowgraphs.control import Control
from semradio.flowgraphs.view.feed import Feed
with Feed(Control(sys.argv[1])) as feed:
    for port in sys.argv[2:]:
        feed.tap(port, items=10000, per_s=1000)
    while True:
        if feed.poll():
            print("frame", flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
@pytest.mark.parametrize("mode", ["--processes", "--in-process"])
def test_a_viewer_that_freezes_or_dies_harms_nobody(
    start: Start, looked_at: str, undisturbed: Any, mode: str, how: signal.Signals
) -> None:
    run = start(looked_at, mode, *FINITE)
    viewer = subprocess.Popen(
        [sys.executable, "-c", VIEWER, run.control.endpoint, *PORTS],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert viewer.stdout is not None
    try:
        assert viewer.stdout.readline() == "frame\n"
        os.kill(viewer.pid, how)
        run.control.set("pace.rate", 1e9)
        result = run.end()["results"]
    finally:
        viewer.kill()
        viewer.communicate()
    assert outcome(result) == undisturbed


def test_a_tap_that_is_not_renewed_goes_away(
    looked_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(taps.time, "monotonic", lambda: now[0])
    share = Share(Flowgraph.load(looked_at, allow_code=True).check())
    looked = taps.Taps(share._place_of, lambda: 0.0)
    wish = Tap("air.y", "ipc:///tmp/nobody.view", 1)
    looked.add(wish)
    looked.step()
    now[0] = LEASE_S - 1
    looked.add(wish)
    now[0] = LEASE_S + 1
    looked.step()
    assert looked
    assert share.weave.place["air"][0].looking == 1
    now[0] = 2 * LEASE_S
    looked.step()
    assert not looked
    assert share.weave.place["air"][0].looking == 0
    looked.close()


def test_status_tells_how_everything_stands(start: Start, looked_at: str) -> None:
    run = start(looked_at)
    with Feed(run.control) as feed:
        first = feed.status()
        assert [p.name for p in first.processes] == ["one", "two", "three", "four"]
        assert first.state == "running"
        deadline = time.monotonic() + 120
        while True:
            status = feed.status()
            blocks = {b.name: b for b in status.blocks}
            answered = not any(p.silent for p in status.processes)
            if "sink" in status.metrics and answered and blocks["sink"].items_in > 5000:
                break
            assert time.monotonic() < deadline, status
            time.sleep(0.05)
        # Counts that are read one after the other fit where nothing moves.
        feed.change({"pace.rate": 0.001})
        before = -1
        while before != blocks["sink"].items_in or answered is False:
            assert time.monotonic() < deadline, status
            time.sleep(0.5)
            before, status = blocks["sink"].items_in, feed.status()
            blocks = {b.name: b for b in status.blocks}
            answered = not any(p.silent for p in status.processes)
        assert blocks["air"].process == "two"
        assert blocks["air"].items_in == blocks["air"].items_out > 0
        assert blocks["frames"].items_in >= 5 * blocks["frames"].items_out > 0
        told = status.metrics["sink"]
        assert told.keys() == {"items", "table"}
        assert told["table"][1] == [2, 3]
        edges = {e.label: e for e in status.edges}
        assert len(edges) == 9
        inside, across = edges["double.y -> air.x"], edges["air.y -> side.x"]
        assert inside.capacity is None
        assert across.capacity is not None
        # What has not been sent yet lies in the edge.
        assert 0 < across.sent <= blocks["air"].items_out <= across.sent + across.fill
        # Nearly all of the time all but the pace wait for items.
        processes = {p.name: p for p in status.processes}
        assert processes["four"].waited_s > 0
        assert edges["flat.y -> sink.x"].starved_s == 0
        assert across.starved_s > 0
        assert all(p.cpu_s > 0 and p.rss_bytes > 1e6 for p in status.processes)
        feed.change({"pace.rate": 20000.0})
        feed.stop()
        with pytest.raises(ControlError):
            while True:
                assert feed.status().state in ("running", "draining")


def silent(feed: Feed) -> list[str]:
    """Return the processes that do not answer."""
    return [process.name for process in feed.status().processes if process.silent]


def test_a_process_that_stands_still_is_told_and_holds_nobody_up(
    start: Start, looked_at: str
) -> None:
    run = start(looked_at)
    with Feed(run.control) as feed:
        pid = {p.name: p.pid for p in feed.status().processes}["two"]
        os.kill(pid, signal.SIGSTOP)
        try:
            # It may have read the question already when the signal came: then it answers once more.
            deadline = time.monotonic() + 120
            while "two" not in silent(feed):
                assert time.monotonic() < deadline
            for _ in range(3):
                assert "two" in silent(feed)
            with pytest.raises(ControlError, match="process 'two' does not answer"):
                feed.tap("air.y")
        finally:
            os.kill(pid, signal.SIGCONT)
        deadline = time.monotonic() + 120
        while silent(feed):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        feed.tap("air.y")
        frames(feed, "air.y", count=1)


def test_a_process_that_is_busy_for_long_is_looked_at_all_the_same(
    start: Start, looked_at: str
) -> None:
    run = start(looked_at)
    with Feed(run.control) as feed:
        feed.tap("air.y")
        frames(feed, "air.y", count=1)
        pid = {p.name: p.pid for p in feed.status().processes}["two"]
        os.kill(pid, signal.SIGSTOP)
        try:
            # It answers nothing, not even that it is looked at still; and the run has not ended.
            deadline = time.monotonic() + 2 * RENEW_S
            while time.monotonic() < deadline or "two" not in silent(feed):
                feed.poll()
                assert time.monotonic() < deadline + 120
        finally:
            os.kill(pid, signal.SIGCONT)
        frames(feed, "air.y", count=2)


def test_the_graph_is_told_as_data(start: Start, looked_at: str) -> None:
    run = start(looked_at.replace("doc: Counts", f"doc: {'ab' * 32} counts"))
    with Feed(run.control) as feed:
        graph = feed.graph()
    blocks = {b.name: b for b in graph.blocks}
    assert graph.flowgraph == "looked_at"
    assert graph.processes == ["one", "two", "three", "four"]
    assert {n: b.kind for n, b in blocks.items()} == {
        "source": "source",
        "pace": "sync",
        "double": "sync",
        "air": "sync",
        "sum": "sync",
        "frames": "rate",
        "flat": "rate",
        "sink": "sink",
        "side": "sink",
    }
    assert blocks["sum"].inputs == {"x[0]": "float32[4]", "x[1]": "float32[4]"}
    assert blocks["source"].outputs == {"y": "float32[4]", "rest": "int32"}
    assert blocks["air"].parameters == {"snr_db": 10.0, "seed": 3}
    assert blocks["air"].process == "two"
    edge = next(e for e in graph.edges if e.label == "frames.y -> flat.x")
    assert (edge.source, edge.target, edge.item) == ("frames.y", "flat.x", "float32[5,4]")
    assert "ab" * 32 not in graph.doc + graph.plan.doc
    assert "<svg" in to_svg(graph.plan)


def test_a_port_that_nobody_receives_ends_no_block(start: Start) -> None:
    """Who looks keeps no block going, and who stops looking ends none."""
    stage_of = Share(Flowgraph.load(ALONE, allow_code=True).check())
    chain, stage = stage_of.weave.place["source"]
    looked = taps.Taps(stage_of._place_of, lambda: 0.0)
    wish = Tap("source.rest", "ipc:///tmp/nobody.view", 1)
    stage_of.start()
    looked.add(wish)
    looked.step()
    assert stage.outlets[1].wanted
    chain.step()
    looked.remove(wish.to, wish.number)
    assert not stage.outlets[1].wanted
    stage_of.run()
    assert stage_of.report()["results"]["sink"]["items"] == 1000
    looked.close()
