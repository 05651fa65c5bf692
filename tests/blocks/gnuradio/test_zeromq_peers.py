"""What the blocks of gr-zeromq do with peers that are wrong, absent, slow or gone."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq

from semradio.blocks.api import BlockError, ItemType, ParameterError, Tag, find
from semradio.blocks.api.harness import Harness
from semradio.blocks.gnuradio import pmt, stream_header
from semradio.blocks.gnuradio.pmt import Pair
from semradio.flowgraphs import Flowgraph

X = np.arange(100, dtype=np.float32)
HEAD = stream_header.encode(0, [])


@pytest.fixture
def context() -> Iterator[zmq.Context[Any]]:
    found: zmq.Context[Any] = zmq.Context()
    found.linger = 0
    yield found
    found.destroy(linger=0)


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"ipc://{tmp_path}/x"


def bound(context: zmq.Context[Any], kind: int, address: str) -> Any:
    """Return a socket that listens; what it sends is lost when nobody holds it any more."""
    socket = context.socket(kind)
    socket.bind(address)
    return socket


def wait_for(happened: Callable[[], Any], seconds: float = 120.0) -> None:
    """Wait until something has happened; AssertionError if it does not."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.002)


class Received:
    """A source that is stepped until it has what a test waits for."""

    def __init__(self, name: str, **parameters: Any) -> None:
        self.block = find(name)(**parameters)
        self.harness = Harness(self.block, {}, chunk=64)
        self.harness.step()

    def step_until(self, happened: Callable[[], Any]) -> None:
        wait_for(lambda: (self.harness.step(), happened())[1])

    def until_finished(self) -> np.ndarray:
        self.step_until(lambda: self.harness.finished)
        return self.harness.outputs()[0]

    def tags(self) -> list[Tag]:
        return self.harness.tags()[0]

    def __enter__(self) -> Received:
        return self

    def __exit__(self, *exc: object) -> None:
        self.harness.close()


# Messages that are wrong -----------------------------------------------------------------------

