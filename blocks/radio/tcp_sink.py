"""A stream over a TCP connection."""

from __future__ import annotations

import select
import time
from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, Sink, StreamError, block, parameter, state
from semradio.blocks.radio.tcp_block import TcpBlock

_POLL_S = 0.01


@block("tcp_sink", category="radio")
class TcpSink(TcpBlock, Sink):
    """Send items over a TCP connection: raw native binary, as GNU Radio's TCP Source takes it.

    It connects to a receiver that listens, or, with ``bind``, waits for one to connect; until
    then, and while the receiver does not read, the stream waits. The end closes the connection.

    Results:
        The ``items`` sent.

    Raises:
        ParameterError: nobody listens at the address, or it cannot be used.
        StreamError: the receiver went, or takes nothing for ``timeout`` at the end.

    Example:
        >>> import socket
        >>> server = socket.create_server(("127.0.0.1", 47511))
        >>> TcpSink(address="127.0.0.1:47511")(np.complex64([1, 2j]))
        {'items': 2}
        >>> np.frombuffer(server.accept()[0].recv(2000), np.complex64)
        array([1.+0.j, 0.+2.j], dtype=complex64)
        >>> server.close()

    Source:
        GNU Radio 3.10, gr-network.
    """

    address: str = parameter(
        "127.0.0.1:2000",
        doc="Where the receiver listens, or where to listen: 0.0.0.0 for others, port 0 for any.",
    )
    bind: bool = parameter(False, doc="Whether it listens, and the receiver connects.")
    timeout: float = parameter(
        10.0, unit="s", above=0, doc="How long connecting may take, and the last items."
    )

    x = Input("any[...]", doc="Any stream.")

    items: int = state(0, doc="Items taken.")
    rest: bytes = state(b"", doc="Bytes that have not gone out.")

    def start(self) -> None:
        if self.enabled:
            super().start()

    def ready(self, items: int, ended: bool) -> int:
        if not self.enabled or self._link is None:
            return items
        if not self._link.ready():
            return 0
        self._send_on()
        return 0 if self.rest else items

    def work(self, x: Array, at: int) -> None:
        if self._link is None:
            self.start()
        self.rest += np.ascontiguousarray(x).tobytes()
        self.items += len(x)
        self._send_on()

    def flush(self) -> None:
        deadline = time.monotonic() + self.timeout
        while self.rest and self._link is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise StreamError(
                    f"the receiver at {self._host} takes nothing: {len(self.rest)} bytes are lost"
                )
            if self._link.ready() and self._link.peer is not None:
                select.select([], [self._link.peer], [], min(left, _POLL_S))
                self._send_on()
            else:
                time.sleep(min(left, _POLL_S))

    def results(self) -> dict[str, Any]:
        return {"items": self.items}

    def _send_on(self) -> None:
        link = self._link
        if link is None or not self.rest or not link.ready():
            return
        assert link.peer is not None  # there is one
        try:
            sent = link.peer.send(self.rest)
        except BlockingIOError:
            return
        except OSError as error:
            raise StreamError(
                f"the receiver at {self._host}, port {link.port} went: {error.strerror}"
            ) from None
        self.rest = self.rest[sent:]
