"""The publisher's part of ZMTP 3.0, the protocol that ZeroMQ's sockets speak, towards one peer.

libzmq's own PUB socket does not tell which of its subscribers missed a message, nor that one did:
after a full queue the subscriber gets nothing until it has caught up, and sending succeeds all the
while. Over a STREAM socket each subscriber has a queue of its own that says whether it is full.

=========  =====================================================================================
greeting   ``ff 00*8 7f``, version ``03 00``, mechanism ``NULL`` (20 bytes), 0, 31 bytes of zeros
frame      flags (1: more, 2: long, 4: command), size (1 byte, or 8 if long), body
command    length of its name (1 byte), name, data; ``READY`` has the socket's type
=========  =====================================================================================

A subscription is a message ``01 topic``, its end ``00 topic``; from ZMTP 3.1 on also the commands
``SUBSCRIBE`` and ``CANCEL``. Source: rfc.zeromq.org, 23/ZMTP and 37/ZMTP.
"""

from __future__ import annotations

import struct

from semradio.blocks.api import StreamError

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)

_MORE, _LONG, _COMMAND = 1, 2, 4
_SIZE = struct.Struct(">Q")
_LENGTH = struct.Struct(">I")

_MOST_BYTES = 1 << 16
"""Bytes of one frame of a subscriber: it has nothing to say but topics."""

_MOST_TOPICS = 1000
_SUBSCRIBERS = (b"SUB", b"XSUB")


def frames(parts: list[bytes | memoryview]) -> list[bytes | memoryview]:
    """Return a message of several parts as pieces that, joined, are its frames."""
    pieces: list[bytes | memoryview] = []
    for number, part in enumerate(parts, 1):
        flags = _MORE if number < len(parts) else 0
        pieces += [_head(flags, len(part)), part]
    return pieces


def ready() -> bytes:
    """Return the command by which a publisher ends its handshake."""
    name, value = b"Socket-Type", b"PUB"
    return _command(b"READY", bytes([len(name)]) + name + _LENGTH.pack(len(value)) + value)


class Subscriber:
    """What one subscriber has said so far."""

    def __init__(self) -> None:
        self.topics: dict[bytes, int] = {}
        """What it has subscribed to, and how often."""
        self._greeted = False
        self._shaken = False
        self._rest = b""

    def hear(self, raw: bytes) -> bytes:
        """Take in bytes; returns those to answer with.

        Raises:
            StreamError: it is no subscriber that speaks ZMTP 3.
        """
        self._rest += raw
        answer = b""
        if not self._greeted:
            if self._rest[:1] not in (b"", b"\xff") or self._rest[9:10] not in (b"", b"\x7f"):
                raise StreamError("a peer does not speak ZeroMQ's protocol")
            if len(self._rest) < len(GREETING):
                return answer
            if self._rest[10] < 3 or self._rest[12:32].rstrip(b"\0") != b"NULL":
                raise StreamError("a peer speaks an older ZeroMQ, or wants a password")
            self._rest = self._rest[len(GREETING) :]
            self._greeted = True
            answer = ready()
        while (frame := self._frame()) is not None:
            answer += self._take(*frame)
        return answer

    def wants(self, first: bytes) -> bool:
        """Whether it has subscribed to messages whose first part begins like this."""
        return any(first.startswith(topic) for topic in self.topics)

    def _frame(self) -> tuple[int, bytes] | None:
        """Remove and return the next frame: its flags and body; None if it is not complete."""
        rest = self._rest
        if len(rest) < 2:
            return None
        long = bool(rest[0] & _LONG)
        begin = 9 if long else 2
        if len(rest) < begin:
            return None
        size = _SIZE.unpack_from(rest, 1)[0] if long else rest[1]
        if size > _MOST_BYTES:
            raise StreamError(f"a peer announces {size} bytes where a subscription was due")
        if len(rest) < begin + size:
            return None
        self._rest = rest[begin + size :]
        return rest[0], rest[begin : begin + size]

    def _take(self, flags: int, body: bytes) -> bytes:
        if not flags & _COMMAND:
            if self._shaken and body[:1] in (b"\0", b"\1"):
                self._subscribe(body[1:], body[0] == 1)
            return b""
        length = body[0] if body else 0
        name, data = body[1 : 1 + length], body[1 + length :]
        if name == b"READY":
            if not any(_has_type(data, kind) for kind in _SUBSCRIBERS):
                raise StreamError("a peer is no subscriber")
            self._shaken = True
        elif name == b"ERROR":
            raise StreamError("a peer refuses")
        elif self._shaken and name in (b"SUBSCRIBE", b"CANCEL"):
            self._subscribe(data, name == b"SUBSCRIBE")
        elif self._shaken and name == b"PING":
            return _command(b"PONG", data[2:])
        return b""

    def _subscribe(self, topic: bytes, begins: bool) -> None:
        left = self.topics.get(topic, 0) + (1 if begins else -1)
        if left > 0:
            self.topics[topic] = left
        else:
            self.topics.pop(topic, None)
        if len(self.topics) > _MOST_TOPICS:
            raise StreamError(f"a peer subscribes to more than {_MOST_TOPICS} topics")


def _head(flags: int, size: int) -> bytes:
    return bytes([flags, size]) if size < 256 else bytes([flags | _LONG]) + _SIZE.pack(size)


def _command(name: bytes, data: bytes) -> bytes:
    body = bytes([len(name)]) + name + data
    return _head(_COMMAND, len(body)) + body


def _has_type(properties: bytes, kind: bytes) -> bool:
    """Whether the properties of a READY name this type of socket."""
    wanted = _LENGTH.pack(len(kind)) + kind
    at = 0
    while at < len(properties):
        end = at + 1 + properties[at]
        name = properties[at + 1 : end]
        if len(properties) < end + 4:
            return False
        size = _LENGTH.unpack_from(properties, end)[0]
        if name.lower() == b"socket-type" and properties[end : end + 4 + size] == wanted:
            return True
        at = end + 4 + size
    return False
