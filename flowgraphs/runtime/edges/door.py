"""Where processes of one host hand each other descriptors: a UNIX socket without a file.

Its name is in Linux's abstract space, so nothing is left of it when its process is gone, however
that went. It follows from the edge's own endpoint. Both ends look whether the other one is a
process of the same user. Where anything is missing (another system, another host, another network
name space), there is no door, and the edges do without shared memory.
"""

from __future__ import annotations

import hashlib
import os
import socket
import struct
import sys

_TOKEN = struct.Struct("<Q")
_CREDENTIALS = struct.Struct("3i")
"""Process, user and group (unix(7), SO_PEERCRED)."""

_WAITING = 128
"""Connections that may wait for being accepted."""

_ANSWER_S = 1.0
"""Seconds that a process which has connected may take to say its token: it says it at once."""


def possible(endpoint: str) -> bool:
    """Whether this system has what shared memory takes, and the endpoint is on this host."""
    return (
        sys.platform == "linux"
        and sys.byteorder == "little"
        and hasattr(os, "memfd_create")
        and endpoint.startswith("ipc://")
    )


class Door:
    """The sender's side of an endpoint: lets receivers in, each known by a token.

    Raises:
        OSError: there can be no door here.
    """

    def __init__(self, endpoint: str) -> None:
        self.waiting: dict[int, socket.socket] = {}
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.listener.bind(_name(endpoint))
            self.listener.listen(_WAITING)
            self.listener.setblocking(False)
        except OSError:
            self.listener.close()
            raise

    def let_in(self, token: int) -> socket.socket | None:
        """Return the connection of the receiver that said ``token``; None if there is none.

        Called when a request names the token: who sends one has connected, and said it, before.
        """
        while token not in self.waiting:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return None
            connection.settimeout(_ANSWER_S)
            try:
                said = connection.recv(_TOKEN.size) if _same_user(connection) else b""
            except OSError:
                said = b""
            if len(said) == _TOKEN.size:
                connection.setblocking(False)
                self.waiting[_TOKEN.unpack(said)[0]] = connection
            else:
                connection.close()
        return self.waiting.pop(token)

    def close(self) -> None:
        """Let nobody in any more."""
        self.listener.close()
        for connection in self.waiting.values():
            connection.close()
        self.waiting.clear()


def open_door(endpoint: str) -> Door | None:
    """Return a door for receivers of an endpoint; None where there can be none."""
    if not possible(endpoint):
        return None
    try:
        return Door(endpoint)
    except OSError:
        return None


def enter(endpoint: str) -> tuple[socket.socket, int] | None:
    """Connect to the door of a sender; returns the connection and its token, None without one."""
    if not possible(endpoint):
        return None
    token = int.from_bytes(os.urandom(_TOKEN.size), "little")
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(_ANSWER_S)
    try:
        connection.connect(_name(endpoint))
        if _same_user(connection):
            connection.send(_TOKEN.pack(token))
            # Nobody ever waits here again: what is handed over is there before it is named.
            connection.setblocking(False)
            return connection, token
    except OSError:
        pass
    connection.close()
    return None


def _name(endpoint: str) -> bytes:
    path = endpoint.removeprefix("ipc://")
    path = path if path.startswith("@") else os.path.realpath(path)
    return b"\0semradio-" + hashlib.sha256(os.fsencode(path)).hexdigest()[:32].encode()


def _same_user(connection: socket.socket) -> bool:
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(found)[1]) == os.geteuid()