WRONG: dict[str, tuple[bytes, bool, str]] = {
    "item size": (X.tobytes() + b"\0", False, "no whole number of float32"),
    "unexpected header": (HEAD + X.tobytes(), False, "set pass_tags on both sides"),
    "no header": (X.tobytes(), True, "no header of GNU Radio's: set pass_tags"),
    "short header": (HEAD[:12], True, "too short"),
    "bad magic": (b"\0" + HEAD[1:], True, "no header"),
    "tag count": (HEAD[:11] + struct.pack("<Q", 2**63) + X.tobytes(), True, "announces 92233"),
    "half an item": (HEAD + b"\0\0\0", True, "no whole number"),
    "deep tag": (HEAD[:11] + struct.pack("<Q", 1) + bytes(8) + b"\x08\0\0\0\x01" * 10_000, True,
                 "nested more than"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_message_ends_the_run(name: str, context: Any, address: str) -> None:
    raw, pass_tags, words = WRONG[name]
    with Received(
        "zeromq_pull_source", address=address, type="float32", pass_tags=pass_tags
    ) as source:
        socket = bound(context, zmq.PUSH, address)
        socket.send(raw)
        with pytest.raises(BlockError, match=f"from {address}: .*{words}"):
            source.step_until(lambda: False)


def test_wrong_messages_are_dropped_on_request(context: Any, address: str) -> None:
    with Received(
        "zeromq_pull_source",
        address=address,
        type="float32",
        pass_tags=True,
        items=100,
        malformed="drop",
    ) as source:
        socket = bound(context, zmq.PUSH, address)
        for raw, pass_tags, _ in WRONG.values():
            if pass_tags:
                socket.send(raw)
        socket.send(HEAD + X.tobytes())
        assert source.until_finished().tolist() == X.tolist()
        found = source.block.results()
    assert found["malformed"] == sum(pass_tags for _, pass_tags, _ in WRONG.values())


def test_a_message_that_is_too_long_is_not_taken(context: Any, address: str) -> None:
    with Received(
        "zeromq_pull_source",
        address=address,
        bind=True,
        type="float32",
        items=100,
        max_message=16 << 20,
    ) as source:
        hostile, honest = context.socket(zmq.PUSH), context.socket(zmq.PUSH)
        gone = hostile.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        hostile.connect(address)
        hostile.send(bytes(32 << 20))
        source.step_until(lambda: gone.poll(1))
        hostile.disable_monitor()
        assert source.block.messages == 0
        honest.connect(address)
        honest.send(X.tobytes())
        assert source.until_finished().tolist() == X.tolist()
    assert "or it sent a message of more than 16777216 bytes" in source.block.notes[0]


@pytest.mark.parametrize("kind", ["pull", "sub", "req"])
def test_a_message_that_is_too_long_ends_the_run(kind: str, context: Any, address: str) -> None:
    with Received(
        f"zeromq_{kind}_source", address=address, type="float32", max_message=1 << 20
    ) as source:
        served(kind, context, address, bytes(4 << 20), source)
        with pytest.raises(BlockError, match=f"from {address}: a message of more than 1048608"):
            source.step_until(lambda: False)


def served(kind: str, context: Any, address: str, message: bytes | None, source: Received) -> Any:
    """Send a message to a source from the socket that it connects to."""
    sender = context.socket({"pull": zmq.PUSH, "sub": zmq.XPUB, "req": zmq.REP}[kind])
    sender.bind(address)
    if kind != "pull":
        source.step_until(lambda: sender.poll(1))
        sender.recv()
    if message is not None:
        sender.send(message)
    return sender


def test_the_next_messages_come_where_long_ones_are_dropped(context: Any, address: str) -> None:
    with Received(
        "zeromq_sub_source",
        address=address,
        type="float32",
        items=100,
        max_message=1 << 20,
        malformed="drop",
    ) as source:
        sender = served("sub", context, address, bytes(4 << 20), source)
        source.step_until(lambda: sender.poll(1) and sender.recv() == b"\x01")
        sender.send(X.tobytes())
        assert source.until_finished().tolist() == X.tolist()
        assert source.block.results()["malformed"] == 1


def test_two_large_items_in_one_message(context: Any, address: str) -> None:
    item = 8 << 20
    with Received(
        "zeromq_pull_source", address=address, type=f"uint8[{item}]", pass_tags=True, items=2
    ) as source:
        socket = bound(context, zmq.PUSH, address)
        socket.send(HEAD + bytes(2 * item))
        assert len(source.until_finished()) == 2


@pytest.mark.parametrize(
    ("stated", "sent", "words"),
    [
        ("complex64", 23, r"184 bytes, but complex64 has 8: .*complex64\[23\]"),
        ("complex64[23]", 1, r"8 bytes, but complex64\[23\] has 184: .*such as complex64$"),
        ("float32[6]", 2, r"8 bytes, but float32\[6\] has 24: .*such as float32\[2\]"),
        ("float32[2]", 6, r"24 bytes, but float32\[2\] has 8: .*such as float32\[6\]"),
    ],
)
def test_a_vector_length_that_differs_is_found(
    stated: str, sent: int, words: str, context: Any, address: str
) -> None:
    item = ItemType.parse(stated)
    nbytes = item.numpy.itemsize * sent
    with Received(
        "zeromq_pull_source", address=address, type=stated, pass_tags=True, idle_s=1.5
    ) as source:
        socket = bound(context, zmq.PUSH, address)
        offset = 7
        # Lengths that hold whole items of both kinds.
        for count in (276, 552, 276, 828, 276, 552):
            socket.send(stream_header.encode(offset, []) + bytes(count * nbytes))
            offset += count
        with pytest.raises(BlockError, match=words):
            source.step_until(lambda: False)


def test_a_vector_length_that_differs_is_found_in_two_messages(context: Any, address: str) -> None:
    with Received(
        "zeromq_pull_source", address=address, type="complex64", pass_tags=True, idle_s=1.5
    ) as source:
        socket = bound(context, zmq.PUSH, address)
        for offset in (0, 10):
            socket.send(stream_header.encode(offset, []) + bytes(10 * 23 * 8))
        with pytest.raises(BlockError, match="items of 184 bytes, but complex64 has 8"):
            source.step_until(lambda: False)


def test_losses_and_new_beginnings_are_no_other_length(context: Any, address: str) -> None:
    offsets = [0, 200, 400, 600, 700, 0, 50, 150, 0, 25, 125]
    with Received(
        "zeromq_pull_source",
        address=address,
        type="float32",
        pass_tags=True,
        items=100 * len(offsets),
    ) as source:
        socket = bound(context, zmq.PUSH, address)
        for offset in offsets:
            socket.send(stream_header.encode(offset, []) + X.tobytes())
        source.until_finished()
    assert source.block.results()["gaps"] == 3


def test_a_key_that_one_side_lacks_is_named(context: Any, address: str) -> None:
    for pass_tags in (False, True):
        with Received(
            "zeromq_sub_source", address=address, type="float32", pass_tags=pass_tags
        ) as source:
            sender = served("sub", context, address, None, source)
            head = HEAD if pass_tags else b""
            sender.send_multipart([b"station 1", head + X.tobytes()])
            with pytest.raises(BlockError, match=r"sends a key, 'station 1', .* set 'key'"):
                source.step_until(lambda: False)
            sender.close(0)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"\x0e", "begins no value"),
        (b"\x08\0\0\0\x01" * 10_000, "nested more than"),
        (pmt.serialize(Pair(None, X.astype(np.float64))), "holds float64, not float32"),
        (pmt.serialize(Pair(None, X[:3])), "3 values holds no whole number"),
    ],
)
def test_a_wrong_pdu_ends_the_run(raw: bytes, words: str, context: Any, address: str) -> None:
    with Received("zeromq_pull_msg_source", address=address, type="float32[2]") as source:
        socket = bound(context, zmq.PUSH, address)
        socket.send(raw)
        with pytest.raises(BlockError, match=words):
            source.step_until(lambda: False)


