"""The two ends of an edge, joined by real sockets: credit, order, restart, refusal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semradio.blocks.api.item_type import ItemType
from semradio.blocks.api.tag import Tag
from semradio.blocks.engine.queue import Queue
from semradio.flowgraphs.runtime.edges import sender
from semradio.flowgraphs.runtime.edges.receiver import COPY_BYTES, JOIN_BYTES, EdgeReceiver
from semradio.flowgraphs.runtime.edges.sender import ZERO_COPY_BYTES, EdgeSender, SenderHub
from semradio.flowgraphs.runtime.edges.wire import WireError

ITEM = ItemType("int64", (16,))
BYTES = ITEM.nbytes


class Edge:
    """A sender and a receiver in one process."""

    def __init__(self, window: int, *, item: ItemType = ITEM, transport: str = "tcp") -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.hub = SenderHub(self.context, "tcp://127.0.0.1:*")
        self.sender = EdgeSender(4, ITEM, window)
        self.hub.add(self.sender)
        self.window = window
        self.receivers: list[EdgeReceiver] = []
        self.connect(item)

    def connect(self, item: ItemType = ITEM) -> None:
        """Connect a receiver that starts from nothing."""
        self.queue = Queue(item)
        self.receiver = EdgeReceiver(
            self.context, 4, item, self.window, [self.queue], self.hub.endpoint
        )
        self.receivers.append(self.receiver)
        self.receiver.greet()

    def turn(self, times: int = 1) -> None:
        """Let both ends do what there is to do."""
        for _ in range(times):
            self.hub.socket.poll(2)
            self.hub.step()
            self.receiver.socket.poll(2)
            self.receiver.step()

    def until(self, happened: Callable[[], Any]) -> None:
        """Turn until something has happened, however long ZeroMQ's thread takes for its part."""
        deadline = time.monotonic() + 120
        while not happened():
            assert time.monotonic() < deadline, self.standing()
            self.turn()

    def fails(self, match: str) -> None:
        """Turn until an error comes, which it has to."""
        with pytest.raises(WireError, match=match):
            self.until(lambda: False)

    def standing(self) -> str:
        """How far both ends are."""
        sender = self.sender
        return (
            f"sent {sender.sent} of {sender.given}, acknowledged {sender.acknowledged}, done "
            f"{sender.done}; received {self.receiver.received}, ended {self.receiver.finished}"
        )

    def close(self) -> None:
        for receiver in self.receivers:
            receiver.socket.close(0)
        self.hub.socket.close(0)
        self.context.term()


@pytest.fixture
def edge() -> Iterator[Edge]:
    made = Edge(64)
    yield made
    made.close()


def chunk(first: int, count: int) -> np.ndarray:
    return np.repeat(np.arange(first, first + count)[:, None], 16, axis=1)


sizes = st.one_of(
    st.integers(1, 5),
    st.sampled_from(
        [
            bytes_ // BYTES + d
            for bytes_ in (JOIN_BYTES, COPY_BYTES, ZERO_COPY_BYTES)
            for d in (-1, 1)
        ]
    ),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(counts=st.lists(st.tuples(sizes, st.booleans()), min_size=1, max_size=12))
def test_messages_of_all_sizes_arrive_in_order_with_their_tags(
    counts: list[tuple[int, bool]],
) -> None:
    edge = Edge(1 << 20)
    try:
        edge.until(lambda: edge.sender.limit)
        sent, marks = 0, []
        for count, tagged in counts:
            tags = [Tag(sent + count - 1, "last", count)] if tagged else []
            edge.sender.put(chunk(sent, count), tags)
            marks += tags
            sent += count
        edge.sender.end()
        edge.until(lambda: edge.receiver.finished and edge.sender.done)
        got = np.concatenate([edge.queue.item.empty(), *edge.queue.chunks])
        np.testing.assert_array_equal(got, chunk(0, sent))
        assert list(edge.queue.tags) == marks
        assert edge.queue.ended
        assert edge.sender.messages == len(counts)
    finally:
        edge.close()


class Clock:
    """Tells a time that only tests change; and what an edge sent until then, by its kind."""

    def __init__(self, edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.told: list[int] = []
        monkeypatch.setattr(sender, "perf_counter", lambda: self.now)
        inline, data = edge.sender.codec.inline, edge.sender.codec.data

        def note_inline(index: int, count: int, payload: bytes | memoryview) -> bytes:
            self.told.append(count)
            return inline(index, count, payload)

        def note_data(index: int, count: int, tags: Sequence[Tag] = ()) -> bytes:
            self.told.append(count)
            return data(index, count, tags)

        monkeypatch.setattr(edge.sender.codec, "inline", note_inline)
        monkeypatch.setattr(edge.sender.codec, "data", note_data)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Edge, Clock]]:
    """An edge with credit, whose clock stands still."""
    edge = Edge(1 << 20)
    edge.until(lambda: edge.sender.limit)
    yield edge, Clock(edge, monkeypatch)
    edge.close()


