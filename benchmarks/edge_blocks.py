"""Blocks of the latency benchmarks: items at a steady rate, and when they arrive."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, Output, Sink, Source, block, parameter, state


class Paced(Source):
    """Gives items one at a time, each when it is due."""

    items: int = parameter(low=1, doc="Number of items.")
    rate: float = parameter(above=0, unit="items/s", doc="Items a second.")

    began: float | None = state(None, doc="Time of the first item.")
    given: int = state(0, doc="Items so far.")

    def ready(self, items: int, ended: bool) -> int:
        now = time.monotonic()
        if self.began is None:
            self.began = now
        return min(items, int((now - self.began) * self.rate) - self.given)

    def due(self, n: int, at: int) -> int:
        """Return how many of ``n`` items come now; ends the stream after the last."""
        n = min(n, self.items - at)
        self.given += n
        if at + n >= self.items:
            self.finish()
        return n


@block("benchmark_stamps", category="sources")
class Stamps(Paced):
    """Give uint8[92] items at a steady rate; the first 8 bytes are the time in ns."""

    y = Output("uint8[92]", doc="Stamped items.")

    def work(self, n: int, at: int) -> Array:
        y = np.zeros((self.due(n, at), 92), np.uint8)
        y[:, :8] = np.array([time.monotonic_ns()], np.int64).view(np.uint8)
        return y


@block("benchmark_frames", category="sources")
class Frames(Paced):
    """Give black images at a steady rate; result: when each was given, in ns."""

    y = Output("uint8[28,28]", doc="Images.")

    times: list[int] = state(factory=list, doc="When each was given.")

    def work(self, n: int, at: int) -> Array:
        n = self.due(n, at)
        self.times += [time.monotonic_ns()] * n
        return np.zeros((n, 28, 28), np.uint8)

    def results(self) -> dict[str, Any]:
        return {"times": self.times}


@block("benchmark_taken", category="sinks")
class Taken(Sink):
    """Take images; result: when each came, in ns of the host's clock."""

    x = Input("uint8[28,28]", doc="Images.")

    times: list[int] = state(factory=list, doc="When each came.")

    def work(self, x: Array, at: int) -> None:
        self.times += [time.monotonic_ns()] * len(x)

    def results(self) -> dict[str, Any]:
        return {"times": self.times}


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
