"""A PUB sink counts what its subscribers miss: received + dropped = sent, for each of them."""

from __future__ import annotations

import struct
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq
from ports import free_port

from semradio.blocks.api import ItemType, find
from semradio.blocks.api.harness import Harness
from semradio.blocks.gnuradio import zmtp
from semradio.blocks.sources.vector_source import VectorSource
from semradio.blocks.stream.head import Head
from semradio.flowgraphs import Flowgraph

QUIET_MS = 100
"""A subscriber that hears nothing for so long after the publisher has gone has heard all."""


class Reader(threading.Thread):
    """A SUB socket that takes ``pause`` seconds for each message, until the publisher goes."""

    def __init__(self, address: str, pause: float, key: bytes = b"", bind: bool = False) -> None:
        super().__init__(daemon=True)
        self.address, self.pause, self.key, self.bind = address, pause, key, bind
        self.items = 0
        self.lost = 0
        """Items missing between messages, by their offsets."""
        self.seen: list[int] = []
        self.start()

    def run(self) -> None:
        with zmq.Context() as context, context.socket(zmq.SUB) as socket:
            socket.setsockopt(zmq.RCVHWM, 2)
            socket.setsockopt(zmq.RCVBUF, 4096)
            socket.setsockopt(zmq.SUBSCRIBE, self.key)
            socket.setsockopt(zmq.LINGER, 0)
            gone = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
            (socket.bind if self.bind else socket.connect)(self.address)
            expected = None
            while True:
                left = bool(gone.poll(0))
                if not socket.poll(QUIET_MS):
                    if left:
                        break
                    continue
                frames = socket.recv_multipart()
                assert len(frames) == (2 if self.key else 1)
                body = frames[-1]
                (offset,) = struct.unpack_from("<Q", body, 3)
                values = np.frombuffer(body, np.int32, offset=19)
                assert values[0] == offset % PERIOD
                if expected is not None:
                    assert offset >= expected
                    self.lost += offset - expected
                expected = offset + len(values)
                self.items += len(values)
                time.sleep(self.pause)
            socket.disable_monitor()
            gone.close(0)


PERIOD = 99_991


def published(address: str, items: int, **parameters: Any) -> dict[str, Any]:
    """Publish items, as fast as it goes; returns the results of the sink."""
    ramp = np.arange(PERIOD, dtype=np.int32)
    sink = find("zeromq_pub_sink")(address=address, pass_tags=True, name="sink", **parameters)
    graph = Flowgraph("published")
    graph.connect(VectorSource(data=ramp, repeat=True), Head(items=items), sink)
    return dict(graph.run(chunk=8192, max_seconds=120).results["sink"])


