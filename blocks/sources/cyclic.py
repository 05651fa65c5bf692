"""Reading an array as an endless loop."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array


def cyclic(data: Array, at: int, n: int) -> Array:
    """Return the items ``at`` to ``at + n - 1`` of ``data`` repeated for ever; shape (n, *item)."""
    start = at % len(data)
    if start + n <= len(data):
        return data[start : start + n]
    return np.take(data, np.arange(start, start + n), axis=0, mode="wrap")
