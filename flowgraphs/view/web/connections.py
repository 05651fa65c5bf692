"""Connections of the server: few, and none that says nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 64
"""Connections at a time; further ones are cut at once."""

SILENT_S = 20.0
"""Seconds after which a connection that has asked for nothing is cut.

Browsers open connections before they need them, and do not ask again on one that is cut just then.
"""


class FewConnections(H11Protocol):
    """HTTP/1.1 for at most :data:`MOST` connections that have something to say."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.server_state.connections) >= MOST:
            transport.abort()
            self.transport: Any = transport
            self.refused = True
            return
        super().connection_made(transport)
        self.patience = self.loop.call_later(SILENT_S, self._look)

    def data_received(self, data: bytes) -> None:
        if not getattr(self, "refused", False):
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not getattr(self, "refused", False):
            self.patience.cancel()
            super().connection_lost(exc)

    def _look(self) -> None:
        if self.cycle is None and self in self.server_state.connections:
            self.transport.abort()