PACKETS = """
flowgraph: packets
blocks:
  source: {{block: zeromq_pull_msg_source, address: "{address}", type: float32, idle_s: 2,
           bind: true}}
  tags:   {{block: tag_debug, limit: 2000}}
connections: [source -> tags]
"""
LISTENING = PACKETS.replace("bind: true", "bind: true, command_items: true")


def told(text: str, messages: list[Any], context: Any, address: str) -> dict[str, Any]:
    """Run a flowgraph that hears these messages; returns its results."""
    socket = context.socket(zmq.PUSH)
    socket.setsockopt(zmq.SNDHWM, 0)
    socket.connect(address)
    for message in messages:
        socket.send(pmt.serialize(message))
    found = Flowgraph.load(text.format(address=address)).run(max_seconds=120)
    return dict(found.results)


def test_messages_without_items_are_bounded(context: Any, address: str) -> None:
    found = told(PACKETS, [*range(1100), Pair(None, X[:1])], context, address)
    commands = [tag[2] for tag in found["tags"]["tags"] if tag[1] == "message"]
    assert commands == list(range(100, 1100))
    assert (found["source"]["commands"], found["source"]["dropped"]) == (1100, 100)


WITHOUT_ITEMS = [
    {"freq": 1e9},
    Pair("freq", 2e9),
    Pair({"number": 7}, np.zeros(0, np.uint8)),
    "symbol",
    None,
]
AS_TAGS = [{"freq": 1e9}, ["freq", 2e9], [{"number": 7}, ""], "symbol", None]


def test_messages_without_a_packet_are_heard_at_once(context: Any, address: str) -> None:
    pdu = Pair(None, X[:2])
    found = told(LISTENING, [*WITHOUT_ITEMS, pdu, "last"], context, address)
    commands = [*enumerate(AS_TAGS), (7, "last")]
    assert [tag for tag in found["tags"]["tags"] if tag[1] == "message"] == [
        [k, "message", value] for k, value in commands
    ]
    assert found["source"] == {
        "messages": 7, "items": 8, "malformed": 0, "commands": 6, "dropped": 0,
    }  # fmt: skip


def test_messages_without_a_packet_are_counted(context: Any, address: str) -> None:
    found = told(PACKETS, WITHOUT_ITEMS, context, address)
    assert found["source"] == {
        "messages": 5, "items": 0, "malformed": 0, "commands": 5, "dropped": 5,
    }  # fmt: skip


def test_metadata_that_are_no_dictionary_do_not_cost_the_packet(context: Any, address: str) -> None:
    pdu = Pair(pmt.PairList(["a", 2]), X[:3])
    found = told(PACKETS, [pdu, Pair("name", X[3:5]), Pair({"b": 1}, X[:1])], context, address)
    assert found["source"]["items"] == 6
    assert found["tags"]["tags"] == [
        [0, "packet_len", 3], [0, "metadata", ["a", 2]],
        [3, "packet_len", 2], [3, "metadata", "name"],
        [5, "packet_len", 1], [5, "b", 1],
    ]  # fmt: skip
    sink = find("zeromq_push_msg_sink")(address=address + "y")
    with context.socket(zmq.PULL) as socket:
        socket.connect(address + "y")
        sink(X[:5], tags=[Tag(0, "packet_len", 3), Tag(0, "metadata", ["a", 2]),
                          Tag(3, "packet_len", 2)])  # fmt: skip
        heard = [pmt.deserialize(socket.recv()) for _ in range(2)]
    assert heard[0].car == ["a", 2]
    assert heard[1].car is None


