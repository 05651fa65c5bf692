"""How often a signal exceeds its mean power."""

from __future__ import annotations

from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, Sink, block, parameter, state
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.arithmetic.ordered_sums import added
from semradio.blocks.arithmetic.power import decibels, square

_STEP, _LOWEST, _BINS = 0.01, -200.0, 40_000
"""Classes of power in dB: 0.01 wide, from -200 to 200 dB."""

_RARITIES = (0.1, 0.01, 0.001, 0.0001)


@block("ccdf", category="metrics")
class Ccdf(Sink):
    """Count how often the power of a sample exceeds the mean by so many dB (the CCDF of PAPR).

    Results:
        ``items``; ``power_db``, the mean power; ``papr_db``, peak over mean; ``exceeded``: pairs
        [dB above the mean, part of the samples that exceed it], every ``step`` dB from 0 to the
        peak; ``db_at``: the level that a part of 0.1, 0.01, 0.001 and 0.0001 of the samples
        exceeds, null where the samples are too few. Levels are counted in steps of 0.01 dB. Null
        where nothing but zeros came.

    Raises:
        StreamError: an item holds NaN or infinity.

    Example:
        >>> found = Ccdf()(np.complex64([1, 1, 1, 3]))
        >>> round(found["papr_db"], 2)
        4.77
    """

    step: float = parameter(0.5, low=0.1, high=10, unit="dB", doc="Between two levels reported.")

    x = Input("complex64 | float32", doc="A signal.")

    items: int = state(0, doc="Samples so far.")
    energy: float = state(0.0, doc="Sum of |x|^2.")
    peak: float = state(0.0, doc="Largest |x|^2.")
    counts: Array = state(
        factory=lambda: np.zeros(_BINS, np.int64), doc="Samples in each class of power."
    )

    def work(self, x: Array, at: int) -> None:
        check_finite(x, at, "x")
        if not len(x):
            return
        wide = x.astype(np.complex128 if np.iscomplexobj(x) else np.float64)
        power = square(wide)
        self.items += len(x)
        self.energy = added(self.energy, power)
        self.peak = max(self.peak, float(power.max()))
        level = 10 * np.log10(np.maximum(power, 1e-30))
        place = np.clip(((level - _LOWEST) / _STEP).astype(np.int64), 0, _BINS - 1)
        np.add.at(self.counts, place, 1)

    def results(self) -> dict[str, Any]:
        if not self.energy:
            keys = ("power_db", "papr_db", "exceeded", "db_at")
            return {"items": self.items} | dict.fromkeys(keys)
        mean = self.energy / self.items
        mean_db = float(10 * np.log10(mean))
        above = np.cumsum(self.counts[::-1])[::-1]
        papr = 10 * np.log10(self.peak / mean)
        levels = np.arange(0, papr + self.step, self.step)
        places = np.clip(np.round((levels + mean_db - _LOWEST) / _STEP), 0, _BINS - 1)
        shares = above[places.astype(int)] / self.items
        return {
            "items": self.items,
            "power_db": decibels(mean),
            "papr_db": float(papr),
            "exceeded": [
                [round(float(d), 6), float(s)] for d, s in zip(levels, shares, strict=True)
            ],
            "db_at": {str(part): self._level(part, above, mean_db) for part in _RARITIES},
        }

    so_far = results

    def _level(self, part: float, above: Array, mean_db: float) -> float | None:
        """Return the level in dB over the mean that ``part`` of the samples exceeds."""
        wanted = part * self.items
        if wanted < 1:
            return None
        # The counts fall with the level: the last class that still has enough above it.
        place = int(np.count_nonzero(above >= wanted)) - 1
        return place * _STEP + _LOWEST - mean_db
