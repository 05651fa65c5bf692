"""Streams that cases of the stream law have in common."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array

rng = np.random.default_rng(20240607)

REALS = rng.standard_normal(150).astype(np.float32)
MORE = rng.standard_normal(150).astype(np.float32)
IQ = (rng.standard_normal(150) + 1j * rng.standard_normal(150)).astype(np.complex64)
OTHER = (rng.standard_normal(150) + 1j * rng.standard_normal(150)).astype(np.complex64)
VECTORS = OTHER.reshape(10, 15)
FRAMES = rng.standard_normal((61, 23)).astype(np.float32)
INTEGERS = rng.integers(-1000, 1000, 150, dtype=np.int16)
IMAGES = rng.integers(0, 256, (60, 28, 28), dtype=np.uint8)
COLOURED = np.resize(IMAGES, (9, 20, 15, 3))
NOISY = np.clip(IMAGES + rng.integers(-40, 40, IMAGES.shape), 0, 255).astype(np.uint8)
LABELS = rng.integers(0, 10, 60)
GUESSES = rng.integers(0, 10, 60)
LOGITS = rng.standard_normal((60, 10)).astype(np.float32)
CHANNELS = rng.standard_normal((40, 2, 2, 2, 4)).astype(np.float32).view(np.complex64)

BAD = np.where(np.arange(150) % 40 == 21, np.float32(np.inf), REALS)
GUSTS = IQ * np.repeat(np.float32([1, 0.01, 1]), 50)

TAPS = rng.standard_normal(9).tolist()
LONG = rng.standard_normal(301).tolist()
COMPLEX_TAPS: list[float | str] = ["1-2j", 0.5, "0.25j", -1]

AIR = (0.25 * np.exp(0.1j * np.arange(150))).astype(np.complex64)
"""What a device that stands in for a radio receives."""


def complex_normal(*shape: int) -> Array:
    draw = np.random.default_rng(list(shape))
    return (draw.standard_normal(shape) + 1j * draw.standard_normal(shape)).astype(np.complex64)


FRAMES_OF_TWO, FRAMES_OF_THREE = complex_normal(60, 2, 16), complex_normal(30, 3, 5)
"""Frames (antenna, slot)."""
