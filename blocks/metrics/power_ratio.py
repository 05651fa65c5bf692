"""The power of a change to a signal, relative to the signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from semradio.blocks.api import Array, Input, block
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.arithmetic.power import decibels, total_power
from semradio.blocks.metrics.groups import GroupedSink

_GROUP = 256


@dataclass
class Energies:
    """Energies of some items."""

    items: int = 0
    reference: float = 0.0
    """Sum of ||r||^2."""
    modified: float = 0.0
    """Sum of ||m||^2."""
    change: float = 0.0
    """Sum of ||m - r||^2."""

    def plus(self, other: Energies) -> Energies:
        """Return the measure of these items and those that follow."""
        return Energies(
            self.items + other.items,
            self.reference + other.reference,
            self.modified + other.modified,
            self.change + other.change,
        )


@block("power_ratio", category="metrics")
class PowerRatio(GroupedSink[Energies]):
    """Measure what a module adds to a signal: the perturbation-to-signal ratio.

    Results:
        With r the reference and m the modified signal, ``items``; ``psr_db``, 10 log10(E||m -
        r||^2 / E||r||^2); ``reference_power``, E||r||^2; ``modified_power``, E||m||^2;
        ``power_gain_db``, 10 log10(E||m||^2 / E||r||^2). The last matters because a limited
        perturbation may still raise the sent power, by up to (1 + sqrt(PSR))^2. A ratio of 0 or
        without a divisor has no decibels and is null. Where the tag ``segments`` changes its
        value on the way, a list ``segments`` has the same for each stretch: ``from`` (its first
        item), ``items``, the value of the tag, and the figures.

        Where tags tell of losses, ``missing`` counts them: ``gap``, items that are not there, and
        ``filled``, items that stand in for lost ones and are not measured.

    Raises:
        StreamError: an item holds NaN or infinity.

    Example:
        >>> sent = np.ones((5, 4), np.float32)
        >>> found = PowerRatio()(sent, 1.1 * sent)
        >>> round(found["psr_db"], 1), round(found["power_gain_db"], 2)
        (-20.0, 0.83)

    Source:
        He, Wang & Quek, eq. (20) and Section V (PSR).
    """

    reference = Input("floating[...] | complex64[...] | complex128[...]", doc="The signal before.")
    modified = Input(
        "floating[...] | complex64[...] | complex128[...]",
        like="reference",
        doc="The signal after.",
    )

    def blank(self) -> Energies:
        return Energies()

    def start(self) -> None:
        self.make_groups(_GROUP)

    def work(self, reference: Array, modified: Array, at: int) -> None:
        check_finite(reference, at, "reference")
        check_finite(modified, at, "modified")
        self.gather(at, reference, modified)

    def add(self, measure: Energies, *group: Array) -> None:
        reference, modified = group
        measure.reference += total_power(reference)
        measure.modified += total_power(modified)
        measure.change += total_power(modified - reference)

    def figures(self, measure: Energies) -> dict[str, Any]:
        items, reference = measure.items, measure.reference
        return {
            "items": items,
            "psr_db": decibels(measure.change / reference) if reference else None,
            "reference_power": reference / items if items else None,
            "modified_power": measure.modified / items if items else None,
            "power_gain_db": decibels(measure.modified / reference) if reference else None,
        }
