"""The receiving sockets of gr-zeromq."""

from __future__ import annotations

import struct
from typing import Protocol

import zmq

from semradio.blocks.api import StreamError
from semradio.blocks.gnuradio.link import MAX_MESSAGE_BYTES, Link
from semradio.blocks.zeromq import NOBLOCK, RCVMORE

_COUNT = struct.Struct("=I")
Message = list[bytes]
"""The frames of a message; copied out of ZeroMQ's, which costs less than sharing them."""


class Inlet(Protocol):
    """One end of a link that receives whole messages."""

    link: Link

    def receive(self, wanted: int) -> Message | None:
        """Return the next message, or None; ``wanted`` is the number of items there is use for.

        Raises:
            StreamError: there is one that is not what it should be; the next call gives the next.
        """

    def close(self) -> None:
        """Let go of the socket."""


class PullInlet:
    """A PULL socket: messages of all peers, in turn."""

    def __init__(
        self,
        address: str,
        *,
        bind: bool,
        hwm: int,
        item_bytes: int = 1,
        longest: int = MAX_MESSAGE_BYTES,
    ) -> None:
        self.link = Link(
            zmq.PULL, address, bind=bind, hwm=hwm, item_bytes=item_bytes, longest=longest
        )
        self.link.watch()

    def receive(self, wanted: int) -> Message | None:
        return _receive(self.link)

    def close(self) -> None:
        self.link.close(0)


class SubInlet:
    """A SUB socket: the messages whose first frame begins with ``key``, without that frame.

    With an empty key, all messages, which then have no such frame: StreamError if they do.
    """

    def __init__(
        self,
        address: str,
        *,
        bind: bool,
        hwm: int,
        item_bytes: int = 1,
        longest: int = MAX_MESSAGE_BYTES,
        key: str = "",
    ) -> None:
        self._keyed = bool(key)
        options = {zmq.SUBSCRIBE: key.encode()}
        self.link = Link(
            zmq.SUB,
            address,
            bind=bind,
            hwm=hwm,
            item_bytes=item_bytes,
            longest=longest,
            options=options,
        )
        self.link.watch()

    def receive(self, wanted: int) -> Message | None:
        while True:
            frames = _receive(self.link)
            if frames is None:
                return None
            if not self._keyed:
                if len(frames) > 1:
                    key = frames[0][:40].decode("utf-8", "replace")
                    raise StreamError(
                        f"the publisher sends a key, '{key}', before each message: set 'key' to it"
                    )
                return frames
            # As GNU Radio does, a message that has nothing but its key is left out.
            if len(frames) > 1:
                return frames[1:]

    def close(self) -> None:
        self.link.close(0)


class ReqInlet:
    """A REQ socket: asks for messages, several requests ahead.

    It is a DEALER socket, which is the same on the wire but may ask again when its peer has
    vanished, where REQ would wait for an answer for ever.

    Args:
        counts: whether a request says how many items are wanted, as streams do.
        ahead: requests that may be under way.
        most: items to ask for in one request.
    """

    def __init__(
        self,
        address: str,
        *,
        bind: bool,
        hwm: int,
        item_bytes: int = 1,
        longest: int = MAX_MESSAGE_BYTES,
        counts: bool,
        ahead: int,
        most: int = 1,
    ) -> None:
        self.link = Link(
            zmq.DEALER, address, bind=bind, hwm=hwm, item_bytes=item_bytes, longest=longest
        )
        self.link.watch()
        self._counts = counts
        self._ahead = ahead
        self._most = most
        self._under_way: list[int] = []

    def receive(self, wanted: int) -> Message | None:
        if self.link.lost_peer():
            # Whoever takes its place knows nothing of the requests.
            self._under_way.clear()
        self._ask(wanted)
        frames = _receive(self.link)
        if frames is None:
            return None
        if self._under_way:
            self._under_way.pop(0)
        # The first frame is the empty one that ends the envelope.
        return frames[1:]

    def close(self) -> None:
        self.link.close(0)

    def _ask(self, wanted: int) -> None:
        while len(self._under_way) < self._ahead:
            left = wanted - sum(self._under_way) if self._counts else 1
            if left <= 0:
                return
            count = min(left, self._most)
            try:
                self.link.socket.send_multipart([b"", _COUNT.pack(count)], NOBLOCK)
            except zmq.Again:
                return
            self._under_way.append(count)


def _receive(link: Link) -> Message | None:
    try:
        frames = [link.socket.recv(NOBLOCK)]
    except zmq.Again:
        return None
    while link.socket.getsockopt(RCVMORE):
        frames.append(link.socket.recv(NOBLOCK))
    return frames
