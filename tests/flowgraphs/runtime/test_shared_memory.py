"""Edges whose large messages lie in shared memory: nothing is overwritten, nothing waits, nothing
is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semradio.blocks.api.item_type import ItemType
from semradio.blocks.api.tag import Tag
from semradio.blocks.engine.queue import Queue
from semradio.flowgraphs import Flowgraph, RunError
from semradio.flowgraphs.runtime.edges import door, sender
from semradio.flowgraphs.runtime.edges.receiver import EdgeReceiver
from semradio.flowgraphs.runtime.edges.sender import EdgeSender, SenderHub
from semradio.flowgraphs.runtime.edges.shared_ring import SHARED_BYTES
from semradio.flowgraphs.runtime.run.children import Children
from semradio.flowgraphs.runtime.run.supervisor import Supervisor

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memfd_create is Linux's")

ITEM = ItemType("int64", (16,))
LARGE = SHARED_BYTES // ITEM.nbytes
"""Items of a message that is large enough."""


class Edge:
    """A sender and a receiver in one process, over a socket in a folder."""

    def __init__(self, folder: Path, window: int, endpoint: str = "") -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.hub = SenderHub(self.context, endpoint or f"ipc://{folder}/{os.urandom(4).hex()}")
        self.sender = EdgeSender(4, ITEM, window)
        self.hub.add(self.sender)
        self.window = window
        self.receivers: list[EdgeReceiver] = []
        self.connect()

    def connect(self) -> None:
        """Connect a receiver that starts from nothing, and wait for its credit."""
        self.queue = Queue(ITEM)
        self.receiver = EdgeReceiver(
            self.context, 4, ITEM, self.window, [self.queue], self.hub.endpoint
        )
        self.receivers.append(self.receiver)
        self.receiver.greet()
        before = self.sender.peer
        while self.sender.peer == before:
            self.turn()

    def turn(self, times: int = 1) -> None:
        """Let both ends do what there is to do."""
        for _ in range(times):
            self.hub.socket.poll(2)
            self.hub.step()
            self.receiver.socket.poll(2)
            self.receiver.step()

    def until(self, items: int) -> None:
        """Turn until so many items have arrived in all."""
        while self.receiver.received < items:
            self.turn()

    def close(self) -> None:
        for receiver in self.receivers:
            receiver.close(0)
        self.hub.close(0)
        self.context.term()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def edge(folder: Path) -> Iterator[Edge]:
    made = Edge(folder, 16 * LARGE)
    yield made
    made.close()


def chunk(first: int, count: int) -> np.ndarray:
    return np.repeat(np.arange(first, first + count)[:, None], 16, axis=1)


def shared(x: np.ndarray) -> bool:
    """Whether an array looks into memory of another process."""
    while isinstance(x, np.ndarray):
        base: Any = x.base
        x = base
    return type(x).__name__ == "mmap"


def test_large_messages_lie_in_shared_memory_and_small_ones_do_not(edge: Edge) -> None:
    edge.sender.put(chunk(0, LARGE))
    edge.sender.put(chunk(LARGE, LARGE - 1))
    edge.until(2 * LARGE - 1)
    first, second = edge.queue.chunks
    assert (shared(first), shared(second)) == (True, False)
    assert not first.flags.writeable
    np.testing.assert_array_equal(np.concatenate([first, second]), chunk(0, 2 * LARGE - 1))


steps = st.lists(
    st.tuples(
        st.integers(1, 3 * LARGE),
        st.booleans(),
        st.sampled_from(["drop", "keep", "keep a slice", "keep a transpose", "wait"]),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=steps)
def test_what_a_block_keeps_is_never_overwritten(
    folder: Path, steps: list[tuple[int, bool, str]]
) -> None:
    edge = Edge(folder, 4 * LARGE)
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    try:
        sent, taken, marks = 0, 0, []
        for count, tagged, what in steps:
            tags = [Tag(sent + count - 1, "last", count)] if tagged else []
            marks += tags
            edge.sender.put(chunk(sent, count), tags)
            sent += count
            edge.turn()
            if what == "wait":
                continue
            while edge.queue.items:
                n = min(edge.queue.items, len(edge.queue.chunks[0]))
                x = edge.queue.take(n)
                due = chunk(taken, n)
                np.testing.assert_array_equal(x, due)
                taken += n
                if what == "keep":
                    kept.append((x, due))
                elif what == "keep a slice":
                    kept.append((x[n // 2 :][::2], due[n // 2 :][::2]))
                elif what == "keep a transpose":
                    kept.append((x.T.view(), due.T))
        edge.sender.end()
        while not (edge.receiver.finished and edge.sender.done):
            edge.turn()
            if edge.queue.items:
                n = edge.queue.items
                np.testing.assert_array_equal(edge.queue.take(n), chunk(taken, n))
                taken += n
        assert taken == sent
        assert list(edge.queue.tags) == marks
        for x, due in kept:
            np.testing.assert_array_equal(x, due)
    finally:
        edge.close()


def test_a_block_that_keeps_everything_stops_nothing(edge: Edge) -> None:
    kept = []
    for k in range(200):
        edge.sender.put(chunk(k * LARGE, LARGE))
        edge.until((k + 1) * LARGE)
        kept.append(edge.queue.take(LARGE))
    assert shared(kept[0])
    assert not shared(kept[-1]), "there is no end of shared memory"
    for k, x in enumerate(kept):
        np.testing.assert_array_equal(x, chunk(k * LARGE, LARGE))
    kept.clear()
    for k in range(200, 220):
        edge.sender.put(chunk(k * LARGE, LARGE))
        edge.until((k + 1) * LARGE)
        x = edge.queue.take(LARGE)
    assert shared(x), "slots that were let go are used again"


def test_who_keeps_up_uses_few_slots(edge: Edge) -> None:
    places = set()
    for k in range(200):
        edge.sender.put(chunk(k * LARGE, LARGE))
        edge.until((k + 1) * LARGE)
        places.add(edge.queue.take(LARGE).ctypes.data)
    assert edge.sender.shared is not None
    assert len(places) < edge.sender.shared.count


def test_larger_messages_get_larger_slots(edge: Edge) -> None:
    at, kept = 0, []
    for count in (LARGE, 2 * LARGE, LARGE + 1, 5 * LARGE, LARGE):
        edge.sender.put(chunk(at, count))
        edge.until(at + count)
        kept.append(edge.queue.take(count))
        at += count
    assert all(shared(x) for x in kept)
    np.testing.assert_array_equal(np.concatenate(kept), chunk(0, at))


def test_chunks_in_quick_succession_are_told_of_together(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "GATHERED_BYTES", sender.JOINED_BYTES)
    monkeypatch.setattr(sender, "GATHERING_S", 60.0)
    edge.sender.latest = -1e9
    told = []
    send = edge.sender._send_header

    def note(header: bytes) -> None:
        told.append(header)
        send(header)

    monkeypatch.setattr(edge.sender, "_send_header", note)
    edge.sender.put(chunk(0, LARGE))
    for k in range(1, 6):
        edge.sender.put(chunk(k * LARGE, LARGE))
    edge.until(6 * LARGE)
    assert len(told) == 3, "the first at once, four more, the last when the pass is over"
    assert [len(x) for x in edge.queue.chunks] == [LARGE, 4 * LARGE, LARGE]
    assert all(shared(x) for x in edge.queue.chunks)
    np.testing.assert_array_equal(edge.queue.take(6 * LARGE), chunk(0, 6 * LARGE))
    assert edge.sender.messages == 6


def test_small_chunks_in_quick_succession_share_a_slot(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "GATHERING_S", 60.0)
    edge.sender.latest = 1e9
    count = 2 * sender.JOINED_BYTES // ITEM.nbytes + LARGE
    for k in range(count):
        edge.sender.put(chunk(k, 1))
    edge.until(count)
    sizes = [len(x) * ITEM.nbytes for x in edge.queue.chunks]
    assert sizes == [sender.JOINED_BYTES, sender.JOINED_BYTES, SHARED_BYTES]
    assert all(shared(x) for x in edge.queue.chunks)
    np.testing.assert_array_equal(edge.queue.take(count), chunk(0, count))


def test_a_receiver_that_starts_anew_gets_memory_of_its_own(edge: Edge) -> None:
    edge.sender.put(chunk(0, LARGE))
    edge.until(LARGE)
    before = edge.queue.take(LARGE)
    edge.receiver.close(0)
    edge.connect()
    edge.sender.put(chunk(LARGE, LARGE))
    edge.until(2 * LARGE)
    got = list(edge.queue.chunks)
    assert [shared(x) for x in got] == [True, True]
    np.testing.assert_array_equal(np.concatenate(got), chunk(0, 2 * LARGE))
    np.testing.assert_array_equal(before, chunk(0, LARGE))


def test_a_sign_of_life_keeps_the_memory(edge: Edge) -> None:
    views = [edge.receiver.shared]
    for k in range(3):
        edge.receiver.greet()
        edge.sender.put(chunk(k * LARGE, LARGE))
        edge.until((k + 1) * LARGE)
        views.append(edge.receiver.shared)
    assert views[0] is not None
    assert all(view is views[0] for view in views)


def test_what_is_under_way_when_memory_is_shared_anew_arrives(edge: Edge) -> None:
    edge.sender.put(chunk(0, LARGE))
    edge.until(LARGE)
    edge.sender.put(chunk(LARGE, LARGE))
    edge.sender.put(chunk(2 * LARGE, LARGE))
    before = edge.sender.shared
    assert before is not None
    before.close()
    edge.receiver.greet()
    edge.until(3 * LARGE)
    edge.sender.put(chunk(3 * LARGE, LARGE))
    edge.until(4 * LARGE)
    assert edge.sender.shared is not before
    got = list(edge.queue.chunks)
    assert all(shared(x) for x in got)
    np.testing.assert_array_equal(np.concatenate(got), chunk(0, 4 * LARGE))


@pytest.mark.parametrize("lacking", ["memory", "door", "tcp", "stranger"])
def test_without_shared_memory_items_go_through_the_socket(
    folder: Path, lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lacking == "memory":

        def refuse(*_: Any) -> int:
            raise OSError("no memory")

        monkeypatch.setattr(os, "memfd_create", refuse)
    elif lacking == "door":
        monkeypatch.setattr(door, "possible", lambda endpoint: False)
    elif lacking == "stranger":
        monkeypatch.setattr(door, "_same_user", lambda connection: False)
    edge = Edge(folder, 64 * LARGE, "tcp://127.0.0.1:*" if lacking == "tcp" else "")
    try:
        for k in range(20):
            edge.sender.put(chunk(k * LARGE, LARGE))
        edge.until(20 * LARGE)
        got = list(edge.queue.chunks)
        assert not any(shared(x) for x in got)
        np.testing.assert_array_equal(np.concatenate(got), chunk(0, 20 * LARGE))
    finally:
        edge.close()


# Over processes ----------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [2048, 5000])
def test_four_processes_give_what_one_gives(pipe: str, chunk: int) -> None:
    def run(**options: Any) -> Any:
        return Flowgraph.load(pipe, ["items=30000", "queue=20000"], allow_code=True).run(**options)

    over = run(transport="ipc", chunk=chunk)
    assert over.results == run(processes=False, chunk=chunk).results
    for label, counts in over.edges.items():
        source, _ = label.split(" -> ")
        assert counts["items"] == over.blocks[source.split(".")[0]]["items_out"], label


ENDLESS = """
flowgraph: endless
blocks:
  source: {block: null_source, type: complex64}
  gain:   {block: multiply_const, constant: 2.0}
  sink:   {block: null_sink}
