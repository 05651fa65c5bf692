"""From the samples of detected bursts to their symbols, in time and without frequency offset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft  # type: ignore[import-untyped]

from semradio.blocks.api import Array
from semradio.blocks.phy.acquisition import Acquired, Acquisition, DelayScale, peak, vertex
from semradio.blocks.phy.burst_layout import BurstLayout, layout_of
from semradio.blocks.phy.matched_filter import MatchedFilter, rotated
from semradio.blocks.phy.waveform import SEGMENT, Waveform

UNCERTAIN = 1.6e-3
"""Cycles per symbol by which the preamble's frequency may be wrong."""

_GRID = 4
"""Frequencies looked at for each that a burst's length can tell apart."""


@dataclass
class Synchronised:
    """The symbols of some bursts, and what was found on the way; arrays of one value per burst."""

    symbols: Array
    """complex64[n, symbols]."""
    delay: Array
    """Samples from where the first symbol was expected to where it is."""
    cfo: Array
    """Carrier frequency offset, cycles per symbol."""
    drift: Array
    """Samples by which a symbol is longer than it should be."""

    def only(self, rows: Array) -> Synchronised:
        """Return some of the bursts."""
        return Synchronised(self.symbols[rows], self.delay[rows], self.cfo[rows], self.drift[rows])


class Synchroniser:
    """Finds delay, clock drift and frequency of bursts, and filters their symbols out.

    The delay is the preamble's; the tail has a delay of its own, and the difference is the drift of
    the sampling clock. The frequency is the highest peak of the spectrum of all known symbols but
    the header's; phases are never unwrapped, which slips at low signal-to-noise ratios.
    """

    def __init__(self, waveform: Waveform) -> None:
        self._layout = layout = layout_of(waveform)
        self._step = step = waveform.samples_per_symbol
        self._acquisition = Acquisition(waveform)
        self._filter = MatchedFilter(waveform)
        self.threshold = self._acquisition.threshold
        """Share of its energy that a preamble explains at least."""
        self.before = max(self._acquisition.before, self._filter.before) + 2 * step
        """Samples of a cut before the place where the first symbol is expected."""
        end = self._filter.samples - self._filter.before
        self.samples = self.before + end + step
        """Samples of a cut."""
        self.preamble_samples = self.before - self._acquisition.before + self._acquisition.samples
        """Samples of a cut that :meth:`acquire` needs."""
        self._lags = np.arange(-step, step + 1)
        self._tail = np.conj(layout.tail)
        self._tail_samples = (waveform.tail - 1) * step + len(self._lags) + 2 * layout.reach
        self._length = scipy.fft.next_fast_len(self._tail_samples)
        self._taps = np.conj(scipy.fft.fft(layout.taps, self._length)).astype(np.complex64)
        self._scale = DelayScale(layout.tail, waveform, self._lags)
        middle = layout.tail_at + (waveform.tail - 1) / 2
        self._distance = middle - (waveform.preamble - 1) / 2
        # All stretches of known symbols but the header's.
        preamble = waveform.preamble // SEGMENT
        header = np.arange(preamble, layout.body // SEGMENT)
        self._kept = keep = np.delete(np.arange(len(layout.known_at)), header)
        steps = int(UNCERTAIN * _GRID * layout.symbols)
        self._grid = np.arange(-steps, steps + 1) / (_GRID * layout.symbols)
        turn = np.exp(-2j * np.pi * layout.known_at[keep][:, None] * self._grid)
        self._turn = (turn * layout.known_size[keep][:, None]).astype(np.complex64)

    def acquire(self, cuts: Array, cfo: Array) -> Acquired:
        """Return what the preambles of cuts (n, samples) say, given coarse frequency offsets."""
        start = self.before - self._acquisition.before
        return self._acquisition(cuts[:, start : start + self._acquisition.samples], cfo)

    def __call__(self, cuts: Array, delay: Array, cfo: Array) -> Synchronised:
        """Return the symbols of cuts (n, samples), given what :meth:`acquire` said."""
        drift = (self._tail_delay(cuts, delay, cfo) - delay) / self._distance
        found = Synchronised(self._filtered(cuts, delay, cfo, drift), delay, cfo, drift)
        fine = self._fine_frequency(found.symbols)
        found.symbols = rotated(found.symbols, fine)
        found.cfo = cfo + fine
        return found

    def halves(self, cuts: Array, found: Synchronised) -> Array:
        """Return the values half a symbol before each symbol, complex64[n, symbols]."""
        return self._filtered(cuts, found.delay - self._step / 2, found.cfo, found.drift)

    def _filtered(self, cuts: Array, delay: Array, cfo: Array, drift: Array) -> Array:
        return self._filter(cuts[:, self.before - self._filter.before :], delay, cfo, drift)

    def _tail_delay(self, cuts: Array, delay: Array, cfo: Array) -> Array:
        """Return the delay of the tail, which lies within a symbol of the preamble's."""
        near = np.rint(delay).astype(np.intp)
        reach = self._layout.reach
        start = self.before + self._layout.tail_at * self._step + int(self._lags[0]) - reach
        time = np.arange(self._tail_samples)
        x = cuts[np.arange(len(cuts))[:, None], start + near[:, None] + time]
        turn = np.exp(-2j * np.pi / self._step * cfo[:, None] * time).astype(np.complex64)
        spectrum = scipy.fft.fft(x * turn, self._length, axis=1)
        y = scipy.fft.ifft(spectrum * self._taps, axis=1)
        shape = (len(x), len(self._lags), len(self._tail))
        strides = (y.strides[0], 8, 8 * self._step)
        symbols = np.lib.stride_tricks.as_strided(y, shape, strides)
        found = peak(np.abs((symbols * self._tail).sum(axis=2)), self._lags)[0]
        late: Array = near + self._scale(found)
        return late

    def _fine_frequency(self, symbols: Array) -> Array:
        known = known_phases(symbols, None, self._layout).take(self._kept, axis=1)
        spectrum = np.abs(known[:, None, :] @ self._turn)[:, 0]
        rows, k = np.arange(len(symbols)), spectrum.argmax(axis=1)
        k = np.clip(k, 1, len(self._grid) - 2)
        off = vertex(spectrum[rows, k - 1], spectrum[rows, k], spectrum[rows, k + 1])
        found: Array = self._grid[k] + off * (self._grid[1] - self._grid[0])
        return found


def known_phases(symbols: Array, headers: Array | None, layout: BurstLayout) -> Array:
    """Return the mean of ``symbols * conj(known)`` over each stretch of known symbols.

    Args:
        symbols: complex64[n, symbols].
        headers: complex64[n, header]; where None, the header's stretches give zeros.
    """
    count, start = len(symbols), len(layout.preamble)
    preamble = symbols[:, :start] * np.conj(layout.preamble)
    header = symbols[:, start : layout.body]
    header = header * 0 if headers is None else header * np.conj(headers)
    tail = symbols[:, layout.tail_at :] * np.conj(layout.tail)
    pilots = symbols.take(layout.pilots_at, axis=1) * np.conj(layout.pilots)
    return np.concatenate(
        [
            preamble.reshape(count, -1, SEGMENT).mean(axis=2),
            header.reshape(count, -1, SEGMENT).mean(axis=2),
            pilots.mean(axis=2),
            tail.reshape(count, -1, SEGMENT).mean(axis=2),
        ],
        axis=1,
    )
