"""How values are distributed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semradio.blocks.api.item_type import Array


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of values.

    Attributes:
        counts: int64, one for each bin. low, high: ends of the first and last bin.
        mean, deviation: of all values. left_out: how many were not finite.
    """

    counts: Array
    low: float
    high: float
    mean: float
    deviation: float
    left_out: int


def histogram(values: Array, bins: int) -> Histogram:
    """Return the distribution of real values; of complex ones, that of both parts together.

    Whole numbers that span fewer than ``bins`` have a bin each, centred on them.
    """
    x = np.asarray(values).reshape(-1)
    if np.iscomplexobj(x):
        x = np.ascontiguousarray(x).view(x.real.dtype)
    whole = x.dtype.kind in "biu"
    x = x.astype(np.float64)
    finite = x[np.isfinite(x)]
    left_out = len(x) - len(finite)
    if not len(finite):
        return Histogram(np.zeros(bins, np.int64), 0.0, 1.0, 0.0, 0.0, left_out)
    low, high = float(finite.min()), float(finite.max())
    if whole and high - low < bins:
        low, high, bins = low - 0.5, high + 0.5, int(high - low) + 1
    elif low == high:
        low, high = low - 0.5, high + 0.5
    counts, _ = np.histogram(finite, bins, (low, high))
    return Histogram(counts, low, high, float(finite.mean()), float(finite.std()), left_out)
