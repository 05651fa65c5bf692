"""Blocks that the runtime's tests load into worker processes."""

from __future__ import annotations

import os
import signal
import sys
import time
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

    how: str = parameter("raise", doc="raise, kill, hang, nan, exit or memory.")
    at_item: int = parameter(500, doc="Item at which it happens.")
    x = Input("float32[4]", doc="Items.")
    y = Output(like="x", doc="The same.")

    def work(self, x: Array, at: int) -> Array:
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
        raise ValueError("sabotage")


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
