"""UDP, TCP and rtl_tcp, with the standard library's sockets on the other side."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ports import free_port

from semradio.blocks.api import BlockError, ItemType, ParameterError, StreamError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.radio.rtl_tcp_source import RtlTcpSource
from semradio.blocks.radio.tcp_sink import TcpSink
from semradio.blocks.radio.tcp_source import TcpSource
from semradio.blocks.radio.udp_sink import UdpSink
from semradio.blocks.radio.udp_source import UdpSource

draw = np.random.default_rng(3)
X = draw.standard_normal(1000).astype(np.float32)
PATIENCE_S = 120.0


def until(happened: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def at(found: socket.socket) -> str:
    """The address of a socket, as our blocks take it."""
    host, number = found.getsockname()
    return f"{host}:{number}"


def packet(number: int, x: np.ndarray) -> bytes:
    """As GNU Radio's UDP Sink writes it with a sequence number."""
    return struct.pack("<Q", number) + x.tobytes()


def heard(packets: list[bytes], **parameters: Any) -> tuple[UdpSource, np.ndarray, list[Tag]]:
    """What a source makes of packets."""
    source = UdpSource(address="127.0.0.1:0", type="float32", **parameters)
    with Harness(source, {}, 64) as harness, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for one in packets:
            s.sendto(one, source.endpoint)
        until(lambda: (harness.step(), harness.finished)[1])
        return source, harness.outputs()[0], harness.tags()[0]


def test_lost_packets_leave_gaps() -> None:
    pieces = [(k, X[100 * k : 100 * k + 100]) for k in range(10)]
    sent = [packet(k + 1, x) for k, x in pieces if k not in (3, 4, 7)]
    source, y, tags = heard([*sent, b""], header="seq")
    np.testing.assert_array_equal(y, np.concatenate([x for k, x in pieces if k not in (3, 4, 7)]))
    assert tags == [Tag(300, "gap", 200), Tag(500, "gap", 100)]
    assert source.results() == {"items": 700, "packets": 7, "gaps": 2, "lost": 300, "late": 0}


def test_a_late_packet_is_left_out_and_a_new_sender_is_a_gap() -> None:
    numbers = [1, 3, 2, 4, 1, 2]
    source, y, tags = heard([*(packet(n, X[:10] + n) for n in numbers), b""], header="seq")
    assert y[::10].tolist() == [X[0] + n for n in (1, 3, 4, 1, 2)]
    assert tags == [Tag(10, "gap", 10), Tag(30, "gap", None)]
    assert source.results()["late"] == 1


def test_the_end_by_count_and_by_silence() -> None:
    assert len(heard([X[:70].tobytes()] * 3, items=100)[1]) == 100
    assert len(heard([X[:70].tobytes()] * 3, idle_s=0.2)[1]) == 210


@pytest.mark.parametrize(
    ("raw", "header", "words"),
    [
        (b"12345", "none", "no whole number of float32"),
        (b"1234", "seq", "has no header 'seq'"),
        (struct.pack("<QH6x", 1, 30) + bytes(8), "seq_size", "says that it has 30"),
    ],
)
def test_packets_that_are_wrong(raw: bytes, header: str, words: str) -> None:
    with pytest.raises(BlockError, match=words):
        heard([raw], header=header)


