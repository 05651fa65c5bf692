"""The power of a signal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from semradio.blocks.api import Array, Input, block
from semradio.blocks.metrics.item_power import added, check_finite, item_power
from semradio.blocks.metrics.segments import SegmentedSink


def decibels(ratio: float) -> float | None:
    """Return 10 log10 of a power ratio; None where it is 0 or infinite, as JSON has no infinity."""
    return 10 * math.log10(ratio) if 0 < ratio < math.inf else None


@dataclass
class Power:
    """Powers of some items."""

    items: int = 0
    energy: float = 0.0
    """Sum of ||x||^2."""
    peak: float = 0.0
    """Largest ||x||^2 of one item."""

    def plus(self, other: Power) -> Power:
        """Return the measure of these items and those that follow."""
        return Power(
            self.items + other.items,
            self.energy + other.energy,
            max(self.peak, other.peak),
        )


@block("signal_power", category="metrics")
class SignalPower(SegmentedSink[Power]):
    """Measure the mean power E||x||^2 of an item.

    Results: ``items``; ``power``, the mean of ||x||^2 over the items (linear); ``power_db``, the
    same in dB (null for a power of 0); ``peak``, the largest ||x||^2 of one item; ``papr_db``,
    peak over mean. All are null where no item came. An item with NaN or infinity is an error.
    Where the tag ``segments`` changes its value on the way, a list ``segments`` has the same for
    each stretch: ``from`` (its first item), ``items``, the value of the tag, and the figures.
    """

    x = Input("floating[...] | complex64[...] | complex128[...]", doc="The signal.")

    def blank(self) -> Power:
        return Power()

    def work(self, x: Array, at: int) -> None:
        check_finite(x, at, "x")
        power, measure = item_power(x), self.segment(at)
        measure.items += len(x)
        measure.energy = added(measure.energy, power)
        measure.peak = max(measure.peak, float(power.max()))

    def figures(self, measure: Power) -> dict[str, Any]:
        if not measure.items:
            return {"items": 0, "power": None, "power_db": None, "peak": None, "papr_db": None}
        power = measure.energy / measure.items
        return {
            "items": measure.items,
            "power": power,
            "power_db": decibels(power),
            "peak": measure.peak,
            "papr_db": decibels(measure.peak / power) if power else None,
        }
