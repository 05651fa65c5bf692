"""What stands before every request: whom it is addressed to, where it comes from, how large it is.

A browser that is on another site sends that site's ``Origin``; one that was led here by a name that
somebody else controls (DNS rebinding) sends that name as ``Host``. Both are refused before anything
is looked up. Nothing is said to other origins: there are no CORS headers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with every answer."""

MAX_BODY = 4096
"""Bytes of a body at most."""


class Guard:
    """Refuses what does not come from this server's own page; adds headers to every answer.

    Args:
        app: what requests are passed on to.
        port: where this server listens.
    """

    def __init__(self, app: App, port: int) -> None:
        self.app = app
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        refused = self._refused(scope, headers)
        if scope["type"] == "websocket":
            if refused is not None:
                await receive()
                await send({"type": "websocket.close", "code": 1008})
                return
            await self.app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *more]}
            await send(message)

        if refused is not None:
            await _answer(sent, *refused)
            return
        await self.app(scope, receive, sent)

    def _refused(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        """Return status and reason of a refusal; None if the request may pass."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self.hosts:
            return 421, "this server is 127.0.0.1 only"
        own = f"http://{host}"
        if origin is not None and origin != own:
            return 403, "requests of other pages are refused"
        if scope["type"] == "websocket":
            return (403, "no origin") if origin is None else None
        if scope["method"] == "POST":
            if origin is None:
                return 403, "no origin"
            if headers.get("content-type", "").split(";")[0].strip() != "application/json":
                return 415, "a body is JSON"
            length = headers.get("content-length", "")
            if not length.isdecimal():
                return 411, "a body has a length"
            if int(length) > MAX_BODY:
                return 413, f"a body has at most {MAX_BODY} bytes"
        elif scope["method"] not in ("GET", "HEAD"):
            return 405, "GET and POST only"
        return None


async def _answer(send: Send, status: int, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
