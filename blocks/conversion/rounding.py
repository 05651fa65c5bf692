"""Numbers rounded to integers, and how many of them did not fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from semradio.blocks.api import Array


def to_integers(x: Array, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """Round half to even; what lies beyond the type becomes its limit, and NaN becomes 0.

    Args:
        x: real numbers of any shape. dtype: an integer type.

    Returns:
        The integers, and for each whether it did not fit, before rounding.
    """
    limits = np.iinfo(dtype)
    # A float32 does not hold the limits of wider integers.
    wide = x if dtype.itemsize <= 2 else x.astype(np.float64)
    rounded = np.rint(wide)
    beyond = ~((rounded >= limits.min) & (rounded <= limits.max))
    if beyond.any():
        rounded = np.where(np.isnan(rounded), 0, np.clip(rounded, limits.min, limits.max))
        if dtype.itemsize > 4:
            # Nor does a double hold the largest one of 64 bits.
            high = rounded >= 2.0 ** (8 * dtype.itemsize - (dtype.kind == "i"))
            whole = np.where(high, 0, rounded).astype(dtype)
            whole[high] = limits.max
            return whole, beyond
    return rounded.astype(dtype), beyond
