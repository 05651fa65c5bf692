"""The power of a signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from semradio.blocks.api import Array, Input, block
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.arithmetic.power import decibels, item_power
from semradio.blocks.metrics.groups import GroupedSink

_GROUP = 256


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
class SignalPower(GroupedSink[Power]):
    """Measure the mean power E||x||^2 of an item.

    Results:
        ``items``; ``power``, the mean of ||x||^2 over the items (linear); ``power_db``, the same
        in dB (null for a power of 0); ``peak``, the largest ||x||^2 of one item; ``papr_db``,
        peak over mean. All are null where no item came. Where the tag ``segments`` changes its
        value on the way, a list ``segments`` has the same for each stretch: ``from`` (its first
        item), ``items``, the value of the tag, and the figures.

    Raises:
        StreamError: an item holds NaN or infinity.

    Example:
        >>> found = SignalPower()(np.complex64([1, 1j, 2]))
        >>> found["power"], found["peak"]
        (2.0, 4.0)
    """

    x = Input("floating[...] | complex64[...] | complex128[...]", doc="The signal.")

    def blank(self) -> Power:
        return Power()

    def start(self) -> None:
        self.make_groups(_GROUP)

    def work(self, x: Array, at: int) -> None:
        check_finite(x, at, "x")
        self.gather(at, x)

    def add(self, measure: Power, *group: Array) -> None:
        power = item_power(group[0])
        measure.energy += float(power.sum())
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
