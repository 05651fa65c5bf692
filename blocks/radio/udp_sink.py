"""A stream as UDP packets."""

from __future__ import annotations

import socket
import time
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ParameterError,
    Sink,
    StreamError,
    block,
    parameter,
    state,
)
from semradio.blocks.radio.datagram import FAREWELLS, Header, header_bytes, pack
from semradio.blocks.radio.stream_socket import host_and_port

_CLOCK_TICK = 0.0002


@block("udp_sink", category="radio")
class UdpSink(Sink):
    """Send items in UDP packets, as GNU Radio's UDP Source takes them.

    UDP tells nobody of a loss: with ``header: seq`` or ``seq_size`` the receiver sees it. Packets
    go out as fast as the kernel takes them, so put a ``throttle`` before a receiver that is
    slower. At the end three empty packets tell it, and the last packet may be shorter.

    Results:
        The ``items`` and ``packets`` sent.

    Raises:
        ParameterError: the address cannot be used, or an item does not fit into a packet.
        StreamError: the network refuses a packet.

    Example:
        >>> import socket
        >>> receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        >>> receiver.bind(("127.0.0.1", 47513))
        >>> UdpSink(address="127.0.0.1:47513")(np.float32([1, 2]))
        {'items': 2, 'packets': 1}
        >>> np.frombuffer(receiver.recv(2000), np.float32)
        array([1., 2.], dtype=float32)
        >>> receiver.close()

    Source:
        GNU Radio 3.10, gr-network.
    """

    address: str = parameter("127.0.0.1:2000", doc="Where to send to.")
    header: Header = parameter("none", doc="What stands before the items: none, seq or seq_size.")
    packet_bytes: int = parameter(
        1472, low=1, high=65_507, unit="bytes", doc="Longest packet; 1472 suit an Ethernet."
    )
    farewell: bool = parameter(True, doc="Whether empty packets tell of the end.")

    x = Input("any[...]", doc="Any stream.")

    items: int = state(0, doc="Items sent.")
    packets: int = state(0, doc="Packets sent.")
    pieces: list[Array] = state(factory=list, doc="Items of the packet that is being filled.")
    gathered: int = state(0, doc="How many those are.")

    _socket: socket.socket | None = None

    def configure(self) -> None:
        self._host, self._number = host_and_port(self.address)

    def start(self) -> None:
        room = self.packet_bytes - header_bytes(self.header)
        self._most = room // self.input_types["x"].nbytes
        if self._most < 1:
            raise ParameterError(
                f"parameter 'packet_bytes': {self.packet_bytes} bytes hold no item of "
                f"{self.input_types['x']}",
                "packet_bytes",
            )
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.connect((self._host, self._number))
        except OSError as error:
            raise ParameterError(
                f"cannot send to {self.address}: {error.strerror or error}", "address"
            ) from None

    def stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def work(self, x: Array, at: int) -> None:
        while self.gathered + len(x) >= self._most:
            count = self._most - self.gathered
            self.pieces.append(x[:count])
            self._send()
            x = x[count:]
        if len(x):
            self.pieces.append(x)
            self.gathered += len(x)

    def flush(self) -> None:
        if self.pieces:
            self._send()
        for _ in range(FAREWELLS if self.farewell else 0):
            self._transmit(b"")

    def results(self) -> dict[str, Any]:
        return {"items": self.items, "packets": self.packets}

    def _send(self) -> None:
        items = np.concatenate(self.pieces)
        self.pieces, self.gathered = [], 0
        raw = np.ascontiguousarray(items).tobytes()
        size = header_bytes(self.header) + len(raw)
        self._transmit(pack(self.header, self.packets + 1, size) + raw)
        self.packets += 1
        self.items += len(items)

    def _transmit(self, packet: bytes) -> None:
        assert self._socket is not None  # between start() and stop()
        while True:
            try:
                self._socket.send(packet)
            except ConnectionRefusedError:
                # Nobody listened to an earlier packet: that is no matter of this one.
                continue
            except BlockingIOError:
                time.sleep(_CLOCK_TICK)
                continue
            except OSError as error:
                raise StreamError(f"{self.address}: {error.strerror}") from None
            return
