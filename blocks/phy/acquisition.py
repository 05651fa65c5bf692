"""Timing and frequency of a burst from its preamble, and whether it is one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.fft  # type: ignore[import-untyped]

from semradio.blocks.api import Array
from semradio.blocks.phy import sequences
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.pulse import pulse_taps
from semradio.blocks.phy.waveform import SEGMENT, Waveform

_ENOUGH = 25.6
"""Symbols' worth of energy that a preamble must explain: 0.20 of one of 128 symbols. At -2 dB
bursts have 0.29 at least; of the candidates in noise none has shown more than 0.15."""

_TRANSFORM = 128
"""Frequencies at which the segments' correlations are looked at."""

_FINE = 16
"""Places between two samples at which the error of the fit is known."""

_FIT = np.linspace(-1, 1, 41)
"""Places around the largest value where the polynomial through five of them is looked at."""

_POLYNOMIAL = np.vander(_FIT, 5, increasing=True) @ np.linalg.inv(
    np.vander(np.arange(-2, 3), 5, increasing=True)
)


class Acquired(NamedTuple):
    """What the preambles of some bursts say; arrays of one value per burst."""

    delay: Array
    """Samples from where the first symbol was expected to where it is."""
    cfo: Array
    """Carrier frequency offset, cycles per symbol."""
    share: Array
    """Share of the energy that the preamble explains, 0 to 1: 1 without noise."""
    swapped: Array
    """The same share for a preamble whose I and Q are exchanged."""


class Acquisition:
    """Correlates stretches of samples with the preamble, at all shifts within two symbols.

    Every burst is computed as if it were alone: how many come at once changes no bit.
    """

    def __init__(self, waveform: Waveform) -> None:
        layout = layout_of(waveform)
        self._step = step = waveform.samples_per_symbol
        self._symbols = waveform.preamble
        self._segments = waveform.preamble // SEGMENT
        self._lags = np.arange(-2 * step, 2 * step + 1)
        self.before = 2 * step + layout.reach
        """Samples before the expected first symbol with which a stretch begins."""
        self.samples = (self._symbols - 1) * step + len(self._lags) + 2 * layout.reach
        """Samples of a stretch."""
        self.threshold = _ENOUGH / self._symbols
        """Share of the energy that a preamble explains at least."""
        self._length = scipy.fft.next_fast_len(self.samples)
        taps = np.conj(scipy.fft.fft(layout.taps, self._length))
        self._filter = taps.astype(np.complex64)
        self._cover = sequences.cover(self._symbols).astype(np.float32)[:, None]
        bases = np.stack([np.conj(sequences.BASE), sequences.BASE], axis=1)
        self._bases = bases.astype(np.complex64)
        self._time = np.arange(self.samples) - self.before
        self._scale = DelayScale(layout.preamble, waveform, self._lags)

    def __call__(self, x: Array, cfo: Array) -> Acquired:
        """Return what stretches (n, samples) say, given coarse frequency offsets."""
        rows = np.arange(len(x))
        turn = np.exp(-2j * np.pi / self._step * cfo[:, None] * self._time).astype(np.complex64)
        spectrum = scipy.fft.fft(x * turn, self._length, axis=1)
        y = scipy.fft.ifft(spectrum * self._filter, axis=1)
        shape = (len(x), len(self._lags), self._segments, SEGMENT)
        strides = (y.strides[0], 8, 8 * self._step * SEGMENT, 8 * self._step)
        symbols = np.lib.stride_tricks.as_strided(y, shape, strides)
        both = np.ascontiguousarray(symbols) @ self._bases * self._cover
        normal, swapped = np.ascontiguousarray(both[..., 0]), np.ascontiguousarray(both[..., 1])
        offset, coherent = self._aligned(normal)
        delay, best = peak(coherent, self._lags)
        delay = self._scale(delay)
        window = y[rows[:, None], best[:, None] + np.arange(self._symbols) * self._step]
        energy = self._symbols * (window.real**2 + window.imag**2).sum(axis=1) + 1e-30
        other = self._aligned(swapped)[1]
        return Acquired(
            delay,
            cfo + offset,
            coherent[rows, best] ** 2 / energy,
            other[rows, best] ** 2 / energy,
        )

    def _aligned(self, parts: Array) -> tuple[Array, Array]:
        """Add up segments (n, lags, segments) after taking out what frequency offset is left.

        Returns the offset in cycles per symbol, and the magnitudes (n, lags).
        """
        rows = np.arange(len(parts))
        strongest = (parts.real**2 + parts.imag**2).sum(axis=2).argmax(axis=1)
        spectrum = np.abs(np.fft.fft(parts[rows, strongest], _TRANSFORM, axis=1))
        k = spectrum.argmax(axis=1)
        place = k + vertex(spectrum[rows, k - 1], spectrum[rows, k], spectrum[rows, (k + 1) % 128])
        place = np.where(place > _TRANSFORM / 2, place - _TRANSFORM, place)
        offset = place / (_TRANSFORM * SEGMENT)
        turn = np.exp(-2j * np.pi * SEGMENT * offset[:, None] * np.arange(self._segments))
        return offset, np.abs((parts * turn[:, None, :]).sum(axis=2))


def vertex(before: Array, top: Array, after: Array) -> Array:
    """Return where the parabola through three values has its vertex, -1/2 to 1/2 from the middle.

    The middle one is the largest.
    """
    curvature = np.minimum(2 * (before - 2 * top + after), -1e-30)
    place: Array = np.clip((before - after) / curvature, -0.5, 0.5)
    return place


def peak(magnitudes: Array, lags: Array) -> tuple[Array, Array]:
    """Return where magnitudes (n, lags) are largest: between the lags, and the column."""
    rows = np.arange(len(magnitudes))
    best = magnitudes.argmax(axis=1)
    middle = np.clip(best, 2, len(lags) - 3)
    five = magnitudes[rows[:, None], middle[:, None] + np.arange(-2, 3)] ** 2
    fitted = (five[:, None, :] * _POLYNOMIAL).sum(axis=2)
    k = np.clip(fitted.argmax(axis=1), 1, len(_FIT) - 2)
    off = vertex(fitted[rows, k - 1], fitted[rows, k], fitted[rows, k + 1])
    return lags[middle] + _FIT[k] + off * (_FIT[1] - _FIT[0]), best


class DelayScale:
    """Undoes what :func:`peak` gets wrong between samples, where no polynomial is the pulse's.

    Args:
        known: the symbols whose correlation has the peak.
        waveform: their pulse.
        lags: those that :func:`peak` is given; all of them in a row.
    """

    def __init__(self, known: Array, waveform: Waveform, lags: Array) -> None:
        step = waveform.samples_per_symbol
        taps = pulse_taps(waveform.rolloff, step * _FINE, waveform.span)
        pulse = np.convolve(taps, taps)
        shifts = np.arange(-waveform.span, waveform.span + 1)
        own = np.correlate(known, known, "full")[len(known) - 1 + shifts]
        true = np.arange(-_FINE, _FINE + 1)
        places = (lags * _FINE - true[:, None])[:, :, None] - shifts * step * _FINE
        inside = np.clip(places + len(taps) - 1, 0, len(pulse) - 1)
        values = np.where(np.abs(places) < len(taps), pulse[inside], 0)
        self._true = true / _FINE
        self._found = peak(np.abs(values @ own), lags)[0]

    def __call__(self, found: Array) -> Array:
        """Return true delays in samples for those that :func:`peak` found."""
        whole = np.rint(found)
        true: Array = whole + np.interp(found - whole, self._found, self._true)
        return true
