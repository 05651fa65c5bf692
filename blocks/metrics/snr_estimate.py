"""The signal-to-noise ratio, estimated from a signal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, block, parameter
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.arithmetic.power import decibels, square
from semradio.blocks.metrics.groups import GroupedSink

_GROUP = 4096


@dataclass
class Moments:
    """Sums over some symbols, x received and r sent."""

    items: int = 0
    second: float = 0.0
    """Sum of |x|^2."""
    fourth: float = 0.0
    """Sum of |x|^4."""
    power: float = 0.0
    """Sum of |r|^2."""
    product: complex = 0j
    """Sum of x r*."""

    def plus(self, other: Moments) -> Moments:
        """Return the measure of these symbols and those that follow."""
        return Moments(
            self.items + other.items,
            self.second + other.second,
            self.fourth + other.fourth,
            self.power + other.power,
            self.product + other.product,
        )


@block("snr_estimate", category="metrics")
class SnrEstimate(GroupedSink[Moments]):
    """Estimate the signal-to-noise ratio of complex symbols in white Gaussian noise.

    With ``reference`` connected, from the part of the signal that goes along with it: the
    estimate after the best complex gain. Without it, blindly, from the second and fourth moment
    (M2M4): ``S = sqrt((2 M2^2 - M4) / (2 - kurtosis))``, N = M2 - S, where ``kurtosis`` is E|s|^4
    of symbols of power 1: 1 for any PSK, 1.32 for 16-QAM, 1.381 for 64-QAM. One sample per
    symbol. GNU Radio's MPSK SNR Estimator has the same under M2M4, over a sliding mean.

    Results:
        ``items``; ``snr_db``; ``signal_power`` and ``noise_power`` (of the part of the reference,
        or by the moments). Null where nothing came, or where the moments fit no such signal.
        Where the tag ``segments`` changes its value on the way, a list ``segments`` has the same
        for each stretch. Where tags tell of losses, ``missing`` counts them.

    Example:
        >>> symbols = np.resize(np.complex64([1, 1j, -1, -1j]), 10_000)
        >>> noisy = AwgnChannel(snr_db=12, seed=1)(symbols)
        >>> round(SnrEstimate()(noisy, None)["snr_db"])
        12

    Source:
        Pauluzzi & Beaulieu, IEEE Trans. Communications 48, 2000.
    """

    kurtosis: float = parameter(
        1.0, low=1, high=1.99, doc="E|s|^4 of the symbols at power 1, for the blind estimate."
    )

    x = Input("complex64", doc="Received symbols.")
    reference = Input("complex64", optional=True, doc="Sent symbols.")

    def blank(self) -> Moments:
        return Moments()

    def start(self) -> None:
        self.make_groups(_GROUP)

    def work(self, x: Array, reference: Array | None, at: int) -> None:
        check_finite(x, at, "x")
        if reference is None:
            self.gather(at, x)
            return
        check_finite(reference, at, "reference")
        self.gather(at, x, reference)

    def add(self, measure: Moments, *group: Array) -> None:
        x = group[0].astype(np.complex128)
        power = square(x)
        measure.second += float(power.sum())
        if len(group) == 1:
            measure.fourth += float(np.square(power, out=power).sum())
            return
        r = group[1].astype(np.complex128)
        measure.power += np.vdot(r, r).real.item()
        measure.product += np.vdot(r, x).item()

    def figures(self, measure: Moments) -> dict[str, Any]:
        signal = self._signal(measure)
        if signal is None:
            return {
                "items": measure.items,
                "snr_db": None,
                "signal_power": None,
                "noise_power": None,
            }
        noise = max(0.0, measure.second / measure.items - signal)
        return {
            "items": measure.items,
            "snr_db": decibels(signal / noise) if noise else None,
            "signal_power": signal,
            "noise_power": noise,
        }

    def _signal(self, measure: Moments) -> float | None:
        """Return the power of the signal; None where it cannot be told."""
        if not measure.items:
            return None
        if "reference" in self.input_types:
            if not measure.power:
                return None
            return abs(measure.product) ** 2 / measure.power / measure.items
        m2, m4 = measure.second / measure.items, measure.fourth / measure.items
        rest = (2 * m2 * m2 - m4) / (2 - self.kurtosis)
        return math.sqrt(rest) if rest > 0 else None
