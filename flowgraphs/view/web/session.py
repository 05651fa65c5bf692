"""One page that looks: what it wants, what it has not seen yet, and when it gets it.

The page says when it begins to draw; only then the next message leaves, with the newest there is,
and is made while the page draws. So there are two messages under way at most, and a page that
stands still holds nothing up. A page that takes few of the frames is handed fewer.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from semradio.blocks.api.item_type import Array
from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.view.feed import Frame
from semradio.flowgraphs.view.web.hub import Hub, Wants
from semradio.flowgraphs.view.web.panel import KINDS, Panel, Spectra, items_of, kinds_of
from semradio.flowgraphs.view.web.rates import Rates
from semradio.flowgraphs.view.web.rights import Right
from semradio.flowgraphs.view.web.wire import packed

MOST_PANELS = 24


class Open(msgspec.Struct, tag="open", tag_field="do"):
    """Show a panel."""

    id: int
    of: list[str]
    kind: str | None = None


class Close(msgspec.Struct, tag="close", tag_field="do"):
    """Show a panel no more."""

    id: int


class Drawn(msgspec.Struct, tag="drawn", tag_field="do"):
    """The last message is about to be drawn: send the next."""


class Change(msgspec.Struct, tag="change", tag_field="do"):
    """Change live parameters."""

    values: dict[str, Any]
    ask: int = 0


class Stop(msgspec.Struct, tag="stop", tag_field="do"):
    """End the sources of the run."""

    ask: int = 0


class Start(msgspec.Struct, tag="start", tag_field="do"):
    """Start the run once more."""

    ask: int = 0


class Record(msgspec.Struct, tag="record", tag_field="do"):
    """Begin or end a recording."""

    port: str
    kind: str
    ask: int = 0


Word = Open | Close | Drawn | Change | Stop | Start | Record
_words: msgspec.json.Decoder[Word] = msgspec.json.Decoder(Word)


@dataclass(slots=True)
class _Waiting:
    """The newest frame of a port that the page has not seen, and what it replaced."""

    frame: Frame
    replaced: int = 0


class Session:
    """One page.

    Args:
        socket: accepted.
        right: what it may do.
    """

    def __init__(self, socket: WebSocket, hub: Hub, right: Right) -> None:
        self.socket = socket
        self.hub = hub
        self.right = right
        self.loop = asyncio.get_running_loop()
        self.panels: dict[int, Panel] = {}
        self.waiting: dict[str, _Waiting] = {}
        self.fresh: dict[str, Any] = {}
        self.left_out = 0
        """Frames that the page was too slow for."""
        self.drawn = True
        self._wake = asyncio.Event()
        self._wants: Wants = {}
        self._rates = Rates()

    # From the hub's thread ---------------------------------------------------------------------

    def wants(self) -> Wants:
        """Return what the page looks at."""
        return self._wants

    def offer(self, frames: list[Frame]) -> None:
        """Take what has come."""
        self._call(self._offered, frames)

    def news(self, name: str, data: Any) -> None:
        """Take what replaces what was known."""
        self._call(self._told, name, data)

    def _call(self, function: Callable[..., None], *arguments: Any) -> None:
        try:
            self.loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            # The server is closing.
            return

    # In the loop ------------------------------------------------------------------------------

    def _offered(self, frames: list[Frame]) -> None:
        for frame in frames:
            if frame.port in self._wants:
                self._take(frame)
        if self.waiting:
            self._wake.set()
        if self._rates.note(len(frames), self.left_out, time.monotonic()):
            self._reckon()

    def _take(self, frame: Frame) -> None:
        before = self.waiting.get(frame.port)
        if before is not None:
            self.left_out += 1
            lost = before.frame.skipped + len(before.frame.array)
            tags = [*before.frame.tags, *frame.tags][-40:]
            frame = replace(frame, skipped=frame.skipped + lost, tags=tags)
        self.waiting[frame.port] = _Waiting(frame)

    def _told(self, name: str, data: Any) -> None:
        self.fresh[name] = data
        if name == "graph":
            self._reckon()
        self._wake.set()

    async def serve(self) -> None:
        """Talk with the page until it leaves."""
        self.hub.join(self)
        sender = asyncio.create_task(self._send())
        try:
            while True:
                text = await self.socket.receive_text()
                try:
                    await self._do(_words.decode(text))
                except (msgspec.DecodeError, RecursionError) as error:
                    await self._answer(0, {"error": f"not understood: {error}"})
        except WebSocketDisconnect:
            return
        finally:
            self.hub.leave(self)
            sender.cancel()

    async def _do(self, word: Word) -> None:
        match word:
            case Drawn():
                self.drawn = True
                self._wake.set()
            case Open(id, of, kind):
                if len(self.panels) < MOST_PANELS or id in self.panels:
                    self._open(id, of[:8], kind)
            case Close(id):
                self.panels.pop(id, None)
                self._reckon()
            case _:
                await self._steer(word)

    async def _steer(self, word: Change | Stop | Start | Record) -> None:
        if self.right != "change":
            await self._answer(word.ask, {"error": "this page may look, not change"})
            return
        try:
            done: Any = True
            if isinstance(word, Change):
                done = await asyncio.to_thread(self.hub.change, word.values)
            elif isinstance(word, Stop):
                await asyncio.to_thread(self.hub.stop)
            elif isinstance(word, Start):
                await asyncio.to_thread(self.hub.start_again)
            else:
                await asyncio.to_thread(self.hub.record, word.port, word.kind)
        except SemradioError as error:
            await self._answer(word.ask, {"error": str(error)})
            return
        await self._answer(word.ask, {"done": done})

    async def _answer(self, ask: int, answer: dict[str, Any]) -> None:
        await self.socket.send_text(json.dumps({"ask": ask, **answer}))

    def _open(self, number: int, of: list[str], kind: str | None) -> None:
        known = self.hub.type_of(of[0]) if of else None
        if kind is None:
            kind = kinds_of(known)[0] if known is not None else "time"
        if kind in KINDS:
            self.panels[number] = Panel(kind, of)
        self._reckon()

    def _reckon(self) -> None:
        """Work out which ports are looked at, and how many items a frame needs."""
        wants: Wants = {}
        for panel in self.panels.values():
            for port in panel.of:
                item = self.hub.type_of(port)
                if item is None:
                    continue
                most = max(items_of(panel.kind, item, len(panel.of)), wants.get(port, (0, 0.0))[0])
                wants[port] = most, self._rates.per_s
        self._wants = wants
        self.waiting = {port: w for port, w in self.waiting.items() if port in wants}

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if not self.drawn or not (self.waiting or self.fresh):
                continue
            frames = {port: waiting.frame for port, waiting in self.waiting.items()}
            fresh, self.fresh, self.waiting = self.fresh, {}, {}
            self.drawn = False
            await self.socket.send_bytes(self._message(frames, fresh))

    def _message(self, frames: dict[str, Frame], fresh: dict[str, Any]) -> bytes:
        shown: list[dict[str, Any]] = []
        arrays: list[Array] = []
        spectra: Spectra = {}
        for number, panel in self.panels.items():
            found = panel.shown(frames, spectra)
            if found is None:
                continue
            header, parts = found
            shown.append({"id": number, "first_array": len(arrays), "n": len(parts), **header})
            arrays += parts
        header = {
            "panels": shown,
            "news": fresh,
            "left_out": self.left_out,
            "right": self.right,
            "sent_ms": time.time() * 1000,
        }
        return packed(header, arrays)
