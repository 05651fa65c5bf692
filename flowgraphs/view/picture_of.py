"""One picture of some items, whatever they are: pictures, points of a plane, or numbers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from semradio.blocks.api.item_type import Array, ItemType
from semradio.flowgraphs.view.reduce.density import density, points_of, reach_of
from semradio.flowgraphs.view.reduce.picture import is_picture, pictures

_BETWEEN = 1
"""Columns between two pictures."""


def picture_of(items: Array, item: ItemType, columns: int, rows: int) -> Array:
    """Return a picture, uint8 of shape (rows, columns, 3), or smaller, of what suits the items.

    Pictures stand side by side, the latest on the right; complex numbers, and vectors, are a cloud
    of points, brighter where many lie; real numbers are drawn over their index.

    Args:
        items: one or more, shape (n, *item).
    """
    if is_picture(item.dtype, item.shape):
        return _side_by_side(items, columns, rows)
    if item.dtype.startswith("complex") or item.size >= 2:
        return _cloud(items, min(columns, rows))
    return _trace(np.asarray(items, np.float64).reshape(-1), columns, rows)


def _side_by_side(items: Array, columns: int, rows: int) -> Array:
    found = pictures(items, most=64)
    step = max(1, -(-found.shape[1] // rows), -(-found.shape[2] // columns))
    found = found[:, ::step, ::step]
    fit = max(1, (columns + _BETWEEN) // (found.shape[2] + _BETWEEN))
    gap = np.zeros((found.shape[1], _BETWEEN, 3), np.uint8)
    parts: list[Array] = []
    for picture in found[-fit:]:
        parts += [picture, gap]
    return np.concatenate(parts[:-1], axis=1)


def _cloud(items: Array, size: int) -> Array:
    """Return how dense points lie as a picture with the two axes."""
    points = points_of(items)
    cells = density(points, reach_of(points), size).astype(np.float64)
    shade = np.sqrt(cells / max(1.0, cells.max()))
    picture = np.zeros((size, size, 3), np.uint8)
    picture[size // 2, :] = picture[:, size // 2] = 50
    lit = cells > 0
    picture[lit] = np.stack([255 * shade, 140 + 115 * shade, 255 - 90 * shade], axis=-1)[lit]
    return picture


def _trace(values: Array, columns: int, rows: int) -> Array:
    """Return numbers over their index as a picture: lowest and highest of each column."""
    values = np.where(np.isfinite(values), values, 0.0)
    low, high = float(values.min()), float(values.max())
    edges = np.linspace(0, len(values), min(columns, len(values)) + 1).astype(int)
    scale = (rows - 1) / ((high - low) or 1.0)
    picture = np.zeros((rows, len(edges) - 1, 3), np.uint8)
    for column, (start, end) in enumerate(pairwise(edges.tolist())):
        part = values[start:end]
        top, bottom = (high - part.max()) * scale, (high - part.min()) * scale
        picture[int(top) : int(bottom) + 1, column] = (120, 220, 160)
    return picture
