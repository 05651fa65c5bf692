"""One ZeroMQ socket towards GNU Radio: where it listens or connects, and how it is let go."""

from __future__ import annotations

import fcntl
import struct
import termios
import time
from collections.abc import Mapping
from typing import Any

import zmq
from zmq.utils.monitor import parse_monitor_message

from semradio.blocks.api import ParameterError
from semradio.blocks.zeromq import NOBLOCK, Context, Socket, writable

MAX_MESSAGE_BYTES = 256 << 20
"""Longest message that is received if nobody says otherwise; a peer that sends a longer one is cut
off. GNU Radio's own take 64 KiB, but large items are sent several at once."""

_LARGE_ITEMS, _TAG_BYTES = 8, 1 << 20
"""Room for so many items, and for their tags, in any case."""

_RETRIED_S = 0.25
"""libzmq calls again within so long when a peer has gone, and never when it cut it off itself."""

_SETTLED_S = 0.1
"""So long nothing waits in the kernel where libzmq has nothing left to hand over: its thread has to
come to it, on a busy machine too."""

_CLOCK_TICK = 0.002

_GOES_AND_RETRIES = zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECT_RETRIED | zmq.EVENT_CONNECTED
_COMES_AND_GOES = zmq.EVENT_ACCEPTED | zmq.EVENT_CONNECTED | zmq.EVENT_DISCONNECTED


def check_address(address: str) -> None:
    """Raise ParameterError unless this is an address that GNU Radio can be reached by."""
    transport, separator, place = address.partition("://")
    if transport not in ("tcp", "ipc") or not separator or not place:
        raise ParameterError(
            f"parameter 'address' must be like 'tcp://127.0.0.1:5555' or 'ipc:///tmp/samples', "
            f"not '{address}'",
            "address",
        )


class Link:
    """A socket that is open, with a context of its own.

    Args:
        kind: the type of the socket, such as ``zmq.PUSH``.
        address: where it listens or connects. bind: whether it listens.
        hwm: messages that ZeroMQ keeps for each peer; -1 for its default (1000), 0 for any number.
        item_bytes: bytes of one item; a message may hold several in any case.
        longest: bytes of the longest message to receive.
        sends: whether messages go out by it, for :meth:`settle`.
        options: further options of the socket, set before it is opened.

    Raises:
        ParameterError: the address cannot be used.
    """

    def __init__(
        self,
        kind: int,
        address: str,
        *,
        bind: bool,
        hwm: int,
        item_bytes: int = 1,
        longest: int = MAX_MESSAGE_BYTES,
        sends: bool = False,
        options: Mapping[Any, Any] | None = None,
    ) -> None:
        self._context: Context = zmq.Context()
        self.socket: Socket = self._context.socket(kind)
        self._monitor: Socket | None = None
        self._connections: set[int] = set()
        self._gone_at: float | None = None
        self._calls = not bind
        self.longest = max(longest, _LARGE_ITEMS * item_bytes + _TAG_BYTES)
        """Bytes of the longest message that is received."""
        self._disconnects = 0
        self._lost = False
        try:
            self.socket.setsockopt(zmq.LINGER, 0)
            self.socket.setsockopt(zmq.MAXMSGSIZE, self.longest)
            self.socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
            if hwm >= 0:
                self.socket.setsockopt(zmq.SNDHWM, hwm)
                self.socket.setsockopt(zmq.RCVHWM, hwm)
            for option, value in (options or {}).items():
                self.socket.setsockopt(option, value)
            if sends and address.startswith("ipc:"):
                self._monitor = self.socket.get_monitor_socket(_COMES_AND_GOES)
            if bind:
                self.socket.bind(address)
            else:
                self.socket.connect(address)
        except zmq.ZMQError as error:
            self.close(0)
            verb = "listen on" if bind else "connect to"
            raise ParameterError(
                f"cannot {verb} '{address}': {error.strerror or error}", "address"
            ) from None
        self.endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)
        """The real address, where the given one leaves the port open."""

    def writable(self) -> bool:
        """Whether one message can be sent at once."""
        return writable(self.socket)

    def watch(self) -> None:
        """Begin to note when peers vanish, for :meth:`lost_peer` and :meth:`cut`."""
        self._monitor = self.socket.get_monitor_socket(_GOES_AND_RETRIES)

    def lost_peer(self) -> bool:
        """Whether a peer has vanished since the last call."""
        self._follow()
        lost, self._lost = self._lost, False
        return lost

    def cut(self) -> bool:
        """Whether libzmq has cut the connection, because a message was too long, for good.

        Only where the socket connects; one that listens cannot tell it from a peer that went.
        """
        self._follow()
        gone = self._gone_at
        return self._calls and gone is not None and time.monotonic() - gone > _RETRIED_S

    @property
    def disconnects(self) -> int:
        """How often a connection has ended."""
        self._follow()
        return self._disconnects

    def _follow(self) -> None:
        while self._monitor is not None:
            try:
                told = parse_monitor_message(self._monitor.recv_multipart(NOBLOCK))
            except zmq.Again:
                return
            if told["event"] == zmq.EVENT_DISCONNECTED:
                self._lost = True
                self._disconnects += 1
                self._gone_at = time.monotonic()
            else:
                self._gone_at = None

    def settle(self, linger: float) -> None:
        """Wait up to ``linger`` seconds until peers on this machine have read all that was sent.

        Over ipc, a peer whose queue is full when its connection is closed never reads what is
        still in the connection: libzmq takes the end for an error. Over tcp it does.
        """
        if not self.endpoint.startswith("ipc:") or self._monitor is None:
            return
        now = time.monotonic()
        deadline, settled = now + linger, now + _SETTLED_S
        while now < min(deadline, settled):
            time.sleep(_CLOCK_TICK)
            self._note_connections()
            now = time.monotonic()
            if any(_unread(descriptor) for descriptor in self._connections):
                settled = now + _SETTLED_S

    def _note_connections(self) -> None:
        while self._monitor is not None:
            try:
                told = parse_monitor_message(self._monitor.recv_multipart(NOBLOCK))
            except zmq.Again:
                return
            if told["event"] == zmq.EVENT_DISCONNECTED:
                self._connections.discard(told["value"])
            else:
                self._connections.add(told["value"])

    def close(self, linger: float) -> None:
        """Close the socket; ``linger`` seconds may pass until what was sent has gone out."""
        if self._monitor is not None:
            self.socket.disable_monitor()
            self._monitor = None
        self.socket.close(int(1000 * linger))
        self._context.term()


def _unread(descriptor: int) -> int:
    """Bytes that a connection's other end has not read yet; 0 for one that is closed."""
    try:
        answer = fcntl.ioctl(descriptor, termios.TIOCOUTQ, b"\0\0\0\0")
    except OSError:
        return 0
    return int(struct.unpack("i", answer)[0])