def test_small_chunks_that_follow_at_once_are_joined(clock: tuple[Edge, Clock]) -> None:
    edge, time = clock
    time.now = 1.0
    for k in range(8):
        edge.sender.put(chunk(10 * k, 10))
    assert time.told == [10], "the first one at once, what follows when the pass is over"
    edge.hub.step()
    assert time.told == [10, 70]
    edge.sender.put(chunk(80, 5))
    edge.sender.put(chunk(85, 5), [Tag(87, "tag", 1)])
    edge.sender.put(chunk(90, 5))
    edge.sender.put(chunk(95, 5))
    assert time.told == [10, 70, 5, 5], "a tag is not joined with others, and order is kept"
    edge.sender.end()
    assert time.told == [10, 70, 5, 5, 10]
    while not edge.receiver.finished:
        edge.turn()
    np.testing.assert_array_equal(np.concatenate(list(edge.queue.chunks)), chunk(0, 100))
    assert list(edge.queue.tags) == [Tag(87, "tag", 1)]
    assert edge.sender.messages == 12


def test_small_chunks_that_are_enough_are_sent_before_the_pass_is_over(
    clock: tuple[Edge, Clock],
) -> None:
    edge, time = clock
    time.now = 1.0
    enough = sender.JOINED_BYTES // BYTES
    for k in range(1 + 2 * enough):
        edge.sender.put(chunk(k, 1))
    assert time.told == [1, enough, enough]


def test_a_chunk_waits_for_others_so_long_and_no_longer(clock: tuple[Edge, Clock]) -> None:
    edge, time = clock
    told = []
    for k, seconds in enumerate((1.0, 0.6, 0.6, 0.6, 0.6, 2.0)):
        time.now += seconds * sender.GATHERING_S
        edge.sender.put(chunk(k, 1))
        told.append(list(time.told))
    assert told == [[1], [1], [1], [1, 3], [1, 3], [1, 3, 1, 1]]


def test_what_waits_for_others_is_sent_once_to_who_comes_anew(clock: tuple[Edge, Clock]) -> None:
    edge, time = clock
    time.now = 1.0
    for k in range(5):
        edge.sender.put(chunk(k, 1))
    edge.receiver.close(0)
    before = edge.sender.peer
    edge.connect()
    while edge.sender.peer == before:
        edge.turn()
    while edge.queue.items < 5:
        edge.turn()
    edge.turn(3)
    np.testing.assert_array_equal(np.concatenate(list(edge.queue.chunks)), chunk(0, 5))


def test_nothing_is_sent_without_credit_and_nothing_is_lost(edge: Edge) -> None:
    for k in range(40):
        edge.sender.put(chunk(10 * k, 10))
    assert edge.sender.items == 400
    assert edge.sender.items >= edge.sender.capacity, "the source would not be held back"
    edge.until(lambda: edge.queue.items >= 64)
    edge.turn(10)
    # The receiver takes nothing, so the window is what may be under way, and one chunk.
    assert 64 <= edge.queue.items < 64 + 10
    taken = 0
    while taken < 400:
        edge.turn()
        n = min(edge.queue.items, 7)
        if n:
            np.testing.assert_array_equal(edge.queue.take(n), chunk(taken, n))
            taken += n
        assert edge.queue.items < 64 + 10
    edge.sender.end()
    edge.until(lambda: edge.sender.done and edge.receiver.finished)


