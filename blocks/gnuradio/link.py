"""One ZeroMQ socket towards GNU Radio: where it listens or connects, and how it is let go."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

import zmq

from semradio.blocks.api import ParameterError

Socket = zmq.Socket[bytes]

NOBLOCK = int(zmq.NOBLOCK)
"""A plain integer: pyzmq's enumerations compute their bit operations in Python."""

MAX_MESSAGE_BYTES = 16 << 20
"""Longest message that is received; a peer that sends a longer one is cut off. GNU Radio's own
take 64 KiB unless its buffers are made larger."""

_EVENTS, _POLLOUT = int(zmq.EVENTS), int(zmq.POLLOUT)


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
        item_bytes: bytes of one item; a message may hold at least one.
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
        options: Mapping[Any, Any] | None = None,
    ) -> None:
        self._context: zmq.Context[Socket] = zmq.Context()
        self.socket: Socket = self._context.socket(kind)
        self._monitor: Socket | None = None
        longest = max(MAX_MESSAGE_BYTES, 2 * item_bytes)
        try:
            self.socket.setsockopt(zmq.LINGER, 0)
            self.socket.setsockopt(zmq.MAXMSGSIZE, longest)
            self.socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
            if hwm >= 0:
                self.socket.setsockopt(zmq.SNDHWM, hwm)
                self.socket.setsockopt(zmq.RCVHWM, hwm)
            for option, value in (options or {}).items():
                self.socket.setsockopt(option, value)
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
        events: Any = self.socket.getsockopt(_EVENTS)
        return bool(events & _POLLOUT)

    def watch(self) -> None:
        """Begin to note when peers vanish, for :meth:`lost_peer`."""
        self._monitor = self.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)

    def lost_peer(self) -> bool:
        """Whether a peer has vanished since the last call."""
        lost = False
        while self._monitor is not None:
            try:
                self._monitor.recv_multipart(NOBLOCK)
            except zmq.Again:
                return lost
            lost = True
        return lost

    def close(self, linger: float) -> None:
        """Close the socket; ``linger`` seconds may pass until what was sent has gone out."""
        if self._monitor is not None:
            self.socket.disable_monitor()
            self._monitor = None
        self.socket.close(int(1000 * linger))
        self._context.term()


def beyond_this_machine(endpoint: str) -> bool:
    """Whether others than this machine's own processes can reach a socket that listens here."""
    transport, _, place = endpoint.partition("://")
    if transport != "tcp":
        return False
    host = place.rpartition(":")[0].strip("[]")
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True
