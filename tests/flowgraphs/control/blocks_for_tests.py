"""Blocks that the tests of live control load into worker processes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    Output,
    ParameterError,
    Sink,
    SyncBlock,
    block,
    parameter,
    state,
)


@block("difference_watch", category="metrics")
class DifferenceWatch(Sink):
    """Note for every single item whether the two inputs differ, as a list of [from, differ]."""

    a = Input("any[...]", doc="Items.")
    b = Input("any[...]", like="a", doc="The same, or others.")
    items: int = state(0, doc="Items so far.")
    runs: list[list[Any]] = state(factory=list, doc="Where the answer changes.")

    def work(self, a: Array, b: Array, at: int) -> None:
        differ = (a != b).reshape(len(a), -1).any(axis=1)
        before = self.runs[-1][1] if self.runs else not differ[0]
        for k in np.flatnonzero(np.diff(differ, prepend=np.bool_(before))):
            self.runs.append([at + int(k), bool(differ[k])])
        self.items += len(a)

    def results(self) -> dict[str, Any]:
        return {"items": self.items, "runs": self.runs}


@block("gate", category="stream")
class Gate(SyncBlock):
    """Pass items on; from item ``shut_at`` on, wait inside of work until a file is there."""

    shut_at: int = parameter(0, doc="Item at which to wait.")
    key: str = parameter("", doc="The file.")
    level: int = parameter(0, low=0, high=9, live=True, doc="Not used.")
    x = Input("any[...]", doc="Items.")
    y = Output(like="x", doc="The same.")

    def work(self, x: Array, at: int) -> Array:
        while self.key and at + len(x) > self.shut_at and not Path(self.key).exists():
            time.sleep(0.01)
        return x


@block("band", category="stream")
class Band(SyncBlock):
    """Clip to a band whose ends must not cross; anything from 100 on is a bug of the block."""

    low: float = parameter(0.0, live=True, doc="Lower end.")
    high: float = parameter(1.0, live=True, doc="Upper end.")
    bug: int = parameter(0, live=True, doc="Divided by.")
    fixed: int = parameter(0, doc="Not live.")
    x = Input("float32[...]", doc="Items.")
    y = Output(like="x", doc="Clipped.")

    def configure(self) -> None:
        if self.low > self.high:
            raise ParameterError("parameter 'low' must not be above 'high'", "low")
        _ = 1 // (self.bug - 100)

    def work(self, x: Array, at: int) -> Array:
        return np.clip(x, np.float32(self.low), np.float32(self.high))
