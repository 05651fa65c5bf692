"""Sums over the first axis that round the same however many frames lie along the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def total(x: npt.NDArray[Any] | Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Return x[0] + x[1] + ..., added in this order; NumPy's sum may add in pairs."""
    y: npt.NDArray[Any] = x[0]
    for part in x[1:]:
        y = y + part
    return y


def square(x: npt.NDArray[np.complex128]) -> npt.NDArray[np.float64]:
    """Return |x|^2."""
    y: npt.NDArray[np.float64] = np.square(x.real)
    y += np.square(x.imag)
    return y
