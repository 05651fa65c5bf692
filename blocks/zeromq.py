"""What every ZeroMQ socket here is asked and told, whichever layer holds it."""

from __future__ import annotations

from typing import Any

import zmq

Socket = zmq.Socket[bytes]
Context = zmq.Context[Socket]

# Plain integers: pyzmq's enumerations compute their bit operations in Python.
NOBLOCK, SNDMORE, RCVMORE = int(zmq.NOBLOCK), int(zmq.SNDMORE), int(zmq.RCVMORE)
_EVENTS, _POLLIN, _POLLOUT = int(zmq.EVENTS), int(zmq.POLLIN), int(zmq.POLLOUT)


def readable(socket: Socket) -> bool:
    """Whether a message can be received at once."""
    events: Any = socket.getsockopt(_EVENTS)
    return bool(events & _POLLIN)


def writable(socket: Socket) -> bool:
    """Whether one message can be sent at once."""
    events: Any = socket.getsockopt(_EVENTS)
    return bool(events & _POLLOUT)
