"""The sending sockets of gr-zeromq: when there is room for a message, and what becomes of it."""

from __future__ import annotations

import struct
from enum import Enum
from typing import Any, Protocol

import zmq

from semradio.blocks.gnuradio.link import NOBLOCK, Link

ANY = 1 << 62
"""Room for as many items as a message takes."""

_COUNT = struct.Struct("=I")
_COPIED_BYTES = 1 << 18
"""Up to this size a message is copied, which costs less than keeping account of who reads it."""

_LOOK_AT = 16
"""Requests and subscriptions dealt with in one go."""


class Outcome(Enum):
    """What became of a message."""

    SENT = "handed over to ZeroMQ"
    WAITS = "not sent: nobody has room for it now"
    LOST = "nobody gets it"
    MISSED = "one of several peers does not get it"


class Outlet(Protocol):
    """One end of a link that sends whole messages."""

    link: Link

    def room(self) -> int:
        """Return how many items the next message may hold; 0: no message can go out now."""

    def send(self, message: Any) -> Outcome:
        """Hand a message over: bytes, or an array that never changes."""

    def close(self, linger: float) -> None:
        """Let go of the socket; ``linger`` seconds may pass until all has gone out."""


class PushOutlet:
    """A PUSH socket: each message goes to one of the peers.

    Args:
        drop: whether a message is lost if no peer has room for it; otherwise it waits.
    """

    def __init__(self, address: str, *, bind: bool, hwm: int, drop: bool) -> None:
        # Messages wait for a peer that is there, where they are counted. (Not for sockets that
        # receive: when the peer closes, this option also drops what was received and not read.)
        options = {zmq.IMMEDIATE: 1}
        self.link = Link(zmq.PUSH, address, bind=bind, hwm=hwm, options=options)
        self._drop = drop

    def room(self) -> int:
        return ANY if self._drop or self.link.writable() else 0

    def send(self, message: Any) -> Outcome:
        if _sent(self.link, message):
            return Outcome.SENT
        return Outcome.LOST if self._drop else Outcome.WAITS

    def close(self, linger: float) -> None:
        self.link.close(linger)


class PubOutlet:
    """A PUB socket: each message goes to all subscribers.

    It is an XPUB socket, which is the same on the wire but learns who subscribes and whether a
    subscriber's queue is full.

    Args:
        key: sent as a frame before each message, if not empty; subscribers choose by it.
        wait_for: subscribers without which nothing is sent at first.
        drop: whether a subscriber whose queue is full misses the message; otherwise it waits.
    """

    def __init__(
        self, address: str, *, bind: bool, hwm: int, key: str = "", wait_for: int = 0, drop: bool
    ) -> None:
        # VERBOSER passes on each subscription, not only the first; NODROP tells of full queues.
        options = {zmq.XPUB_VERBOSER: 1, zmq.XPUB_NODROP: 1}
        self.link = Link(zmq.XPUB, address, bind=bind, hwm=hwm, options=options)
        self._key = key.encode()
        self._wait_for = wait_for
        self._drop = drop
        self.subscribers = 0

    def room(self) -> int:
        self._learn()
        if self.subscribers < self._wait_for:
            return 0
        self._wait_for = 0
        return ANY

    def send(self, message: Any) -> Outcome:
        if self._sent(message):
            return Outcome.SENT if self.subscribers else Outcome.LOST
        if not self._drop:
            return Outcome.WAITS
        # A slow subscriber must not cost the others the message.
        self.link.socket.setsockopt(zmq.XPUB_NODROP, 0)
        self._sent(message)
        self.link.socket.setsockopt(zmq.XPUB_NODROP, 1)
        return Outcome.MISSED if self.subscribers > 1 else Outcome.LOST

    def close(self, linger: float) -> None:
        self.link.close(linger)

    def _sent(self, message: Any) -> bool:
        if not self._key:
            return _sent(self.link, message)
        try:
            self.link.socket.send(self._key, NOBLOCK | zmq.SNDMORE)
        except zmq.Again:
            return False
        return _sent(self.link, message)

    def _learn(self) -> None:
        for _ in range(_LOOK_AT):
            try:
                told = self.link.socket.recv(NOBLOCK)
            except zmq.Again:
                return
            if told[:1] in (b"\0", b"\1") and self._key.startswith(told[1:]):
                self.subscribers = max(0, self.subscribers + (1 if told[0] else -1))


class RepOutlet:
    """A REP socket: each message is the answer to one request, for as many items as it asks.

    It is a ROUTER socket, which is the same on the wire but learns whether the one who asked is
    still there: otherwise the message waits for the next request.

    Args:
        counts: whether a request says how many items it wants, as streams do.
    """

    def __init__(self, address: str, *, bind: bool, hwm: int, counts: bool) -> None:
        options = {zmq.ROUTER_MANDATORY: 1}
        self.link = Link(zmq.ROUTER, address, bind=bind, hwm=hwm, options=options)
        self._counts = counts
        self._envelope: list[bytes] = []
        self._wanted = 0

    def room(self) -> int:
        for _ in range(_LOOK_AT):
            if self._envelope:
                return self._wanted
            try:
                frames = self.link.socket.recv_multipart(NOBLOCK)
            except zmq.Again:
                return 0
            # Frames up to an empty one lead back to who asked; what has none is no request.
            if b"" in frames[1:-1]:
                border = frames.index(b"", 1) + 1
                self._envelope = frames[:border]
                self._wanted = self._count(frames[border])
        return 0

    def send(self, message: Any) -> Outcome:
        if self.room() == 0:
            return Outcome.WAITS
        frames = [*self._envelope, message]
        self._envelope = []
        try:
            self.link.socket.send_multipart(frames, NOBLOCK)
        except zmq.ZMQError as error:
            # Who asked has gone, or does not read the answers: the next one gets the items.
            if error.errno in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                return Outcome.WAITS
            raise
        return Outcome.SENT

    def close(self, linger: float) -> None:
        self.link.close(linger)

    def _count(self, request: bytes) -> int:
        """Items that a request asks for; GNU Radio takes fewer than four bytes for all there is."""
        if not self._counts or len(request) < _COUNT.size:
            return ANY
        return max(1, int(_COUNT.unpack_from(request)[0]))


def _sent(link: Link, message: Any) -> bool:
    size = message.nbytes if hasattr(message, "nbytes") else len(message)
    try:
        link.socket.send(message, NOBLOCK, copy=size < _COPIED_BYTES)
    except zmq.Again:
        return False
    return True
