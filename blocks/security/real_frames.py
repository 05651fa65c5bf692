"""Frames as rows of real values."""

from __future__ import annotations

import math

import numpy as np

from semradio.blocks.api import Array, ItemType

FRAMES = (
    "float32[*] | float32[*,*] | float32[*,*,*] | complex64[*] | complex64[*,*] | complex64[*,*,*]"
)
"""The items that are frames: vectors, and what has more axes, taken as one vector."""


def frame_size(item: ItemType) -> int:
    """Return the number of real values of a frame; a complex one counts for two."""
    return item.size * (2 if item.dtype == "complex64" else 1)


def as_frames(x: Array) -> Array:
    """Return frames, float32[n, size], of float32 or complex64 items; no copy where possible."""
    return np.ascontiguousarray(x).reshape(len(x), math.prod(x.shape[1:])).view(np.float32)