# Gaps, restarts, ends --------------------------------------------------------------------------


def test_gaps_and_restarts_are_told(context: Any, address: str) -> None:
    with Received(
        "zeromq_pull_source", address=address, type="float32", pass_tags=True, items=60
    ) as source:
        socket = bound(context, zmq.PUSH, address)
        for offset in (7, 17, 50, 60, 0, 10):
            tags = [Tag(offset + 2, "here", offset), Tag(offset + 10, "elsewhere", None)]
            socket.send(stream_header.encode(offset, tags) + X[:10].tobytes())
        source.until_finished()
        found = source.block.results()
        tags = source.tags()
    assert found == {
        "messages": 6, "items": 60, "malformed": 0, "gaps": 1, "lost": 23, "missed": 7,
        "restarts": 1,
    }  # fmt: skip
    assert [tag for tag in tags if tag.key != "here"] == [
        Tag(20, "gap", 23),
        Tag(40, "restart", 0),
        Tag(40, "gap", None),
    ]
    assert [tag.index for tag in tags if tag.key == "here"] == [2, 12, 22, 32, 42, 52]


def test_a_stream_ends_at_a_tag(context: Any, address: str) -> None:
    with Received(
        "zeromq_pull_source", address=address, type="float32", pass_tags=True, end_tag="end"
    ) as source:
        tags = [Tag(70, "end", True), Tag(72, "end", True)]
        socket = bound(context, zmq.PUSH, address)
        socket.send(stream_header.encode(0, tags) + X.tobytes())
        assert source.until_finished().tolist() == X[:71].tolist()


def test_a_stream_ends_when_it_is_silent(context: Any, address: str) -> None:
    with Received("zeromq_pull_source", address=address, type="float32", idle_s=0.2) as source:
        # Nobody is silent who has not begun.
        for _ in range(30):
            source.harness.step()
            time.sleep(0.01)
        assert not source.harness.finished
        socket = bound(context, zmq.PUSH, address)
        socket.send(X.tobytes())
        assert source.until_finished().tolist() == X.tolist()


def test_a_key_chooses(context: Any, address: str) -> None:
    with Received(
        "zeromq_sub_source", address=address, type="float32", key="ab", items=200
    ) as source:
        socket = bound(context, zmq.XPUB, address)
        assert socket.recv() == b"\x01ab"
        for frames in ([b"xab", b"!"], [b"ab"], [b"abc", X.tobytes()], [b"ab", X[:60], X[60:]]):
            socket.send_multipart(frames)
        assert source.until_finished().tolist() == [*X, *X]


def test_a_request_asks_for_what_is_wanted(context: Any, address: str) -> None:
    with Received("zeromq_req_source", address=address, type="float32", items=100) as source:
        socket = bound(context, zmq.REP, address)
        source.step_until(lambda: socket.poll(1))
        assert socket.recv() == struct.pack("=I", 100)
        # Less than was asked for, nothing, and more than is wanted.
        for answer in (X[:30], X[:0], X[30:]):
            socket.send(answer.tobytes())
            if answer is not None and len(answer) < 70:
                source.step_until(lambda: socket.poll(1))
                assert struct.unpack("=I", socket.recv())[0] == 70
        assert source.until_finished().tolist() == X.tolist()


def test_a_request_is_repeated_when_the_peer_has_gone(context: Any, address: str) -> None:
    with Received("zeromq_req_source", address=address, type="float32", items=100) as source:
        for comes_back in (False, True):
            socket = bound(context, zmq.REP, address)
            source.step_until(lambda s=socket: s.poll(1))
            socket.recv()
            if comes_back:
                socket.send(X.tobytes())
            else:
                socket.close(0)
        assert source.until_finished().tolist() == X.tolist()


# Sinks ------------------------------------------------------------------------------------------


def fed(sink: Any, x: np.ndarray = X, tags: list[Tag] | None = None) -> Harness:
    harness = Harness(sink, {"x": ItemType.of(x)})
    harness.push(x, tags=tags or [])
    return harness