@pytest.mark.parametrize("header", ["none", "seq", "seq_size"])
def test_what_a_udp_sink_sends(header: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.bind(("127.0.0.1", 0))
        s.settimeout(PATIENCE_S)
        sink = UdpSink(address=at(s), header=header, packet_bytes=416)
        assert sink(X, chunk=7) == {"items": 1000, "packets": 10}
        packets = [s.recv(2000) for _ in range(13)]
    size = {"none": 0, "seq": 8, "seq_size": 16}[header]
    body = b"".join(one[size:] for one in packets)
    np.testing.assert_array_equal(np.frombuffer(body, np.float32), X)
    assert packets[10:] == [b""] * 3
    if size:
        assert [struct.unpack_from("<Q", one)[0] for one in packets[:10]] == list(range(1, 11))
    if size == 16:
        assert [struct.unpack_from("<H", one, 8)[0] for one in packets[:10]] == [
            len(one) for one in packets[:10]
        ]


def test_addresses_that_cannot_be_used() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        with pytest.raises(ParameterError, match="Address already in use"):
            UdpSource(address=at(s))(1)
    free = f"127.0.0.1:{free_port()}"
    with pytest.raises(ParameterError, match="hold no item"):
        UdpSink(packet_bytes=3)(X)
    for bad in ("127.0.0.1", ":1", "x:70000", "x:y"):
        with pytest.raises(ParameterError, match="must be HOST:PORT"):
            TcpSource(address=bad)
    for make in (lambda: TcpSource(address=free)(1), lambda: TcpSink(address=free)(X)):
        with pytest.raises(ParameterError, match=r"cannot connect to 127\.0\.0\.1"):
            make()
    with pytest.raises(ParameterError, match=r"no rtl_tcp at 127\.0\.0\.1"):
        RtlTcpSource(address=free, frequency=1e8)(1)


@pytest.mark.parametrize("bind", [False, True])
def test_tcp_carries_everything(bind: bool) -> None:
    x = np.tile(X, 200).reshape(-1, 4)
    source = TcpSource(address="127.0.0.1:0", type="float32[4]", bind=bind)
    sink = TcpSink(address="127.0.0.1:0", bind=not bind)
    first, second = (source, sink) if bind else (sink, source)
    types = {"x": ItemType("float32", (4,))}
    with Harness(first, types if first is sink else {}, 512) as one:
        second.set("address", f"127.0.0.1:{first.endpoint}")
        with Harness(second, types if second is sink else {}, 512) as other:
            sending, receiving = (one, other) if first is sink else (other, one)
            sending.push(x)
            until(
                lambda: (
                    sending.run(), receiving.step(), receiving.items_out >= len(x)
                )[2]
            )  # fmt: skip
            sending.end()
            sink.stop()
            until(lambda: (receiving.step(), receiving.finished)[1])
            np.testing.assert_array_equal(receiving.outputs()[0], x)
    assert sink.results() == {"items": len(x)}


def test_a_receiver_that_goes_is_told() -> None:
    sink = TcpSink(address="127.0.0.1:0", bind=True, timeout=0.3)
    with Harness(sink, {"x": ItemType("float32")}) as harness:
        with socket.create_connection(("127.0.0.1", sink.endpoint)):
            until(lambda: (harness.push(X[:1]), sink.items)[1])
        with pytest.raises((BlockError, StreamError), match=r"went|takes nothing"):
            for _ in range(2000):
                harness.push(np.tile(X, 100))
                time.sleep(0.001)
            harness.end()


class Server(threading.Thread):
    """An rtl_tcp with a receiver that gives a ramp of bytes."""

    def __init__(self, greeting: bytes = struct.pack(">4sII", b"RTL0", 5, 29)) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = at(self.listener)
        self.greeting = greeting
        self.commands: list[tuple[int, int]] = []
        self.go = threading.Event()
        self.start()

    def run(self) -> None:
        peer, _ = self.listener.accept()
        with peer, contextlib.suppress(ConnectionError):
            ramp = (np.arange(1001) % 256).astype(np.uint8).tobytes()
            peer.sendall(self.greeting + ramp[:333])
            peer.sendall(ramp[333:])
            peer.settimeout(PATIENCE_S)
            while len(self.commands) < 6:
                self.commands.append(struct.unpack(">BI", peer.recv(5, socket.MSG_WAITALL)))
            self.go.wait(PATIENCE_S)
        self.listener.close()


def test_rtl_tcp() -> None:
    server = Server()
    source = RtlTcpSource(
        address=server.address, frequency=100e6, rate=1e6, gain=20.7, correction=-2
    )
    with Harness(source, {}, 64) as harness:
        until(lambda: (harness.step(), harness.items_out >= 500)[1])
        harness.change({"frequency": 433.92e6})
        harness.step()
        until(lambda: len(server.commands) == 6)
        server.go.set()
        until(lambda: (harness.step(), harness.finished)[1])
        y, tags = harness.outputs()[0], harness.tags()[0]
    ramp = (np.arange(1000) % 256 - 127.5) / 127.5
    np.testing.assert_allclose(y, ramp[::2] + 1j * ramp[1::2], atol=1e-6)
    assert server.commands == [
        (2, 1_000_000), (1, 100_000_000), (5, 2**32 - 2), (3, 1), (4, 207), (1, 433_920_000),
    ]  # fmt: skip
    assert tags[:2] == [Tag(0, "rx_rate", 1e6), Tag(0, "rx_freq", 100e6)]
    assert source.results()["tuner"] == "R820T"
    assert any("closed the connection" in note for note in source.notes)


def test_who_is_no_rtl_tcp() -> None:
    server = Server(b"HTTP/1.1 400")
    with pytest.raises(BlockError, match="is no rtl_tcp"):
        RtlTcpSource(address=server.address, frequency=1e8, timeout=60.0)(10)
    server.go.set()
