"""Overlapping windowed segments of a stream and their power spectra, for Welch's method."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.fft  # type: ignore[import-untyped]

from semradio.blocks.api import Array, ParameterError
from semradio.blocks.filters.tap_design import Window, window_of


class Segments:
    """Cuts a stream into segments and transforms them.

    Args:
        size: samples of a segment. overlap: samples that two of them share; None: half.
        window, beta: the window, periodic.

    Raises:
        ParameterError: an overlap that is not shorter than a segment.
    """

    def __init__(self, size: int, overlap: int | None, window: Window, beta: float) -> None:
        shared = size // 2 if overlap is None else overlap
        if shared >= size:
            raise ParameterError(
                f"parameter 'overlap' must be from 0 to {size - 1} items, less than a segment, "
                f"not {shared}",
                "overlap",
            )
        self.size, self.hop = size, size - shared
        weights = window_of(window, size, beta, periodic=True)
        self.energy = float(np.sum(weights**2))
        """Sum of the squares of the window, for power per Hz."""
        self.gain = float(weights.sum()) ** 2
        """Square of its sum, for the power of a tone."""
        self._window = weights.astype(np.float32)

    def take(self, before: Array | None, x: Array) -> tuple[list[Array], Array]:
        """Return |X|^2 of each segment that is complete, and the samples that belong to the next.

        Args:
            before: what the last call returned as such samples. x: the samples after them.
        """
        line = np.array(x) if before is None else np.concatenate([before, x])
        count = max(0, (len(line) - self.size) // self.hop + 1)
        starts = range(0, count * self.hop, self.hop)
        powers = [self._power(line[i : i + self.size] * self._window) for i in starts]
        return powers, line[count * self.hop :].copy()

    def first_with(self, index: int) -> int:
        """Return the first segment that holds sample ``index``."""
        return max(0, -(-(index - self.size + 1) // self.hop))

    def arranged(self, power: Array) -> Array:
        """Return a spectrum in the order of its frequencies, two-sided or one-sided."""
        if len(power) == self.size:
            return np.asarray(scipy.fft.fftshift(power))
        y = power.copy()
        y[1 : len(y) if self.size % 2 else len(y) - 1] *= 2
        return y

    def frequencies(self, sample_rate: float, real: bool) -> Array:
        """Return the frequency of each value of an arranged spectrum, in Hz."""
        if real:
            return np.asarray(scipy.fft.rfftfreq(self.size, 1 / sample_rate))
        return np.asarray(scipy.fft.fftshift(scipy.fft.fftfreq(self.size, 1 / sample_rate)))

    @staticmethod
    def _power(segment: Array) -> Array:
        real = segment.dtype.kind == "f"
        rails = (scipy.fft.rfft(segment) if real else scipy.fft.fft(segment)).view(np.float32)
        power: Array = rails[0::2] * rails[0::2]
        power += rails[1::2] * rails[1::2]
        return power


def added_up(total: Array | None, powers: Sequence[Array]) -> Array | None:
    """Return the sum of spectra, added to ``total`` one after the other: the same for every cut."""
    for power in powers:
        total = power.astype(np.float64) if total is None else total + power
    return total


def in_decibels(power: Array) -> Array:
    """Return 10 log10; the smallest normal float32 stands for nothing: -379 dB."""
    y: Array = 10 * np.log10(np.maximum(power, np.finfo(np.float32).tiny))
    return y
