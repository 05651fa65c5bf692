"""The server of the page: on this host only, for those who have its token only."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs.view.web.connections import FewConnections
from semradio.flowgraphs.view.web.guard import Guard
from semradio.flowgraphs.view.web.hub import Hub
from semradio.flowgraphs.view.web.rights import Right, Rights
from semradio.flowgraphs.view.web.session import Session

STATIC = Path(__file__).with_name("static")

MOST_PAGES = 8
"""Pages that look at a time."""

MAX_WORD = 16 * 1024
"""Bytes of what a page says at a time at most."""

LINGER_S = 4.0
"""Seconds that the server stays after the end of its run without a page; it may be reloading."""

_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


class _Entry(msgspec.Struct):
    token: str


class Server:
    """Serves the page of one hub until :meth:`close`, or the end of its run.

    Args:
        hub: what there is to see.
        change: whether a token is made that allows to change parameters.
        port: to listen on, on 127.0.0.1; 0 for any.

    Raises:
        ParameterError: the port cannot be listened on.
    """

    def __init__(self, hub: Hub, change: bool, port: int = 0) -> None:
        self.hub = hub
        self.rights = Rights(change)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self.socket.bind(("127.0.0.1", port))
        except OSError as error:
            self.socket.close()
            raise ParameterError(
                f"cannot listen on 127.0.0.1:{port}: {error.strerror or error}; give another --port"
            ) from error
        self.port = self.socket.getsockname()[1]
        self.pages = 0
        self.last_left = time.monotonic()
        # Loaded once, by name: a request never becomes a path.
        self.files = {
            file.relative_to(STATIC).as_posix(): (file.read_bytes(), _KINDS[file.suffix])
            for file in sorted(STATIC.rglob("*"))
            if file.suffix in _KINDS
        }
        self.server = uvicorn.Server(
            uvicorn.Config(
                Guard(self._app(), self.port),
                http=FewConnections,
                ws="websockets-sansio",
                ws_max_size=MAX_WORD,
                ws_per_message_deflate=False,
                ws_ping_interval=5.0,
                ws_ping_timeout=20.0,
                lifespan="off",
                log_level="critical",
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=1,
            )
        )

    def url(self, right: Right) -> str:
        """Return the address that gives a right to whoever opens it."""
        return f"http://127.0.0.1:{self.port}/#{self.rights.tokens[right]}"

    @property
    def cookie(self) -> str:
        """Name of the cookie; cookies know no ports, so each server has one of its own."""
        return f"semradio_{self.port}"

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until :meth:`close`, or until the run has ended and nobody looks."""
        self.hub.start()
        try:
            asyncio.run(self._run(ready))
        finally:
            self.hub.close()
            self.socket.close()

    def close(self) -> None:
        """End :meth:`run`; from any thread."""
        self.server.should_exit = True

    async def _run(self, ready: Callable[[], None]) -> None:
        serving = asyncio.create_task(self.server.serve(sockets=[self.socket]))
        told = False
        while not serving.done():
            if self.server.started and not told:
                told = True
                self.last_left = time.monotonic()
                ready()
            alone = not self.pages and time.monotonic() - self.last_left > LINGER_S
            if alone:
                self.hub.nobody_looks()
                if self.hub.ended.is_set():
                    self.close()
            await asyncio.wait([serving], timeout=0.2)
        await serving

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/enter", self._enter, methods=["POST"]),
                WebSocketRoute("/look", self._look),
                Route("/{name:path}", self._file, methods=["GET", "HEAD"]),
            ]
        )

    async def _file(self, request: Request) -> Response:
        found = self.files.get(request.path_params["name"] or "index.html")
        if found is None:
            return Response("there is no such thing here", 404, media_type="text/plain")
        return Response(found[0], media_type=found[1])

    async def _enter(self, request: Request) -> Response:
        try:
            entry = msgspec.json.decode(await request.body(), type=_Entry)
        except msgspec.DecodeError:
            return JSONResponse({"error": "not understood"}, 400)
        cookie = self.rights.enter(entry.token)
        if cookie is None:
            return JSONResponse({"error": "this is no token of this run"}, 403)
        answer = Response(status_code=204)
        answer.set_cookie(self.cookie, cookie, httponly=True, samesite="strict", path="/")
        return answer

    async def _look(self, socket: WebSocket) -> None:
        right = self.rights.right(socket.headers.get("cookie", ""), self.cookie)
        if right is None or self.pages >= MOST_PAGES:
            await socket.close(1008)
            return
        await socket.accept()
        self.pages += 1
        try:
            await Session(socket, self.hub, right).serve()
        finally:
            self.pages -= 1
            self.last_left = time.monotonic()
