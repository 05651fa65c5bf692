"""The error vector magnitude."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, block
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.arithmetic.power import decibels
from semradio.blocks.metrics.groups import GroupedSink

_GROUP = 8192

_FIGURES = ("evm", "evm_db", "peak", "aligned_evm_db", "gain_db", "phase")


@dataclass
class Errors:
    """Sums over some items, x received and r sent."""

    items: int = 0
    error: float = 0.0
    """Sum of |x - r|^2."""
    power: float = 0.0
    """Sum of |r|^2."""
    strength: float = 0.0
    """Sum of |x|^2."""
    product: complex = 0j
    """Sum of x r*."""
    peak: float = 0.0
    """Largest |x - r|^2 of one item."""

    def plus(self, other: Errors) -> Errors:
        """Return the measure of these items and those that follow."""
        return Errors(
            self.items + other.items,
            self.error + other.error,
            self.power + other.power,
            self.strength + other.strength,
            self.product + other.product,
            max(self.peak, other.peak),
        )


@block("evm", category="metrics")
class Evm(GroupedSink[Errors]):
    """Measure the error vector magnitude: ``sqrt(E|x - r|^2 / E|r|^2)``, r the reference.

    Results:
        ``items``; ``evm`` (a ratio) and ``evm_db``; ``peak``, the largest error of one item
        against the root mean square of the reference; and after the best complex gain has been
        taken out, as an equaliser of one tap would: ``aligned_evm_db``, ``gain_db`` and ``phase``
        (degrees) of that gain. Null where nothing came or the reference is zero. Where the tag
        ``segments`` changes its value on the way, a list ``segments`` has the same for each
        stretch. Where tags tell of losses, ``missing`` counts them.

    Raises:
        StreamError: an item holds NaN or infinity.

    Example:
        >>> sent = np.complex64([1, 1j, -1, -1j])
        >>> round(Evm()(1.1 * sent, sent)["evm"], 3)
        0.1
    """

    received = Input("complex64[...]", doc="Received symbols.")
    reference = Input("complex64[...]", like="received", doc="Sent symbols.")

    def blank(self) -> Errors:
        return Errors()

    def start(self) -> None:
        self.make_groups(_GROUP)

    def work(self, received: Array, reference: Array, at: int) -> None:
        check_finite(received, at, "received")
        check_finite(reference, at, "reference")
        self.gather(at, received, reference)

    def add(self, measure: Errors, *group: Array) -> None:
        # In double precision: what is left after the gain may be a millionth of these sums.
        x, r = (part.reshape(-1).astype(np.complex128) for part in group)
        measure.power += np.vdot(r, r).real.item()
        measure.strength += np.vdot(x, x).real.item()
        measure.product += np.vdot(r, x).item()
        x -= r
        squares = x.view(np.float64)
        squares *= squares
        errors = squares[::2] + squares[1::2]
        if len(errors) > len(group[0]):
            errors = errors.reshape(len(group[0]), -1).sum(axis=1)
        measure.error += float(errors.sum())
        measure.peak = max(measure.peak, float(errors.max(initial=0.0)))

    def figures(self, measure: Errors) -> dict[str, Any]:
        found: dict[str, Any] = {"items": measure.items}
        if not measure.power:
            return found | dict.fromkeys(_FIGURES)
        ratio = measure.error / measure.power
        common = abs(measure.product) ** 2 / measure.power
        values = (
            math.sqrt(ratio),
            decibels(ratio),
            math.sqrt(measure.peak * measure.items / measure.power),
            decibels(max(0.0, measure.strength - common) / common) if common else None,
            decibels(common / measure.power),
            math.degrees(math.atan2(measure.product.imag, measure.product.real)),
        )
        return found | dict(zip(_FIGURES, values, strict=True))
