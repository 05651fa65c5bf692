"""The power of a signal."""

from __future__ import annotations

import math
from typing import Any

from semradio.blocks.api import Array, Input, Sink, block, state
from semradio.blocks.metrics.item_power import check_finite, item_power


def decibels(ratio: float) -> float | None:
    """Return 10 log10 of a power ratio; None where it is 0 or infinite, as JSON has no infinity."""
    return 10 * math.log10(ratio) if 0 < ratio < math.inf else None


@block("signal_power", category="metrics")
class SignalPower(Sink):
    """Measure the mean power E||x||^2 of an item.

    Results: ``items``; ``power``, the mean of ||x||^2 over the items (linear); ``power_db``, the
    same in dB (null for a power of 0); ``peak``, the largest ||x||^2 of one item; ``papr_db``,
    peak over mean. All are null where no item came. An item with NaN or infinity is an error.
    """

    x = Input("floating[...] | complex64[...] | complex128[...]", doc="The signal.")

    items: int = state(0, doc="Items so far.")
    energy: float = state(0.0, doc="Sum of ||x||^2.")
    peak: float = state(0.0, doc="Largest ||x||^2 of one item.")

    def work(self, x: Array, at: int) -> None:
        check_finite(x, at, "x")
        power = item_power(x)
        self.items += len(x)
        self.energy += float(power.sum())
        self.peak = max(self.peak, float(power.max()))

    def results(self) -> dict[str, Any]:
        if not self.items:
            return {"items": 0, "power": None, "power_db": None, "peak": None, "papr_db": None}
        power = self.energy / self.items
        return {
            "items": self.items,
            "power": power,
            "power_db": decibels(power),
            "peak": self.peak,
            "papr_db": decibels(self.peak / power) if power else None,
        }
