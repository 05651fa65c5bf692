"""Sums that round the same however a stream is cut: added one after the other, never in pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def added(total: float, values: npt.NDArray[np.float64]) -> float:
    """Return ``total`` plus the values, float64[n], added one after the other.

    NumPy's sum adds in pairs, which rounds differently for each cut of a stream; one after the
    other the result is the same for all of them.
    """
    return float(np.add.accumulate(np.concatenate([[total], values]))[-1])


def total(x: npt.NDArray[Any] | Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Return x[0] + x[1] + ..., added in this order; NumPy's sum may add in pairs."""
    y: npt.NDArray[Any] = x[0]
    for part in x[1:]:
        y = y + part
    return y
