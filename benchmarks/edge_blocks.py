"""Blocks of the latency benchmark: items that carry the time at which they were made."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, Output, Sink, Source, block, parameter, state


@block("benchmark_stamps", category="sources")
class Stamps(Source):
    """Give uint8[92] items at a steady rate; the first 8 bytes are the time in ns."""

    items: int = parameter(low=1, doc="Number of items.")
    rate: float = parameter(above=0, unit="items/s", doc="Items a second.")

    y = Output("uint8[92]", doc="Stamped items.")

    began: float | None = state(None, doc="Time of the first item.")
    given: int = state(0, doc="Items so far.")

    def ready(self, items: int, ended: bool) -> int:
        now = time.monotonic()
        if self.began is None:
            self.began = now
        return min(items, int((now - self.began) * self.rate) - self.given)

    def work(self, n: int, at: int) -> Array:
        n = min(n, self.items - at)
        self.given += n
        y = np.zeros((n, 92), np.uint8)
        y[:, :8] = np.array([time.monotonic_ns()], np.int64).view(np.uint8)
        if at + n >= self.items:
            self.finish()
        return y


@block("benchmark_latency", category="sinks")
class Latency(Sink):
    """Take stamped items; result: the median time from making to here."""

    x = Input("uint8[92]", doc="Stamped items.")

    delays: list[int] = state(factory=list, doc="Latency of each item in ns.")

    def work(self, x: Array, at: int) -> None:
        now = time.monotonic_ns()
        self.delays += [int(now - s) for s in x[:, :8].copy().view(np.int64)[:, 0]]

    def results(self) -> dict[str, Any]:
        settled = self.delays[len(self.delays) // 10 :]
        return {"median_us": float(np.median(settled)) / 1e3 if settled else None}
