"""What both ends of an edge ask of ZeroMQ sockets."""

from __future__ import annotations

from typing import Any

import zmq

Socket = zmq.Socket[bytes]
Context = zmq.Context[zmq.Socket[bytes]]

NOBLOCK, SNDMORE = int(zmq.NOBLOCK), int(zmq.SNDMORE)
"""Plain integers: pyzmq's enumerations compute their bit operations in Python."""

_EVENTS, _POLLIN = int(zmq.EVENTS), int(zmq.POLLIN)

HEARTBEAT_MS, HEARTBEAT_TIMEOUT_MS = 500, 2000
"""How often a silent connection is tried, and when it counts as broken."""

LINGER_MS = 2000
"""How long a closed socket may take to deliver what is under way."""


def has_message(socket: Socket) -> bool:
    """Whether a message can be received at once."""
    events: Any = socket.getsockopt(_EVENTS)
    return bool(events & _POLLIN)


def configure(socket: Socket) -> None:
    """Set what all sockets of edges have in common: credit bounds them, not ZeroMQ."""
    socket.setsockopt(zmq.SNDHWM, 0)
    socket.setsockopt(zmq.RCVHWM, 0)
    socket.setsockopt(zmq.LINGER, LINGER_MS)
    socket.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_MS)
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS)
