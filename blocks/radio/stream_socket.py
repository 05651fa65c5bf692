"""One TCP connection, made or waited for, that never blocks the flowgraph."""

from __future__ import annotations

import contextlib
import socket

from semradio.blocks.api import ParameterError


def host_and_port(address: str) -> tuple[str, int]:
    """Read ``HOST:PORT``; ParameterError if it is none."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65_535:
        raise ParameterError(
            f"parameter 'address' must be HOST:PORT, such as 127.0.0.1:2000, not '{address}'",
            "address",
        )
    return host.strip("[]"), int(port)


class StreamSocket:
    """A TCP connection to one peer.

    Args:
        host, port: where to connect to, or where to listen.
        listens: whether it waits for a peer to connect; otherwise it connects.
        timeout: seconds that connecting may take.

    Raises:
        ParameterError: nobody listens there, or the address cannot be used.
    """

    def __init__(self, host: str, port: int, *, listens: bool, timeout: float) -> None:
        self._listener: socket.socket | None = None
        self.peer: socket.socket | None = None
        """The connection; None until a peer has come."""
        try:
            if listens:
                self._listener = socket.create_server((host, port))
                self._listener.setblocking(False)
                self.port = int(self._listener.getsockname()[1])
            else:
                self.peer = socket.create_connection((host, port), timeout)
                self.peer.setblocking(False)
                self.port = port
        except OSError as error:
            verb = "listen at" if listens else "connect to"
            raise ParameterError(
                f"cannot {verb} {host}, port {port}: {error.strerror or error}", "address"
            ) from None

    def ready(self) -> bool:
        """Whether there is a peer; takes one that has come."""
        if self.peer is None and self._listener is not None:
            with contextlib.suppress(BlockingIOError):
                self.peer, _ = self._listener.accept()
                self.peer.setblocking(False)
        return self.peer is not None

    def close(self) -> None:
        """Let go of everything."""
        for found in (self.peer, self._listener):
            if found is not None:
                found.close()
