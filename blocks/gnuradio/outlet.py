"""The sending sockets of gr-zeromq: when there is room for a message, and what becomes of it."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple, Protocol

import zmq

from semradio.blocks.api import StreamError
from semradio.blocks.gnuradio import zmtp
from semradio.blocks.gnuradio.link import Link
from semradio.blocks.zeromq import NOBLOCK, SNDMORE

ANY = 1 << 62
"""Room for as many items as a message takes."""

_COUNT = struct.Struct("=I")
_COPIED_BYTES = 1 << 18
"""Up to this size a message is copied, which costs less than keeping account of who reads it."""

_LOOK_AT = 16
"""Requests and subscriptions dealt with in one go."""


class Delivery(NamedTuple):
    """What became of a message."""

    got: int
    """Peers that it was handed over for."""
    missed: int
    """Peers that it should have reached and does not; 1 where nobody is there."""


_SENT, _LOST = Delivery(1, 0), Delivery(0, 1)

_LONGEST_TOPIC = 256
"""Bytes at the beginning of a message that subscribers without a key may choose by."""


class Outlet(Protocol):
    """One end of a link that sends whole messages."""

    link: Link

    def room(self) -> int:
        """Return how many items the next message may hold; 0: no message can go out now."""

    def send(self, message: Any) -> Delivery | None:
        """Hand a message over: bytes, or an array that never changes; None: it has to wait."""

    def give_up(self) -> None:
        """Let no message wait any more: whoever has no room for one misses it."""

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
        self.link = Link(zmq.PUSH, address, bind=bind, hwm=hwm, sends=True, options=options)
        self._drop = drop

    def room(self) -> int:
        return ANY if self._drop or self.link.writable() else 0

    def send(self, message: Any) -> Delivery | None:
        if _sent(self.link, message):
            return _SENT
        return _LOST if self._drop else None

    def give_up(self) -> None:
        self._drop = True

    def close(self, linger: float) -> None:
        self.link.close(linger)


class PubOutlet:
    """A PUB socket that listens: each message goes to all subscribers.

    It is a STREAM socket, which is the same on the wire but has a queue of its own for each
    subscriber, and tells when one is full: so what each of them misses is known.

    Args:
        key: sent as a frame before each message, if not empty; subscribers choose by it.
        wait_for: subscribers without which nothing is sent at first.
        drop: whether a subscriber whose queue is full misses the message; otherwise it waits.
    """

    def __init__(
        self, address: str, *, hwm: int, key: str = "", wait_for: int = 0, drop: bool
    ) -> None:
        self.link = Link(zmq.STREAM, address, bind=True, hwm=hwm, sends=True)
        self._key = key.encode()
        self._wait_for = wait_for
        self._drop = drop
        self._peers: dict[bytes, zmtp.Subscriber] = {}
        self._left: list[bytes] | None = None
        """Subscribers that the message still has to reach; None before the first attempt."""
        self._framed: Any = b""
        self._got = 0

    @property
    def subscribers(self) -> int:
        """Peers that have subscribed to something."""
        return sum(bool(peer.topics) for peer in self._peers.values())

    def room(self) -> int:
        self._learn()
        if self.subscribers < self._wait_for:
            return 0
        self._wait_for = 0
        return ANY

    def send(self, message: Any) -> Delivery | None:
        if self._left is None:
            self._begin(message)
        assert self._left is not None  # set by the line before
        left, missed = [], 0
        for peer in self._left:
            sent = self._sent(peer)
            if sent is None:
                continue  # it has gone
            if sent:
                self._got += 1
            elif self._drop:
                missed += 1
            else:
                left.append(peer)
        if left:
            self._left = left
            self._learn()
            return None
        self._left, self._framed = None, b""
        return Delivery(self._got, missed if self._got + missed else 1)

    def give_up(self) -> None:
        self._drop = True

    def close(self, linger: float) -> None:
        self.link.close(linger)

    def _begin(self, message: Any) -> None:
        body = memoryview(message).cast("B")
        first = self._key or bytes(body[:_LONGEST_TOPIC])
        self._left = [peer for peer, known in self._peers.items() if known.wants(first)]
        self._got = 0
        if self._left:
            self._framed = b"".join(zmtp.frames([self._key, body] if self._key else [body]))

    def _sent(self, peer: bytes) -> bool | None:
        """Send the message to one subscriber: whether there was room; None if it has gone."""
        try:
            self.link.socket.send(peer, NOBLOCK | SNDMORE)
        except zmq.Again:
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self._peers.pop(peer, None)
            return None
        self.link.socket.send(self._framed, copy=len(self._framed) < _COPIED_BYTES)
        return True

    def _learn(self) -> None:
        """Hear what subscribers say, answer, and note who comes and goes."""
        for _ in range(_LOOK_AT):
            try:
                peer, raw = self.link.socket.recv_multipart(NOBLOCK)
            except zmq.Again:
                return
            if peer not in self._peers:
                self._peers[peer] = zmtp.Subscriber()
                self._answer(peer, zmtp.GREETING)
            elif not raw:
                del self._peers[peer]
            if raw:
                try:
                    answer = self._peers[peer].hear(raw)
                except StreamError:
                    # Nothing goes to it, and an empty message hangs up.
                    del self._peers[peer]
                    answer = b""
                    self._answer(peer, b"")
                if answer:
                    self._answer(peer, answer)

    def _answer(self, peer: bytes, raw: bytes) -> None:
        try:
            self.link.socket.send_multipart([peer, raw], NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                raise


class PubCaller:
    """A PUB socket that connects, to one SUB socket that listens.

    It is an XPUB socket, which is the same on the wire but learns what the other subscribes to
    and refuses a message if its queue is full.

    Args:
        key, wait_for, drop: as for :class:`PubOutlet`.
    """

    def __init__(
        self, address: str, *, hwm: int, key: str = "", wait_for: int = 0, drop: bool
    ) -> None:
        # VERBOSER passes on each subscription, not only the first; NODROP tells of a full queue.
        options = {zmq.XPUB_VERBOSER: 1, zmq.XPUB_NODROP: 1}
        self.link = Link(zmq.XPUB, address, bind=False, hwm=hwm, sends=True, options=options)
        self._key = key.encode()
        self._wait_for = wait_for
        self._drop = drop
        self._topics: set[bytes] = set()

    def room(self) -> int:
        self._learn()
        if self._wait_for and not self._topics:
            return 0
        self._wait_for = 0
        return ANY

    def send(self, message: Any) -> Delivery | None:
        first = self._key or bytes(memoryview(message).cast("B")[:_LONGEST_TOPIC])
        if not any(first.startswith(topic) for topic in self._topics):
            return _LOST
        if self._sent(message):
            return _SENT
        return _LOST if self._drop else None

    def give_up(self) -> None:
        self._drop = True

    def close(self, linger: float) -> None:
        self.link.close(linger)

    def _sent(self, message: Any) -> bool:
        if not self._key:
            return _sent(self.link, message)
        try:
            self.link.socket.send(self._key, NOBLOCK | SNDMORE)
        except zmq.Again:
            return False
        return _sent(self.link, message)

    def _learn(self) -> None:
        for _ in range(_LOOK_AT):
            try:
                told = self.link.socket.recv(NOBLOCK)
            except zmq.Again:
                return
            if told[:1] == b"\1":
                self._topics.add(told[1:])
            elif told[:1] == b"\0":
                self._topics.discard(told[1:])


class RepOutlet:
    """A REP socket: each message is the answer to one request, for as many items as it asks.

    It is a ROUTER socket, which is the same on the wire but learns whether the one who asked is
    still there: otherwise the message waits for the next request.

    Args:
        counts: whether a request says how many items it wants, as streams do.
    """

    def __init__(self, address: str, *, bind: bool, hwm: int, counts: bool) -> None:
        options = {zmq.ROUTER_MANDATORY: 1}
        self.link = Link(zmq.ROUTER, address, bind=bind, hwm=hwm, sends=True, options=options)
        self._counts = counts
        self._drop = False
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

    def send(self, message: Any) -> Delivery | None:
        if self.room() == 0:
            return _LOST if self._drop else None
        frames = [*self._envelope, message]
        self._envelope = []
        try:
            self.link.socket.send_multipart(frames, NOBLOCK)
        except zmq.ZMQError as error:
            # Who asked has gone, or does not read the answers: the next one gets the items.
            if error.errno in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                return _LOST if self._drop else None
            raise
        return _SENT

    def give_up(self) -> None:
        self._drop = True

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
