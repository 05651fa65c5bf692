"""A stream at the pace of a clock."""

from __future__ import annotations

import math
import time

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter, state

TICK_S = 2e-3
"""How long the items of a fast stream gather."""


@block("throttle", category="stream")
class Throttle(SyncBlock):
    """Pass items on at a mean rate of ``rate`` items per second, and not before their time.

    Item i is due ``i / rate`` seconds after the first; above 500 items/s, those of two
    milliseconds pass together. What a slow receiver held up is made good as soon as it has room
    again. A new rate counts from the moment of the change. When the run is asked to end, what is
    under way passes at once. The items themselves do not depend on the clock.

    Example:
        >>> Throttle(rate=1e6)(np.float32([1, 2]))
        array([1., 2.], dtype=float32)
    """

    rate: float = parameter(unit="items/s", above=0, live=True, doc="Mean rate of the items.")

    x = Input("any[...]", doc="Any stream.")
    y = Output(like="x", doc="The same items, paced.")

    since: float = state(math.nan, doc="Clock when the present rate began; NaN before.")
    passed: int = state(0, doc="Items passed on since then.")

    clock = staticmethod(time.monotonic)

    def ready(self, items: int, ended: bool) -> int:
        if not self.enabled or self.stopping:
            return items
        if math.isnan(self.since):
            self.since = self.clock()
        elapsed = self.clock() - self.since
        if self.rate * TICK_S > 1:
            # Looking at the clock for one or two items at a time would keep a core busy.
            elapsed = math.floor(elapsed / TICK_S) * TICK_S
        due = math.floor(elapsed * self.rate) + 1
        return min(items, due - self.passed)

    def work(self, x: Array, at: int) -> Array:
        self.passed += len(x)
        return x

    def restore(self, saved: None) -> None:
        # The clock of another process, or of a host before it was started, tells nothing.
        self.since, self.passed = math.nan, 0

    def changed(self, name: str, at: int) -> None:
        # Also after a time of bypass the items start afresh, instead of catching up on it.
        self.since, self.passed = math.nan, 0
