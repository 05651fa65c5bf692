"""A long signal as the lowest and highest value of each column of a drawing."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api.item_type import Array


def envelope(values: Array, columns: int) -> Array:
    """Return the extremes of a signal by columns, float32 of shape (2, columns): low, high.

    No peak is lost, however narrow. A signal of no more values than columns stays as it is, with
    both rows the same, and as many columns as values. Values that are not finite are left out; a
    column of none but such is NaN.

    Args:
        values: real, shape (n,), n > 0.
    """
    x = np.asarray(values, np.float32).reshape(-1)
    x = np.where(np.isfinite(x), x, np.nan).astype(np.float32)
    if len(x) <= columns:
        return np.stack([x, x])
    starts = np.arange(columns) * len(x) // columns
    low: Array = np.fmin.reduceat(x, starts)
    high: Array = np.fmax.reduceat(x, starts)
    return np.stack([low, high])
