"""Blocks that the runtime's tests load into worker processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    Output,
    Sink,
    Source,
    SyncBlock,
    block,
    parameter,
    state,
)


@block("count_source", category="sources")
class CountSource(Source):
    """Items 0, 1, 2, ... as float32[4], with a tag on each hundredth."""

    items: int = parameter(1000, doc="Number of items.")
    y = Output("float32[4]", doc="The index, four times.")

    def work(self, n: int, at: int) -> Array:
        n = min(n, self.items - at)
        if at + n == self.items:
            self.finish()
        index = np.arange(at, at + n)
        for i in index[index % 100 == 0]:
            self.tag("hundred", int(i) // 100, int(i))
        return np.repeat(index[:, None], 4, axis=1).astype(np.float32)


@block("digest_sink", category="sinks")
class DigestSink(Sink):
    """A digest of all items and tags, which no cut and no transport may change."""

    listens = ("*",)
    x = Input("any[...]", doc="Items.")
    items: int = state(0, doc="Items so far.")
    parts: list[Any] = state(factory=list, doc="Bytes so far.")
    marks: list[Any] = state(factory=list, doc="Tags so far.")

    def on_tag(self, tag: Any) -> None:
        self.marks.append(list(tag))

    def work(self, x: Array, at: int) -> None:
        assert at == self.items
        self.items += len(x)
        self.parts.append(x.tobytes())

    def results(self) -> dict[str, Any]:
        import hashlib

        return {
            "items": self.items,
            "digest": hashlib.sha256(b"".join(self.parts)).hexdigest(),
            "tags": self.marks,
        }


@block("saboteur", category="stream")
class Saboteur(SyncBlock):
    """Pass items on, until the item at which something terrible happens."""

    how: str = parameter("raise", doc="raise, kill, hang, nan, exit, memory, forget or write.")
    at_item: int = parameter(500, doc="Item at which it happens.")
    x = Input("float32[4]", doc="Items.")
    y = Output(like="x", doc="The same.")

    def work(self, x: Array, at: int) -> Array | None:
        if not at <= self.at_item < at + len(x):
            return x
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "exit":
            os._exit(3)
        if self.how == "hang":
            time.sleep(3600)
        if self.how == "nan":
            return x * np.float32(np.nan)
        if self.how == "forget":
            return None
        if self.how == "write":
            # As where the items belong to a message, or to a source that gives them again.
            x.setflags(write=False)
            x[:] = 0
        raise ValueError("sabotage")


@block("dies_once", category="stream")
class DiesOnce(SyncBlock):
    """Pass items on; the first time that an item comes, the process is killed."""

    at_item: int = parameter(500, doc="Item at which it happens.")
    mark: str = parameter(doc="File that is there if it has happened.")
    x = Input("any[...]", doc="Items.")
    y = Output(like="x", doc="The same.")

    def work(self, x: Array, at: int) -> Array:
        if at <= self.at_item < at + len(x) and not Path(self.mark).exists():
            Path(self.mark).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return x


@block("slow", category="stream")
class Slow(SyncBlock):
    """Pass items on, a millisecond each."""

    x = Input("any[...]", doc="Items.")
    y = Output(like="x", doc="The same.")

    def work(self, x: Array, at: int) -> Array:
        time.sleep(0.001 * len(x))
        return x


@block("stop_fails", category="sinks")
class StopFails(Sink):
    """Cannot put its work away."""

    x = Input("any[...]", doc="Items.")

    def work(self, x: Array, at: int) -> None:
        return None

    def stop(self) -> None:
        raise OSError(28, "No space left on device")


@block("bad_end", category="sinks")
class BadEnd(Sink):
    """Fails when all items have come."""

    how: str = parameter("", doc="In what: results, exit or stop.")
    x = Input("any[...]", doc="Items.")

    def work(self, x: Array, at: int) -> None:
        return None

    def stop(self) -> None:
        if self.how == "stop":
            sys.exit(4)

    def results(self) -> dict[str, Any]:
        if self.how == "exit":
            sys.exit(4)
        if self.how == "results":
            raise ValueError("no results")
        return {}


@block("leaver", category="stream")
class Leaver(SyncBlock):
    """Calls sys.exit, as a script would that was made into a block."""

    word: str = parameter("", doc="Not used.")
    x = Input("float32[4]", doc="Items.")
    y = Output(like="x", doc="The same.")

    def work(self, x: Array, at: int) -> Array:
        if at >= 500:
            sys.exit(7)
        return x


@block("stubborn", category="stream")
class Stubborn(SyncBlock):
    """Pass items on, but stay inside ``work`` for ``seconds`` at item 1000."""

    seconds: float = parameter(0.0, doc="How long.")
    x = Input("any[...]", doc="Items.")
    y = Output(like="x", doc="The same.")

    def work(self, x: Array, at: int) -> Array:
        if self.seconds and at >= 1000:
            time.sleep(self.seconds)
        return x


@block("deaf", category="stream")
class Deaf(SyncBlock):
    """Pass 1000 items on, and then wait for something that never comes."""

    x = Input("any[...]", doc="Items.")
    y = Output(like="x", doc="The same.")
    given: int = state(0, doc="Items passed on.")

    def ready(self, items: int, ended: bool) -> int:
        return items if not self.enabled or self.given < 1000 else 0

    def work(self, x: Array, at: int) -> Array:
        self.given += len(x)
        return x