def test_a_push_sink_waits_for_a_peer(context: Any, address: str) -> None:
    sink = find("zeromq_push_sink")(address=address, max_latency=0.0)
    harness = fed(sink)
    assert harness.queues["x"].items == 100
    socket = context.socket(zmq.PULL)
    socket.connect(address)
    wait_for(lambda: (harness.run(), harness.queues["x"].items == 0)[1])
    assert socket.recv() == X.tobytes()
    harness.end()
    harness.close()
    assert sink.results() == {"messages": 1, "items": 100, "dropped": 0}


def test_the_last_item_can_be_marked(context: Any, address: str) -> None:
    sink = find("zeromq_push_sink")(
        address=address, pass_tags=True, end_tag="end", message_items=30
    )
    socket = context.socket(zmq.PULL)
    socket.connect(address)
    harness = fed(sink, tags=[Tag(40, "a", 1)])
    harness.end()
    harness.close()
    found = [stream_header.decode(recv(socket)) for _ in range(4)]
    assert not socket.poll(200)
    assert [offset for offset, _, _ in found] == [0, 30, 60, 90]
    assert [tags for _, tags, _ in found] == [[], [Tag(40, "a", 1)], [], [Tag(99, "end", True)]]


def recv(socket: Any) -> bytes:
    """Return the next message, however late it is; AssertionError if none comes."""
    assert socket.poll(120_000), "no message comes"
    return bytes(socket.recv())


ENDLESS = """
flowgraph: endless
blocks:
  source: {{block: null_source, type: complex64}}
  sink:   {{block: {sink}, address: "{address}", {more}}}
connections: [source -> sink]
"""


@pytest.mark.parametrize("name", ["zeromq_push_sink", "zeromq_rep_sink"])
@pytest.mark.parametrize("there", [False, True], ids=["nobody", "never reads"])
def test_a_sink_that_nobody_reads_waits_and_stops(
    name: str, there: bool, context: Any, address: str
) -> None:
    if there:
        socket = context.socket(zmq.PULL if "push" in name else zmq.DEALER)
        socket.setsockopt(zmq.RCVHWM, 1)
        socket.connect(address)
    text = ENDLESS.format(sink=name, address=address, more="hwm: 3")
    began = time.monotonic()
    result = Flowgraph.load(text).run(max_seconds=0.5, chunk=4096)
    assert time.monotonic() - began < 60
    found = result.results["sink"]
    assert found["dropped"] > 0
    assert found["items"] + found["dropped"] == result.blocks["source"]["items_out"]
    # All that was ever held: a queue and a few messages.
    assert result.blocks["source"]["items_out"] < 1 << 20


