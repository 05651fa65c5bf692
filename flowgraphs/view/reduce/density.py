"""Points of a plane as a picture of how dense they lie, and the plane they need."""

from __future__ import annotations

import math

import numpy as np

from semradio.blocks.api.item_type import Array

_STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)
"""Half widths of a plane that people can read, in one decade."""


def points_of(items: Array) -> Array:
    """Return items as points of a plane, complex64, shape (points,).

    Complex values are points as they are. Real vectors of even length are pairs (first half real,
    as ``real_to_complex`` has it: value 2k is the real part and 2k + 1 the imaginary part); of an
    odd length, value k of an item is the real part of a point and value k + 1 its imaginary part,
    for even k, and the last value is left out. Plain real numbers lie on the real axis.
    Values that are not finite are left out.
    """
    if np.iscomplexobj(items):
        points = np.asarray(items, np.complex64).reshape(-1)
    elif items.ndim < 2:
        points = np.asarray(items, np.float32).reshape(-1).astype(np.complex64)
    else:
        flat = np.asarray(items, np.float32).reshape(len(items), -1)
        even = flat[:, : flat.shape[1] // 2 * 2]
        points = (even[:, 0::2] + 1j * even[:, 1::2]).astype(np.complex64).reshape(-1)
    return points[np.isfinite(points)]


def reach_of(points: Array) -> float:
    """Return half the width of a square around the origin that holds all but stray points.

    A number that reads well (1, 1.5, 2, 3, 5, 7 times a power of ten), so that it rests while the
    points move; 1 where there are none.
    """
    if not len(points):
        return 1.0
    far = np.maximum(np.abs(points.real), np.abs(points.imag))
    need = float(np.quantile(far, 0.995)) * 1.1
    if not need > 0:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(need))
    return next(decade * step for step in _STEPS if decade * step >= need * (1 - 1e-9))


def density(points: Array, reach: float, size: int) -> Array:
    """Return how many points lie in each cell of a square, uint32 of shape (size, size).

    Args:
        points: complex, shape (n,). reach: the square goes from -reach to +reach on both axes.
        size: cells along each axis. Row 0 is the top, the largest imaginary part; points outside
            are in no cell.
    """
    scale = size / (2 * reach)
    columns = np.floor((points.real + reach) * scale)
    rows = np.floor((reach - points.imag) * scale)
    inside = (columns >= 0) & (columns < size) & (rows >= 0) & (rows < size)
    places = rows[inside].astype(np.int64) * size + columns[inside].astype(np.int64)
    counts = np.bincount(places, minlength=size * size).astype(np.uint32)
    return counts.reshape(size, size)
