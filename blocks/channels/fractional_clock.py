"""Samples taken by a clock that is off: interpolation at any instant."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from semradio.blocks.api import Array

MOST_PPM = 1000.0
"""Beyond it, instants lie too far from the grid of their block."""

BLOCK = 64
"""Samples interpolated with the same weights and their derivatives."""

_MIDDLE = BLOCK // 2

HALF = 16
"""Samples on either side of an instant that its interpolation weighs."""

_PHASES = 256
"""Instants between two samples at which weights are computed."""

_BETA = 9.0
"""Of the Kaiser window: the stop band lies 90 dB down."""

_STEP = 1e-3
"""Of the differences that stand for derivatives."""

_PIECE = 64
"""Blocks interpolated at once: what that takes fits into the caches."""

Indices = npt.NDArray[np.int64]


def _sinc(instant: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Weights of 2 HALF samples for instants between the middle two, float64[n, 2 HALF]."""
    distance = np.arange(1 - HALF, HALF + 1) - instant[:, None]
    inside = np.sqrt(np.maximum(0, 1 - (distance / HALF) ** 2))
    weights = np.sinc(distance) * np.i0(_BETA * inside)
    found: npt.NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return found


@cache
def _weights() -> npt.NDArray[np.float32]:
    """Weights and their first two derivatives by instant, float32[_PHASES + 1, 3, 2 HALF]."""
    instant = np.arange(_PHASES + 1) / _PHASES
    here, later, earlier = _sinc(instant), _sinc(instant + _STEP), _sinc(instant - _STEP)
    slope, bend = (later - earlier) / (2 * _STEP), (later - 2 * here + earlier) / _STEP**2
    return np.stack([here, slope, bend / 2], axis=1).astype(np.float32)


class FractionalClock:
    """Gives ``y[m] = x(t(m))`` where ``t(m) = origin + (m - since) (1 + ppm 1e-6)``.

    x(t) is the signal between its samples x[n], interpolated by a sinc of 32 samples in a Kaiser
    window: exactly at the nearest of 256 instants for the middle of each 64 samples, and by a
    Taylor series of second order from there. Up to 0.4 cycles per sample, what is wrong (images,
    passband, jitter) lies more than 80 dB below the signal.
    """

    def __init__(self, ppm: float, origin: float, since: int) -> None:
        self._excess, self._origin, self._since = ppm * 1e-6, origin, since

    def instant(self, m: int) -> float:
        """Return the instant of sample ``m``, in samples of x."""
        return self._origin + (m - self._since) + (m - self._since) * self._excess

    def nearest(self, n: int) -> int:
        """Return the latest m whose instant does not lie behind sample ``n`` of x; at least 0."""
        m = self._since + math.floor((n - self._origin) / (1 + self._excess))
        while self.instant(m) > n:
            m -= 1
        while self.instant(m + 1) <= n:
            m += 1
        return max(m, 0)

    def begin(self, m: int) -> int:
        """Return the first sample of x that the block from sample ``m`` on needs."""
        return int(self._anchors(m, 1)[0][0]) - _MIDDLE + 1 - HALF

    def whole(self, m: int, end: int) -> int:
        """Return how many blocks from sample ``m`` on need no sample of x from ``end`` on."""
        most = max(0, math.ceil((end - self.begin(m)) / (BLOCK * (1 + self._excess)))) + 1
        last = self._anchors(m, most)[0] - _MIDDLE + BLOCK - 1 + HALF
        return int(np.searchsorted(last, end))

    def samples(self, m: int, blocks: int, line: Array, line_at: int) -> Array:
        """Return the samples of so many blocks from sample ``m`` on, complex64[64 blocks].

        Args:
            line: the samples of x from index ``line_at`` on, complex64[n].
        """
        y = np.empty((blocks, BLOCK), np.complex64)
        if not blocks:
            return y.reshape(-1)
        windows = sliding_window_view(line.view(np.float32), 2 * BLOCK)[::2]
        for start in range(0, blocks, _PIECE):
            piece = y[start : start + _PIECE]
            anchor, rest = self._anchors(m + BLOCK * start, len(piece))
            first = anchor - (_MIDDLE + HALF - 1) - line_at
            # One small product for each block, always of one shape: the same sums in any company.
            near = windows[first[:, None] + np.arange(2 * HALF)]
            phase = np.rint(rest * _PHASES).astype(np.int64)
            series = np.matmul(_weights()[phase], near).reshape(-1, 3, BLOCK, 2)
            away = (rest - phase / _PHASES)[:, None] + self._excess * np.arange(-_MIDDLE, _MIDDLE)
            d = away.astype(np.float32)[:, :, None]
            rails = series[:, 0] + d * (series[:, 1] + d * series[:, 2])
            piece[...] = rails.view(np.complex64)[..., 0]
        return y.reshape(-1)

    def _anchors(self, m: int, blocks: int) -> tuple[Indices, npt.NDArray[np.float64]]:
        """Instants of the middle samples of blocks: whole samples of x, and the rest of each."""
        middle = m - self._since + _MIDDLE + BLOCK * np.arange(blocks)
        off = self._origin + middle * self._excess
        whole = np.floor(off)
        return middle + whole.astype(np.int64), off - whole
