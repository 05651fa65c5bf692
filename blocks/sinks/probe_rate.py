"""Measures how fast a stream is."""

from __future__ import annotations

import math
import time
from typing import Any

from semradio.blocks.api import Array, Input, Sink, block, parameter, state


@block("probe_rate", category="sinks")
class ProbeRate(Sink):
    """Measure the rate of a stream in items per second of real time.

    Results:
        The number of ``items``, the mean ``rate`` from the first arrival to the last, and the
        rate over the latest interval (``recent_rate``), for a display while running. Items that
        arrive together with the first have no time before them, so they count for neither rate;
        both are 0 as long as nothing came later.

    Example:
        >>> ProbeRate()(np.zeros(5, np.float32))["items"]
        5
    """

    interval: float = parameter(
        1.0, unit="s", above=0, doc="Shortest time over which the recent rate is measured."
    )

    x = Input("any[...]", doc="Any stream.")

    items: int = state(0, doc="Items so far.")
    begin: float = state(math.nan, doc="Clock at the first arrival.")
    first: int = state(0, doc="Items of the first arrival.")
    latest: float = state(math.nan, doc="Clock at the latest arrival.")
    mark: float = state(math.nan, doc="Clock when the present interval began.")
    marked: int = state(0, doc="Items until then.")
    recent: float = state(0.0, doc="Rate over the last whole interval, in items/s.")

    clock = staticmethod(time.monotonic)

    def work(self, x: Array, at: int) -> None:
        now = self.latest = self.clock()
        self.items += len(x)
        if math.isnan(self.begin):
            self.begin = self.mark = now
            self.first = self.marked = self.items
        elif now - self.mark >= self.interval:
            self.recent = (self.items - self.marked) / (now - self.mark)
            self.mark, self.marked = now, self.items

    def restore(self, saved: None) -> None:
        if not self.begin <= self.clock():
            # The host was started anew, and its clock too.
            self.begin = self.mark = math.nan

    def results(self) -> dict[str, Any]:
        elapsed = self.latest - self.begin
        mean = (self.items - self.first) / elapsed if elapsed > 0 else 0.0
        return {"items": self.items, "rate": mean, "recent_rate": self.recent or mean}

    so_far = results
