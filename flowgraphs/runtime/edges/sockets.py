"""What both ends of an edge ask of ZeroMQ sockets."""

from __future__ import annotations

import zmq

from semradio.blocks.zeromq import Socket

HEARTBEAT_MS, HEARTBEAT_TIMEOUT_MS = 500, 2000
"""How often a silent connection is tried, and when it counts as broken."""

MESSAGES_A_STEP = 256
"""Messages taken from a socket before the blocks get their turn."""

LINGER_MS = 2000
"""How long a closed socket may take to deliver what is under way."""

REMIND_S = 5.0
"""Seconds between two lines that say which process is awaited."""

HANDSHAKE_MS = 3000
"""How long a connection may take until both ends know who the other is; then it is closed."""

REQUEST_BYTES = 1 << 14
"""Bytes of a message at which a listening socket closes the connection: requests are short."""

REQUESTS = 1000
"""Messages of one connection that wait at a listening socket; more wait where they come from."""


def configure(socket: Socket) -> None:
    """Set what all sockets of edges have in common: credit bounds them, not ZeroMQ."""
    socket.setsockopt(zmq.SNDHWM, 0)
    socket.setsockopt(zmq.RCVHWM, 0)
    socket.setsockopt(zmq.LINGER, LINGER_MS)
    socket.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_MS)
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS)
    socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)


def shelter(socket: Socket) -> None:
    """Bound what a stranger can make a listening socket hold; before it is bound."""
    socket.setsockopt(zmq.RCVHWM, REQUESTS)
    socket.setsockopt(zmq.MAXMSGSIZE, REQUEST_BYTES)


FAILED_EVENTS = (
    zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)
"""A connection broke before both ends knew each other."""


def watched(socket: Socket) -> Socket:
    """Return a socket that tells what happens to the connections of another one, from now on."""
    address = f"inproc://monitor-{socket.FD}"
    known = zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED
    socket.monitor(address, known | FAILED_EVENTS)
    ear: Socket = socket.context.socket(zmq.PAIR)
    # ZeroMQ's own thread would wait where nobody reads, and with it all connections.
    ear.setsockopt(zmq.RCVHWM, 0)
    ear.connect(address)
    return ear