def test_what_is_acknowledged_is_let_go(edge: Edge) -> None:
    edge.until(lambda: edge.sender.limit)
    for k in range(1000):
        # As the block before it is held back.
        edge.until(lambda: edge.sender.items < edge.sender.capacity)
        edge.sender.put(chunk(k, 1))
        edge.turn()
        if edge.queue.items:
            edge.queue.take(edge.queue.items)
        assert len(edge.sender.kept) <= 128


def test_a_receiver_that_starts_anew_gets_what_it_lacks(edge: Edge) -> None:
    edge.until(lambda: edge.sender.limit)
    edge.sender.put(chunk(0, 10))
    edge.until(lambda: edge.queue.items == 10)
    edge.receiver.socket.close(0)
    before = edge.sender.peer
    edge.connect()
    edge.until(lambda: edge.sender.peer != before)
    edge.sender.put(chunk(10, 5))
    edge.sender.end()
    edge.until(lambda: edge.sender.done)
    np.testing.assert_array_equal(edge.queue.take(15), chunk(0, 15))


def test_a_receiver_that_asks_for_what_is_gone_is_refused() -> None:
    edge = Edge(8)
    try:

        def acknowledged() -> bool:
            if edge.queue.items:
                edge.queue.take(edge.queue.items)
            return edge.sender.acknowledged > 0

        for k in range(50):
            edge.sender.put(chunk(k, 1))
            edge.turn(2)
            acknowledged()
        edge.until(acknowledged)
        edge.connect()
        edge.fails(r"the sender refused: .*acknowledged and are gone")
    finally:
        edge.close()


def test_the_two_ends_must_agree_on_the_item_type() -> None:
    edge = Edge(8, item=ItemType("float32", (23,)))
    try:
        edge.fails(r"carries int64\[16\], the receiver expects float32")
    finally:
        edge.close()


def test_a_receiver_that_wants_no_more_stops_the_sender(edge: Edge) -> None:
    stopped: list[bool] = []
    edge.sender.on_close = lambda: stopped.append(True)
    edge.until(lambda: edge.sender.limit)
    edge.sender.put(chunk(0, 3))
    edge.until(lambda: edge.queue.items == 3)
    edge.queue.close()
    edge.until(lambda: edge.sender.done)
    assert stopped == [True]


@pytest.mark.parametrize(
    "frames",
    [
        [b"nonsense"],
        [b"smrd" + bytes(40)],
        [b"smrd\x02\x03\xff\xff" + bytes(16)],
    ],
)
def test_strangers_are_counted_and_disturb_nothing(edge: Edge, frames: list[bytes]) -> None:
    stranger = edge.context.socket(zmq.DEALER)
    stranger.connect(edge.hub.endpoint)
    stranger.send_multipart(frames)
    try:
        edge.sender.put(chunk(0, 10))
        edge.until(lambda: edge.hub.refused and edge.queue.items == 10)
        edge.turn(20)
        assert edge.hub.refused == 1
        np.testing.assert_array_equal(edge.queue.take(10), chunk(0, 10))
    finally:
        stranger.close(0)


def test_a_receiver_that_stops_and_leaves_at_once_is_heard(edge: Edge) -> None:
    """Its last word waits while the sender finds out that it has gone."""
    stopped: list[bool] = []
    edge.sender.on_close = lambda: stopped.append(True)
    edge.until(lambda: edge.sender.limit)
    edge.sender.put(chunk(0, 3))
    edge.until(lambda: edge.queue.items == 3)
    edge.queue.close()
    edge.receiver.socket.close(60_000)
    edge.hub.socket.poll(60_000)
    for k in range(3, 20):
        edge.sender.put(chunk(k, 1))
    deadline = time.monotonic() + 120
    while not edge.sender.done:
        assert time.monotonic() < deadline, edge.standing()
        edge.hub.socket.poll(5)
        edge.hub.step()
    assert stopped == [True]
    assert edge.hub.refused == 0