@pytest.fixture(params=["ipc", "tcp"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "ipc":
        return f"ipc://{tmp_path}/x"
    return f"tcp://127.0.0.1:{free_port()}"


def test_one_slow_subscriber(address: str) -> None:
    reader = Reader(address, pause=0.02)
    found = published(address, 2_000_000, subscribers=1, hwm=2)
    reader.join(120)
    assert found["dropped"] > 0
    assert reader.items + found["dropped"] == 2_000_000
    assert reader.items == found["items"]
    # What is missing at the end has no message after it, which would tell the subscriber.
    assert reader.lost <= found["dropped"]


def test_each_of_several_subscribers_is_counted(address: str) -> None:
    readers = [Reader(address, pause=pause) for pause in (0.0, 0.01, 0.02)]
    found = published(address, 1_000_000, subscribers=3, hwm=10)
    for reader in readers:
        reader.join(120)
    missed = [1_000_000 - reader.items for reader in readers]
    assert missed[2] > 0
    assert sum(missed) == found["dropped"]


def test_all_wait_for_the_slowest_on_request(address: str) -> None:
    readers = [Reader(address, pause=pause, key=b"k") for pause in (0.0, 0.002)]
    found = published(address, 500_000, subscribers=2, hwm=2, key="key", drop_on_hwm=False)
    for reader in readers:
        reader.join(120)
    assert [(reader.items, reader.lost) for reader in readers] == [(500_000, 0)] * 2
    assert (found["items"], found["dropped"]) == (500_000, 0)


def test_a_sink_that_connects_counts_too(tmp_path: Path) -> None:
    address = f"ipc://{tmp_path}/x"
    reader = Reader(address, pause=0.02, bind=True)
    found = published(address, 1_000_000, subscribers=1, hwm=2, bind=False)
    reader.join(120)
    assert 0 < reader.items == found["items"]
    assert reader.items + found["dropped"] == 1_000_000
    assert found["dropped"] > 0


def test_what_nobody_wants_is_dropped(tmp_path: Path) -> None:
    address = f"ipc://{tmp_path}/x"
    reader = Reader(address, pause=0.0, key=b"other")
    sink = find("zeromq_pub_sink")(address=address, pass_tags=True, key="key", linger=0.2)
    x = np.arange(100, dtype=np.int32)
    with Harness(sink, {"x": ItemType("int32")}) as harness:
        deadline = time.monotonic() + 120
        while sink.opened().room(False) and not sink.opened().outlet.subscribers:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        harness.push(x)
        harness.end()
    assert sink.results() == {"messages": 0, "items": 0, "dropped": 100}
    assert reader.items == 0


# The protocol ------------------------------------------------------------------------------------


def test_the_handshake_is_what_libzmq_writes() -> None:
    """A subscriber's bytes, as they come, one at a time."""
    with zmq.Context() as context, context.socket(zmq.STREAM) as listening:
        port = listening.bind_to_random_port("tcp://127.0.0.1")
        with context.socket(zmq.SUB) as socket:
            socket.setsockopt(zmq.SUBSCRIBE, b"topic")
            socket.connect(f"tcp://127.0.0.1:{port}")
            peer, _ = listening.recv_multipart()
            listening.send_multipart([peer, zmtp.GREETING])
            known, raw = zmtp.Subscriber(), b""
            deadline = time.monotonic() + 120
            while not known.topics:
                assert time.monotonic() < deadline
                if not listening.poll(100):
                    continue
                _, piece = listening.recv_multipart()
                raw += piece
                for k in range(len(piece)):
                    if answer := known.hear(piece[k : k + 1]):
                        listening.send_multipart([peer, answer])
            listening.send_multipart([peer, b"".join(zmtp.frames([b"topic!", bytes(300)]))])
            assert socket.recv_multipart() == [b"topic!", bytes(300)]
            socket.close(0)
    assert known.wants(b"topic and more")
    assert not known.wants(b"topi")
    again = zmtp.Subscriber()
    again.hear(raw)
    assert again.topics == known.topics


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\n\r\n" + bytes(60),
        zmtp.GREETING.replace(b"NULL", b"PLAI"),
        zmtp.GREETING.replace(b"\x7f\x03", b"\x7f\x01"),
        zmtp.GREETING + zmtp.ready(),
        zmtp.GREETING + b"\x02" + b"\xff" * 8,
        zmtp.GREETING + b"\x04\x06\x05ERROR",
    ],
)
def test_who_is_no_subscriber_is_hung_up_on(raw: bytes, tmp_path: Path) -> None:
    address = f"ipc://{tmp_path}/x"
    sink = find("zeromq_pub_sink")(address=address, linger=0.0)
    with (
        zmq.Context() as context,
        Harness(sink, {"x": ItemType("int32")}) as harness,
        context.socket(zmq.STREAM) as socket,
    ):
        socket.connect(address)
        peer, _ = socket.recv_multipart()
        socket.send_multipart([peer, raw])
        heard = [b"x"]
        deadline = time.monotonic() + 120
        while heard[-1]:
            assert time.monotonic() < deadline
            harness.push(np.zeros(1, np.int32))
            while socket.poll(10):
                heard.append(socket.recv_multipart()[1])
        socket.close(0)
    assert sink.results()["items"] == 0
