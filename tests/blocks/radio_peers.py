"""Virtual radios in plain pyzmq, as srsRAN's speak."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Iterator

import numpy as np
import zmq
from ports import free_port


def asking(context: zmq.Context[zmq.Socket[bytes]], address: str, stop: threading.Event) -> None:
    """Ask a transmitter again and again, as a virtual radio does, whoever comes and goes there."""
    socket = context.socket(zmq.REQ)
    socket.setsockopt(zmq.SNDTIMEO, 200)
    socket.setsockopt(zmq.RCVTIMEO, 200)
    socket.setsockopt(zmq.REQ_RELAXED, 1)
    socket.setsockopt(zmq.REQ_CORRELATE, 1)
    socket.connect(address)
    while not stop.is_set():
        with contextlib.suppress(zmq.Again):
            socket.send(b"\0")
            socket.recv()
    socket.close(0)


def answering(
    context: zmq.Context[zmq.Socket[bytes]], address: str, stop: threading.Event, air: np.ndarray
) -> None:
    """Answer every receiver with the same samples from the first on, in pieces of odd sizes."""
    socket = context.socket(zmq.ROUTER)
    socket.bind(address)
    left: dict[bytes, tuple[int, Iterator[int]]] = {}
    while not stop.is_set():
        if not socket.poll(20):
            continue
        who, empty, request = socket.recv_multipart()
        assert len(request) == 1
        at, sizes = left.get(who, (0, itertools.cycle((7, 1, 64, 30, 3))))
        piece = air[at : at + next(sizes)]
        left[who] = at + len(piece), sizes
        if len(piece):
            socket.send_multipart([who, empty, piece.tobytes()])
    socket.close(0)


def free_address() -> str:
    """An address of this machine at which nothing listens."""
    return f"127.0.0.1:{free_port()}"


def _place(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


def datagrams(_: object, address: str, stop: threading.Event, packet: bytes) -> None:
    """Send the same packet again and again."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while not stop.wait(0.002):
            sender.sendto(packet, _place(address))


def serving(_: object, address: str, stop: threading.Event, raw: bytes | None) -> None:
    """Give the same bytes to everybody who connects, or (None) take everything."""
    with socket.create_server(_place(address)) as listener:
        listener.settimeout(0.05)
        while not stop.is_set():
            with contextlib.suppress(TimeoutError, ConnectionError):
                peer, _ = listener.accept()
                with peer:
                    peer.settimeout(30.0)
                    if raw is not None:
                        peer.sendall(raw)
                        peer.shutdown(socket.SHUT_WR)
                    while peer.recv(1 << 16):
                        pass
