"""Whom a listening socket lets in: those whose keys are expected, each under its name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import zmq
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils import z85

from semradio.blocks.zeromq import Context, Socket
from semradio.flowgraphs.curve.folder import read_pair, read_public

_DOMAIN = "semradio"


class Guard(ThreadAuthenticator):
    """Answers ZeroMQ, in a thread of its own, whether a key may come in (ZAP, RFC 27).

    A message that came in carries the name that belongs to its key; the function
    :func:`~semradio.flowgraphs.curve.entry.whose` reads it.

    Args:
        context: of the sockets to be guarded.
        folder: of keys. own: whose key this process has. admitted: whose keys are let in.

    Raises:
        KeysError: a key is missing or wrong.
    """

    def __init__(self, context: Context, folder: Path, own: str, admitted: Iterable[str]) -> None:
        super().__init__(context)
        self.pair = read_pair(folder, own)
        self.names = {read_public(folder, name): name for name in admitted}
        self.configure_curve_callback(_DOMAIN, self)
        self.start()

    def callback(self, domain: str, key: bytes) -> bool:
        """Whether a key, in Z85, is let in."""
        return key in self.names

    def curve_user_id(self, client_public_key: bytes) -> str:
        """Return the name that belongs to a key that was let in."""
        return self.names[z85.encode(client_public_key)]

    def watch(self, socket: Socket) -> None:
        """Let nobody in at a socket without asking here; before it is bound."""
        socket.setsockopt(zmq.CURVE_SERVER, 1)
        socket.setsockopt(zmq.CURVE_PUBLICKEY, self.pair.public)
        socket.setsockopt(zmq.CURVE_SECRETKEY, self.pair.secret)
        socket.setsockopt(zmq.ZAP_DOMAIN, _DOMAIN.encode())
