"""What sockets need in order to know each other: the keys they show, and whose key came in."""

from __future__ import annotations

from typing import Any, Protocol

import zmq

from semradio.blocks.zeromq import Socket
from semradio.flowgraphs.curve.folder import Pair


class Guards(Protocol):
    """What looks at the keys of who comes in."""

    def watch(self, socket: Socket) -> None:
        """Let nobody in at a socket without being asked; before it is bound."""


def call(socket: Socket, own: Pair, other: bytes) -> None:
    """Let a socket that connects speak only to who has the key whose public half is ``other``."""
    socket.setsockopt(zmq.CURVE_PUBLICKEY, own.public)
    socket.setsockopt(zmq.CURVE_SECRETKEY, own.secret)
    socket.setsockopt(zmq.CURVE_SERVERKEY, other)


def whose(frame: Any) -> str:
    """Return the name of the key with which a message came in; '' for one without."""
    try:
        name: str = frame.get("User-Id")
    except zmq.ZMQError:
        return ""
    return name
