"""Items as pictures."""

from __future__ import annotations

import math

import numpy as np

from semradio.blocks.api.item_type import Array

LARGEST = 256
"""Rows and columns of a picture at most; larger ones are thinned out."""


def is_picture(dtype: str, shape: tuple[int, ...]) -> bool:
    """Tell whether items of a type look like pictures: [rows, columns] or [rows, columns, 1|3]."""
    if dtype.startswith("complex") or not 2 <= len(shape) <= 3 or min(shape[:2]) < 4:
        return False
    return len(shape) == 2 or shape[2] in (1, 3)


def pictures(items: Array, most: int) -> Array:
    """Return the last items as pictures, uint8 of shape (n, rows, columns, 3), n at most ``most``.

    Bytes are taken as they are; of other real items, 0 becomes black and 1 white if all lie within
    that, else the lowest black and the highest white. Values that are not finite are black.

    Args:
        items: shape (n, rows, columns) or (n, rows, columns, 1 or 3).
    """
    x = np.asarray(items)[-most:]
    if x.ndim == 3:
        x = x[..., None]
    step = math.ceil(max(x.shape[1:3]) / LARGEST)
    x = x[:, ::step, ::step]
    if x.dtype != np.uint8:
        real = np.where(np.isfinite(x), x, 0).astype(np.float64)
        low, high = (float(real.min()), float(real.max())) if real.size else (0.0, 1.0)
        if low >= 0 and high <= 1:
            low, high = 0.0, 1.0
        x = np.round((real - low) / ((high - low) or 1.0) * 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(x, (*x.shape[:3], 3)))
