"""A stream from UDP packets."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    ItemType,
    Output,
    ParameterError,
    Source,
    StreamError,
    block,
    parameter,
    state,
)
from semradio.blocks.api.tag import GAP
from semradio.blocks.endpoint import exposure
from semradio.blocks.radio.datagram import Header, header_bytes, number_of
from semradio.blocks.radio.stream_socket import host_and_port

_LONGEST = 65_536
_BUFFER_BYTES = 8 << 20
"""Asked of the kernel for packets that wait here."""

_PACKETS_PER_CALL = 256


@block("udp_source", category="radio")
class UdpSource(Source):
    """Give the items of UDP packets, as GNU Radio's UDP Sink sends them.

    With ``header: seq`` or ``seq_size`` each packet has a number, and what is lost leaves the tag
    ``gap``: as many items as the missing packets held, if they were as long as the one before.
    Without it nothing tells of a loss. A packet with no items ends the stream, as does ``idle_s``
    or ``items``. Packets are taken as they come: one that arrives late counts as lost, and is
    left out.

    Results:
        ``items`` and ``packets`` received; ``gaps``, ``lost`` (items missing there) and ``late``
        (packets that came after a later one).

    Raises:
        ParameterError: the address cannot be used.
        StreamError: a packet holds no whole number of items, or lacks its header.

    Example:
        >>> import socket
        >>> from threading import Event, Thread
        >>> enough = Event()
        >>> def send(sender, enough):
        ...     while not enough.is_set():
        ...         sender.sendto(bytes([0, 0, 128, 63, 0, 0, 0, 64]), ("127.0.0.1", 47514))
        >>> sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        >>> Thread(target=send, args=[sender, enough], daemon=True).start()
        >>> UdpSource(address="127.0.0.1:47514", type="float32", items=4)()
        array([1., 2., 1., 2.], dtype=float32)
        >>> enough.set()

    Source:
        GNU Radio 3.10, gr-network.
    """

    address: str = parameter(
        "127.0.0.1:2000",
        doc="Where to listen; 0.0.0.0 for other computers, port 0 for any that is free.",
    )
    type: str = parameter("complex64", doc="Item type.")
    header: Header = parameter("none", doc="What stands before the items: none, seq or seq_size.")
    items: int | None = parameter(
        None, low=0, unit="items", doc="End after so many; never if null."
    )
    idle_s: float | None = parameter(
        None, above=0, unit="s", doc="End when no packet has come for so long, after the first."
    )

    y = Output(doc="The items.")

    packets: int = state(0, doc="Packets received.")
    received: int = state(0, doc="Items in them.")
    gaps: int = state(0, doc="Gaps in the numbers of packets.")
    lost: int = state(0, doc="Items missing there.")
    late: int = state(0, doc="Packets that came after a later one.")
    expected: int | None = state(None, doc="Number that the next packet should have.")
    usual: int = state(0, doc="Items of the packet before.")
    rest: list[Array] = state(factory=list, doc="Items received and not given yet.")
    waiting: int = state(0, doc="How many those are.")
    heard: float | None = state(None, doc="Clock at the latest packet.")
    over: bool = state(False, doc="Whether the sender has said that it ends.")

    endpoint: tuple[str, int] = ("", 0)
    """Where it listens; known after start()."""

    _socket: socket.socket | None = None

    def configure(self) -> None:
        self._host, self._number = host_and_port(self.address)
        self._item = ItemType.parse(self.type)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": self._item}

    def start(self) -> None:
        self._socket = found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        found.setblocking(False)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        try:
            found.bind((self._host, self._number))
        except OSError as error:
            raise ParameterError(
                f"cannot listen at {self.address}: {error.strerror or error}",
                "address",
            ) from None
        self.endpoint = found.getsockname()
        if text := exposure(f"tcp://{self.endpoint[0]}:{self.endpoint[1]}", self.endpoint[0]):
            self.note(text)

    def stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def work(self, n: int, at: int) -> Array:
        end = None if self.items is None else self.items - at
        if self.waiting < n and not self.over and (end is None or self.waiting < end):
            self._receive(n)
        y = self._take(n if end is None else min(n, end))
        silent = self.heard is not None and self.idle_s is not None
        if silent and time.monotonic() - (self.heard or 0) > (self.idle_s or 0):
            self.over = True
        if (self.over and self.waiting == 0) or (end is not None and len(y) >= end):
            self.finish()
        return y

    def results(self) -> dict[str, Any]:
        return {
            "items": self.received,
            "packets": self.packets,
            "gaps": self.gaps,
            "lost": self.lost,
            "late": self.late,
        }

    def _receive(self, n: int) -> None:
        assert self._socket is not None  # between start() and stop()
        for _ in range(_PACKETS_PER_CALL):
            if self.waiting >= n or self.over:
                return
            try:
                packet = self._socket.recv(_LONGEST)
            except BlockingIOError:
                return
            except OSError as error:
                raise StreamError(f"UDP port {self.endpoint[1]}: {error.strerror}") from None
            self.heard = time.monotonic()
            self._accept(packet)

    def _accept(self, packet: bytes) -> None:
        begin = header_bytes(self.header)
        if len(packet) <= begin and self.packets:
            self.over = True
            return
        count, left = divmod(len(packet) - begin, self._item.nbytes)
        try:
            number = number_of(self.header, packet)
        except ValueError as error:
            raise StreamError(str(error)) from None
        if left:
            raise StreamError(
                f"a packet of {len(packet)} bytes holds no whole number of {self._item} "
                f"({self._item.nbytes} bytes each): check 'type' and 'header'"
            )
        if number is not None and not self._follow(number):
            return
        self.packets += 1
        self.usual = count
        self.received += count
        y = np.frombuffer(packet, self._item.numpy, count * self._item.size, begin)
        self.rest.append(y.reshape(count, *self._item.shape))
        self.waiting += count

    def _follow(self, number: int) -> bool:
        """Compare the number of a packet with what it should be; returns whether it counts."""
        expected = self.expected
        if expected is not None and number == 1 and expected > 2:
            # The sender began anew: what lies between nobody knows.
            self.gaps += 1
            self.tag(GAP, None, self.received)
        elif expected is not None and number < expected:
            self.late += 1
            return False
        elif expected is not None and number > expected:
            missing = (number - expected) * self.usual
            self.gaps += 1
            self.lost += missing
            self.tag(GAP, missing, self.received)
        self.expected = number + 1
        return True

    def _take(self, n: int) -> Array:
        """Remove and return up to ``n`` of the items that wait."""
        parts, left = [], min(n, self.waiting)
        self.waiting -= left
        while left > 0:
            first = self.rest.pop(0)
            if len(first) > left:
                self.rest.insert(0, first[left:])
                first = first[:left]
            parts.append(first)
            left -= len(first)
        if not parts:
            return self._item.empty()
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
