"""The power of a change to a signal, relative to the signal."""

from __future__ import annotations

from typing import Any

from semradio.blocks.api import Array, Input, Sink, block, state
from semradio.blocks.metrics.item_power import check_finite, item_power
from semradio.blocks.metrics.signal_power import decibels


@block("power_ratio", category="metrics")
class PowerRatio(Sink):
    """Measure what a module adds to a signal: the perturbation-to-signal ratio.

    With r the reference and m the modified signal, results are ``items``; ``psr_db``,
    10 log10(E||m - r||^2 / E||r||^2); ``reference_power``, E||r||^2; ``modified_power``, E||m||^2;
    ``power_gain_db``, 10 log10(E||m||^2 / E||r||^2). The last matters because a limited
    perturbation may still raise the sent power, by up to (1 + sqrt(PSR))^2. A ratio of 0 or
    without a divisor has no decibels and is null. NaN or infinity is an error.

    Source: He, Wang & Quek, eq. (20) and Section V (PSR).
    """

    reference = Input("floating[...] | complex64[...] | complex128[...]", doc="The signal before.")
    modified = Input(
        "floating[...] | complex64[...] | complex128[...]",
        like="reference",
        doc="The signal after.",
    )

    items: int = state(0, doc="Items so far.")
    reference_energy: float = state(0.0, doc="Sum of ||r||^2.")
    modified_energy: float = state(0.0, doc="Sum of ||m||^2.")
    change_energy: float = state(0.0, doc="Sum of ||m - r||^2.")

    def work(self, reference: Array, modified: Array, at: int) -> None:
        check_finite(reference, at, "reference")
        check_finite(modified, at, "modified")
        self.items += len(reference)
        self.reference_energy += float(item_power(reference).sum())
        self.modified_energy += float(item_power(modified).sum())
        self.change_energy += float(item_power(modified - reference).sum())

    def results(self) -> dict[str, Any]:
        items, reference = self.items, self.reference_energy
        return {
            "items": items,
            "psr_db": decibels(self.change_energy / reference) if reference else None,
            "reference_power": reference / items if items else None,
            "modified_power": self.modified_energy / items if items else None,
            "power_gain_db": decibels(self.modified_energy / reference) if reference else None,
        }
