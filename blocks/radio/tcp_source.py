"""A stream from a TCP connection."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import (
    Array,
    ItemType,
    Output,
    Source,
    StreamError,
    block,
    parameter,
    state,
)
from semradio.blocks.radio.tcp_block import TcpBlock

_MOST_BYTES = 1 << 20


@block("tcp_source", category="radio")
class TcpSource(TcpBlock, Source):
    """Give the items that come over a TCP connection: raw native binary, as GNU Radio sends them.

    It connects to a sender that listens, or, with ``bind``, waits for one to connect. Nothing is
    lost, and a sender that is faster waits. The stream ends when the sender closes the
    connection, or after ``items``.

    Raises:
        ParameterError: nobody listens at the address, or it cannot be used.
        StreamError: the connection broke.

    Example:
        >>> import socket
        >>> from threading import Thread
        >>> server = socket.create_server(("127.0.0.1", 47512))
        >>> def serve():
        ...     with server, server.accept()[0] as peer:
        ...         peer.sendall(np.int16([1, 2, 3]).tobytes())
        >>> Thread(target=serve, daemon=True).start()
        >>> TcpSource(address="127.0.0.1:47512", type="int16")()
        array([1, 2, 3], dtype=int16)

    Source:
        GNU Radio 3.10, gr-network.
    """

    address: str = parameter(
        "127.0.0.1:2000",
        doc="Where the sender listens, or where to listen: 0.0.0.0 for others, port 0 for any.",
    )
    type: str = parameter("complex64", doc="Item type.")
    bind: bool = parameter(False, doc="Whether it listens, and the sender connects.")
    items: int | None = parameter(
        None, low=0, unit="items", doc="End after so many; never if null."
    )
    timeout: float = parameter(5.0, unit="s", above=0, doc="How long connecting may take.")

    y = Output(doc="The items.")

    odd: bytes = state(b"", doc="The beginning of an item whose end has not come.")
    given: int = state(0, doc="Items handed on.")

    def configure(self) -> None:
        super().configure()
        self._item = ItemType.parse(self.type)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": self._item}

    def work(self, n: int, at: int) -> Array | None:
        left = n if self.items is None else min(n, self.items - at)
        if left <= 0:
            self.finish()
            return None
        raw = self._receive(left * self._item.nbytes)
        if raw is None:
            return None
        raw = self.odd + raw
        count = len(raw) // self._item.nbytes
        self.odd = raw[count * self._item.nbytes :]
        self.given += count
        if self.given == self.items:
            self.finish()
        y = np.frombuffer(raw, self._item.numpy, count * self._item.size)
        return y.reshape(count, *self._item.shape)

    def _receive(self, most: int) -> bytes | None:
        """Return what has come, at most ``most`` bytes; None while that is nothing."""
        link = self._link
        assert link is not None  # between start() and stop()
        if not link.ready():
            return None
        assert link.peer is not None  # there is one
        try:
            raw = link.peer.recv(max(1, min(most - len(self.odd), _MOST_BYTES)))
        except BlockingIOError:
            return None
        except OSError as error:
            raise StreamError(f"TCP {self._host}, port {link.port}: {error.strerror}") from None
        if raw:
            return raw
        if self.odd:
            self.note(f"the last {len(self.odd)} bytes are no whole {self._item}: left out")
        self.finish()
        return None
