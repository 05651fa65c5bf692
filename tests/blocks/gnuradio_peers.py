"""The other ends of gr-zeromq's sockets in plain pyzmq, for blocks that are run again and again."""

from __future__ import annotations

import contextlib
import struct
import threading
from typing import Any

import zmq

Context = zmq.Context[zmq.Socket[bytes]]

_RECONNECT_MS = 5


def _connected(context: Context, kind: int, address: str) -> zmq.Socket[bytes]:
    socket = context.socket(kind)
    socket.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MS)
    socket.setsockopt(zmq.IMMEDIATE, 1)
    socket.connect(address)
    return socket


def _send(socket: zmq.Socket[bytes], message: list[bytes]) -> None:
    """Send a message if somebody takes it now: who was there a moment ago may have gone."""
    with contextlib.suppress(zmq.Again):
        socket.send_multipart(message, zmq.NOBLOCK)


def taking(context: Context, address: str, stop: threading.Event, kind: int) -> None:
    """Take everything from senders at an address, whoever comes and goes: PULL or SUB."""
    socket = _connected(context, kind, address)
    if kind == zmq.SUB:
        socket.setsockopt(zmq.SUBSCRIBE, b"")
    while not stop.is_set():
        socket.poll(50) and socket.recv_multipart()
    socket.close(0)


def requesting(context: Context, address: str, stop: threading.Event, count: int) -> None:
    """Ask whoever answers at an address again and again, for ``count`` items at once."""
    # A REQ socket would wait for ever for one who has gone.
    socket = _connected(context, zmq.DEALER, address)
    while not stop.is_set():
        if socket.poll(50, zmq.POLLOUT):
            _send(socket, [b"", struct.pack("=I", count)])
            socket.poll(100) and socket.recv_multipart()
    socket.close(0)


def giving(
    context: Context, address: str, stop: threading.Event, kind: int, message: list[bytes]
) -> None:
    """Send the same message to everybody for ever: PUSH or PUB."""
    socket = context.socket(kind)
    socket.setsockopt(zmq.SNDHWM, 1)
    socket.bind(address)
    while not stop.is_set():
        ready: Any = socket.poll(50, zmq.POLLOUT)
        if ready:
            _send(socket, message)
        if kind == zmq.PUB:
            stop.wait(0.001)
    socket.close(0)


def replying(context: Context, address: str, stop: threading.Event, message: bytes) -> None:
    """Answer every request with the same message."""
    socket = context.socket(zmq.REP)
    socket.bind(address)
    while not stop.is_set():
        if socket.poll(50):
            assert len(socket.recv()) == 4
            socket.send(message)
    socket.close(0)