@pytest.mark.parametrize("name", ["zeromq_push_sink", "zeromq_pub_sink", "zeromq_rep_sink"])
def test_a_sink_that_waits_says_so(
    name: str, address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("semradio.blocks.gnuradio.peer_sink._SILENT_S", 0.1)
    more = "linger: 0.1" + (", subscribers: 1" if "pub" in name else "")
    result = Flowgraph.load(ENDLESS.format(sink=name, address=address, more=more)).run(
        max_seconds=2, chunk=4096
    )
    assert result.notes["sink"] == [f"waits: nobody takes messages at {address}"]
    assert [record.getMessage() for record in caplog.records] == [
        f"sink: waits: nobody takes messages at {address}"
    ]


def test_a_push_sink_drops_on_request(context: Any, address: str) -> None:
    more = "drop_on_hwm: true"
    text = ENDLESS.format(sink="zeromq_push_sink", address=address, more=more)
    result = Flowgraph.load(text).run(max_seconds=0.3, chunk=4096)
    assert result.results["sink"]["dropped"] == result.blocks["source"]["items_out"] > 0


def test_a_pub_sink_counts_what_a_subscriber_misses(context: Any, address: str) -> None:
    sink = find("zeromq_pub_sink")(
        address=address, subscribers=2, hwm=2, message_items=10, pass_tags=True, max_latency=0.0
    )
    reader, sleeper = context.socket(zmq.SUB), context.socket(zmq.SUB)
    sleeper.setsockopt(zmq.RCVHWM, 1)
    sleeper.setsockopt(zmq.RCVBUF, 4096)
    for socket in (reader, sleeper):
        socket.setsockopt(zmq.SUBSCRIBE, b"")
        socket.connect(address)
    harness = Harness(sink, {"x": ItemType("float32", (10_000,))})
    big = np.zeros((10, 10_000), np.float32)
    heard = 0
    for _ in range(20):
        harness.push(big)
        wait_for(lambda: (harness.run(), harness.queues["x"].items == 0)[1])
        heard += len(recv(reader)) > big.nbytes
    harness.close()
    found = sink.results()
    # The slow one costs the other nothing.
    assert heard == 20
    assert found["messages"] == 20
    assert 0 < found["dropped"] < 200


def test_a_pub_sink_without_subscribers_counts_all(address: str) -> None:
    sink = find("zeromq_pub_sink")(address=address)
    assert sink(X) == {"messages": 0, "items": 0, "dropped": 100}


def test_an_answer_goes_to_the_next_if_the_first_has_gone(context: Any, address: str) -> None:
    sink = find("zeromq_rep_sink")(address=address, max_latency=0.0)
    harness = Harness(sink, {"x": ItemType("float32")})
    gone = context.socket(zmq.REQ)
    gone.connect(address)
    gone.send(struct.pack("=I", 50))
    wait_for(lambda: sink.opened().room(False))
    gone.close(0)
    # Until the sink's socket has noticed, the first one counts as there.
    link = sink.opened().outlet.link
    wait_for(lambda: link.disconnects)
    time.sleep(0.2)
    asking = context.socket(zmq.REQ)
    asking.connect(address)
    asking.send(b"")
    harness.push(X[:50])
    harness.push(X[50:])
    wait_for(lambda: (harness.run(), asking.poll(1))[1])
    assert asking.recv() == X[:50].tobytes()
    harness.close()


def test_requests_that_are_none_are_ignored(context: Any, address: str) -> None:
    sink = find("zeromq_rep_sink")(address=address, max_latency=0.0)
    harness = Harness(sink, {"x": ItemType("float32")})
    hostile = context.socket(zmq.DEALER)
    hostile.connect(address)
    for frames in ([b"no envelope"], [b"a", b"b", b"c"], [b""], [b"", struct.pack("=I", 0)]):
        hostile.send_multipart(frames)
    harness.push(X)
    wait_for(lambda: (harness.run(), hostile.poll(1))[1])
    # A request for nothing would be asked for ever: it gets one item.
    assert hostile.recv_multipart() == [b"", X[:1].tobytes()]
    harness.close()


def test_a_packet_needs_its_length(address: str) -> None:
    sink = find("zeromq_pub_msg_sink")(address=address)
    with pytest.raises(BlockError, match=r"item 0: the item is in no packet: .* 'packet_len'"):
        sink(X)
    for length in (0, -1, 1 << 40, "3"):
        with pytest.raises(BlockError, match="must be a number of items, 1 to 1048576"):
            sink(X, tags=[Tag(0, "packet_len", length)])
    with pytest.raises(BlockError, match="packet within another, which lacks 5"):
        sink(X, tags=[Tag(0, "packet_len", 10), Tag(5, "packet_len", 10)])


def test_the_rest_of_a_packet_is_told(address: str) -> None:
    sink = find("zeromq_pub_msg_sink")(address=address, packet_items=30)
    assert sink(X)["dropped"] == 90
    assert sink.notes == ["the last 10 items lack 20 to a packet and were not sent"]


# Addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["", "127.0.0.1:5555", "udp://x", "tcp://", "inproc://x"])
def test_an_address_that_is_none(bad: str) -> None:
    with pytest.raises(ParameterError, match="'address' must be like"):
        find("zeromq_pull_source")(address=bad)


def test_an_address_that_is_taken(context: Any) -> None:
    socket = bound(context, zmq.PUSH, "tcp://127.0.0.1:*")
    taken = socket.getsockopt_string(zmq.LAST_ENDPOINT)
    with pytest.raises(ParameterError, match=f"cannot listen on '{taken}': Address already in use"):
        Harness(find("zeromq_push_sink")(address=taken), {"x": ItemType("int8")})


def test_others_may_listen_only_if_told_so() -> None:
    for address, told in (("tcp://127.0.0.1:*", False), ("tcp://*:*", True)):
        sink = find("zeromq_pub_sink")(address=address)
        sink(X)
        assert any("other machines" in note for note in sink.notes) is told


def test_ctrl_c_reaches_a_source_without_a_peer(address: str) -> None:
    text = f"""
flowgraph: silent
blocks:
  source: {{block: zeromq_pull_source, address: "{address}"}}
  sink:   {{block: null_sink}}
connections: [source -> sink]
"""
    began = time.monotonic()
    result = Flowgraph.load(text).run(max_seconds=0.2)
    assert time.monotonic() - began < 60
    assert result.results["source"]["messages"] == 0
    assert threading.active_count() < 50
