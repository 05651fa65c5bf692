"""The power of single items, sums over a stream, and the check that a stream carries numbers."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from semradio.blocks.api import Array, StreamError


def item_power(x: Array) -> npt.NDArray[np.float64]:
    """Return ||x_i||^2 of each item: x of shape (n, *item), real or complex, gives float64[n]."""
    flat = x.reshape(len(x), math.prod(x.shape[1:]))
    if np.iscomplexobj(flat):
        flat = np.ascontiguousarray(flat).view(flat.real.dtype)
    power: npt.NDArray[np.float64] = np.einsum("ij,ij->i", flat, flat, dtype=np.float64)
    return power


def added(total: float, values: npt.NDArray[np.float64]) -> float:
    """Return ``total`` plus the values, float64[n], added one after the other.

    NumPy's sum adds in pairs, which rounds differently for each cut of a stream; one after the
    other the result is the same for all of them.
    """
    return float(np.add.accumulate(np.concatenate([[total], values]))[-1])


def check_finite(x: Array, at: int, what: str) -> None:
    """Raise StreamError naming the first item of ``x`` that holds NaN or infinity, if any.

    Args:
        x: chunk of shape (n, *item), floating or complex.
        at: absolute index of the first item.
        what: name of the input for the message.
    """
    flat = x.reshape(-1)
    # One dot product settles the usual case; a sum of squares is finite only if all values are,
    # or overflows, and then the exact look decides.
    if math.isfinite(abs(np.vdot(flat, flat))):
        return
    bad = ~np.isfinite(x).reshape(len(x), -1).all(axis=1)
    if bad.any():
        raise StreamError(
            f"input '{what}' carries NaN or infinity, first at item {at + int(bad.argmax())}"
        )
