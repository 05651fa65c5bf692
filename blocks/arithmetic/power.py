"""The power of single items and values, and decibels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from semradio.blocks.api import Array


def item_power(x: Array) -> npt.NDArray[np.float64]:
    """Return ||x_i||^2 of each item: x of shape (n, *item), real or complex, gives float64[n]."""
    flat = _real(x.reshape(len(x), math.prod(x.shape[1:])))
    power: npt.NDArray[np.float64] = np.einsum("ij,ij->i", flat, flat, dtype=np.float64)
    return power


def total_power(x: Array) -> float:
    """Return the sum of |v|^2 over all values of an array, added in float64.

    The same to the last bit for the same array, however many threads a matrix library has.
    """
    values = _real(x.reshape(-1)).astype(np.float64)
    return float(np.square(values, out=values).sum())


def square(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return |x|^2 of each value of a complex array, in the precision of its parts."""
    y: npt.NDArray[Any] = np.square(x.real)
    y += np.square(x.imag)
    return y


def decibels(ratio: float) -> float | None:
    """Return 10 log10 of a power ratio; None where it is 0 or infinite, as JSON has no infinity."""
    return 10 * math.log10(ratio) if 0 < ratio < math.inf else None


def _real(x: Array) -> Array:
    """Return complex values as pairs of real ones along the last axis."""
    return np.ascontiguousarray(x).view(x.real.dtype) if np.iscomplexobj(x) else x
