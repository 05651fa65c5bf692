"""The root-raised-cosine pulse."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array

_NEAR = 1e-6
"""Closer than this to one of its removable poles, the pulse takes its limit there."""


def root_raised_cosine(t: Array, rolloff: float) -> Array:
    """Return the pulse of unit energy at times ``t`` in symbols, float64, for roll-offs above 0.

    Source: Proakis, "Digital Communications", section 9.2; the limits are those of l'Hospital.
    """
    t = np.asarray(t, np.float64)
    pole = 1 - (4 * rolloff * t) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        h = np.sin(np.pi * t * (1 - rolloff))
        h += 4 * rolloff * t * np.cos(np.pi * t * (1 + rolloff))
        h /= np.pi * t * pole
    edge = np.pi / (4 * rolloff)
    limit = (1 + 2 / np.pi) * np.sin(edge) + (1 - 2 / np.pi) * np.cos(edge)
    h = np.where(np.abs(pole) < _NEAR, rolloff / np.sqrt(2) * limit, h)
    return np.where(np.abs(t) < _NEAR, 1 - rolloff + 4 * rolloff / np.pi, h)


def pulse_taps(rolloff: float, samples_per_symbol: int, span: int) -> Array:
    """Return the pulse as a filter of unit energy, float64[span * samples_per_symbol + 1].

    Args:
        span: length in symbols; even, so that the middle falls on a symbol.
    """
    half = span * samples_per_symbol // 2
    h = root_raised_cosine(np.arange(-half, half + 1) / samples_per_symbol, rolloff)
    taps: Array = h / np.sqrt(np.sum(h * h))
    return taps
