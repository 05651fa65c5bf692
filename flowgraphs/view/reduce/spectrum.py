"""The power spectrum of a stretch of samples in dBFS."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from semradio.blocks.api.item_type import Array
from semradio.blocks.filters.tap_design import Window, window_of

FLOOR_DB = -200.0
"""What zero power is shown as."""


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Power over frequency.

    Attributes:
        level: float32, dBFS; complex signals: from minus to plus half the sample rate, zero in the
            middle; real ones: from 0 on.
        first, step: frequency of the first value and distance of two, in cycles per sample.
        segments: transforms that were averaged.
    """

    level: Array
    first: float
    step: float
    segments: int


def spectrum(samples: Array, size: int, window: Window = "hann") -> Spectrum:
    """Return the mean of windowed transforms that overlap by half (Welch's method).

    A complex tone of amplitude 1, or a real sine of amplitude 1, has its peak at 0 dBFS, if its
    frequency is that of a bin. Of fewer samples than ``size`` all are one segment, filled up with
    zeros.

    Args:
        samples: complex or real, shape (n,), n > 0; values that are not finite count as 0.
        size: samples of a transform, even.
    """
    real = not np.iscomplexobj(samples)
    x = np.asarray(samples, np.float32 if real else np.complex64).reshape(-1)
    x = np.where(np.isfinite(x), x, 0)
    length = min(len(x), size)
    weights = _weights(window, length)
    starts = range(0, len(x) - length + 1, max(length // 2, 1))
    parts = np.stack([x[first : first + length] for first in starts]) * weights
    transform = np.fft.rfft if real else np.fft.fft
    power = np.mean(np.abs(transform(parts, size, axis=1)) ** 2, axis=0) / weights.sum() ** 2
    if real:
        # Both signs of frequency together; a sine of amplitude 1 has a mean power of 1/2.
        power[1 : (size + 1) // 2] *= 4
    else:
        power = np.fft.fftshift(power)
    level = 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))
    return Spectrum(level.astype(np.float32), 0.0 if real else -0.5, 1 / size, len(starts))


class Averaging:
    """The running mean of spectra in power, over about so many seconds.

    A new number of bins starts afresh.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._power: Array | None = None
        self._since = 0.0

    def add(self, level: Array, now: float) -> Array:
        """Return the mean, with one more spectrum that was measured at ``now`` seconds.

        Args:
            level: dBFS, shape (bins,).
        """
        power = 10 ** (level.astype(np.float64) / 10)
        if self._power is None or len(self._power) != len(power) or self.seconds <= 0:
            self._power = power
        else:
            weight = 1 - math.exp(-max(now - self._since, 0.0) / self.seconds)
            self._power = self._power + weight * (power - self._power)
        self._since = now
        return (10 * np.log10(self._power)).astype(np.float32)


@lru_cache(maxsize=32)
def _weights(window: Window, length: int) -> Array:
    # A symmetric window of two samples more, without its zeros at the ends, has none of its own.
    weights = window_of(window, length + 2, 6.76)[1:-1].astype(np.float32)
    return weights if weights.sum() > 0 else np.ones(length, np.float32)