connections: [source -> gain -> sink]
processes: {one: [source], two: [gain], three: [sink]}
"""


def maps_shared_memory(pid: int) -> bool:
    return "memfd:semradio" in Path(f"/proc/{pid}/maps").read_text()


def left(folder: Path) -> set[Path]:
    return {*folder.iterdir(), *Path("/dev/shm").glob("*semradio*")}


@pytest.mark.parametrize("victim", ["one", "two", "three"])
def test_a_kill_is_noticed_and_leaves_nothing(
    victim: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    graph = Flowgraph.load(ENDLESS).check()
    host = Children(graph, transport="ipc", chunk=8192)
    pids: list[int] = []

    def kill(_: Any) -> None:
        found = [child.pid for child in host.children.values()]
        if not pids and all(maps_shared_memory(pid) for pid in found):
            pids.extend(found)
            os.kill(host.children[victim].pid, signal.SIGKILL)

    with pytest.raises(RunError, match=rf"process '{victim}' \(pid \d+\) died: killed by signal 9"):
        Supervisor(host, graph.plan, on_progress=kill, max_seconds=120).run()
    assert pids, "no process ever mapped shared memory"
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert left(folder) == set()


@pytest.mark.parametrize("victim", ["one", "two"])
def test_a_kill_of_processes_started_one_by_one_leaves_nothing(victim: str, folder: Path) -> None:
    text = ENDLESS.replace("one: [source]", f"one: {{blocks: [source], bind: 'ipc://{folder}/a'}}")
    text = text.replace("two: [gain], three: [sink]", "two: [gain, sink]")
    file = folder / "endless.yml"
    file.write_text(text)
    runs = {
        name: subprocess.Popen(
            [sys.executable, "-m", "semradio", "run", str(file), "--only", name, "--chunk", "8192"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    }
    try:
        deadline = time.monotonic() + 120
        while not all(maps_shared_memory(run.pid) for run in runs.values()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        runs[victim].kill()
        other = runs["two" if victim == "one" else "one"]
        assert other.stderr is not None
        line = next(line for line in other.stderr if "has gone" in line)
        assert f"'{victim}'" in line
    finally:
        for run in runs.values():
            run.kill()
            run.communicate()
    assert {path.name for path in left(folder)} <= {"endless.yml", "a"}
