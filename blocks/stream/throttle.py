"""A stream at the pace of a clock."""

from __future__ import annotations

import math
import time

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter, state


@block("throttle", category="stream")
class Throttle(SyncBlock):
    """Pass items on at a mean rate of ``rate`` items per second, and not before their time.

    Item i is due ``i / rate`` seconds after the first. What a slow receiver held up is made good
    as soon as it has room again. A new rate counts from the moment of the change. The items
    themselves do not depend on the clock.
    """

    rate: float = parameter(unit="items/s", above=0, live=True, doc="Mean rate of the items.")

    x = Input("any[...]", doc="Any stream.")
    y = Output(like="x", doc="The same items, paced.")

    since: float = state(math.nan, doc="Clock when the present rate began; NaN before.")
    passed: int = state(0, doc="Items passed on since then.")

    clock = staticmethod(time.monotonic)

    def ready(self, items: int, ended: bool) -> int:
        if not self.enabled:
            return items
        if math.isnan(self.since):
            self.since = self.clock()
        due = math.floor((self.clock() - self.since) * self.rate) + 1
        return min(items, due - self.passed)

    def work(self, x: Array, at: int) -> Array:
        self.passed += len(x)
        return x

    def changed(self, name: str, at: int) -> None:
        # Also after a time of bypass the items start afresh, instead of catching up on it.
        self.since, self.passed = math.nan, 0
