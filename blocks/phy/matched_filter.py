"""The pulse's matched filter with a delay, a drift and a frequency offset of each burst's own."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.pulse import root_raised_cosine
from semradio.blocks.phy.waveform import Waveform

BLOCK = 128
"""Symbols that share a set of taps: 100 ppm of drift move the last by 0.006 symbols."""

_FINENESS = 256
"""Delays per symbol for which taps are tabled."""

FARTHEST = 5
"""Symbols by which a delay may differ from the expected one, drift included."""


class MatchedFilter:
    """Gives the symbols of bursts: filter, delay, drift and frequency in one product.

    The samples of a symbol period times their share of the taps, for each of the periods that the
    pulse covers; those products, shifted, add up to the symbols. Each burst is a product of its
    own, so how many come at once changes no bit.
    """

    def __init__(self, waveform: Waveform) -> None:
        self._step = step = waveform.samples_per_symbol
        self._symbols = layout_of(waveform).symbols
        self._blocks = -(-self._symbols // BLOCK)
        self._periods = waveform.span + 2
        self.before = (self._periods // 2) * step
        """Samples needed before the expected first symbol."""
        self.samples = (self._blocks * BLOCK + self._periods - 1) * step
        """Samples needed in all."""
        self._time = np.arange(self._periods * step) / step - self._periods // 2
        self._table = self._tabled(waveform)
        self._numbers = np.arange(self._blocks)

    def _tabled(self, waveform: Waveform) -> Array:
        """Return the taps for every delay, float32[delays, periods * step]."""
        delays = np.arange(-FARTHEST * _FINENESS, FARTHEST * _FINENESS + 1) / _FINENESS
        t = self._time - delays[:, None]
        taps = root_raised_cosine(t, waveform.rolloff) / np.sqrt(self._step)
        taps[np.abs(t) > waveform.span / 2 + 0.5] = 0
        tabled: Array = taps.astype(np.float32)
        return tabled

    def __call__(self, x: Array, delay: Array, cfo: Array, drift: Array) -> Array:
        """Return the symbols of bursts, complex64[n, symbols].

        Args:
            x: complex64[n, samples or more], the expected first symbol at sample ``before``.
            delay: samples from there to where it is.
            cfo: frequency offset in cycles per symbol; symbol 0 is not turned.
            drift: samples by which a symbol is longer than it should be.
        """
        blocks, step, periods = self._blocks, self._step, self._periods
        x = np.ascontiguousarray(x[:, : self.samples])
        shape = (len(x), blocks, BLOCK + periods - 1, step)
        strides = (x.strides[0], 8 * BLOCK * step, 8 * step, 8)
        rows = np.lib.stride_tricks.as_strided(x, shape, strides)
        middles = BLOCK * self._numbers + BLOCK / 2
        delays = (delay[:, None] + drift[:, None] * middles) / step
        index = np.rint(np.clip(delays, -FARTHEST, FARTHEST) * _FINENESS).astype(np.intp)
        # A tap at time t after its symbol is turned by t; what the symbol itself is turned follows.
        turn = np.exp(-2j * np.pi * cfo[:, None] * self._time).astype(np.complex64)
        taps = self._table[index + FARTHEST * _FINENESS] * turn[:, None, :]
        taps = taps.reshape(len(x), blocks, periods, step).swapaxes(2, 3)
        parts = rows @ np.ascontiguousarray(taps)
        y = parts[:, :, :BLOCK, 0].copy()
        for k in range(1, periods):
            y += parts[:, :, k : k + BLOCK, k]
        return rotated(y.reshape(len(x), -1), cfo)[:, : self._symbols]


def rotated(y: Array, cfo: Array) -> Array:
    """Return symbols (n, count) without a frequency offset: ``y[n] exp(-2j pi cfo n)``, complex64.

    Two short exponentials take the place of a long one.
    """
    count = y.shape[1]
    blocks = -(-count // BLOCK)
    outer = np.exp(-2j * np.pi * BLOCK * cfo[:, None] * np.arange(blocks)).astype(np.complex64)
    inner = np.exp(-2j * np.pi * cfo[:, None] * np.arange(BLOCK)).astype(np.complex64)
    turn = (outer[:, :, None] * inner[:, None, :]).reshape(len(y), -1)
    turn[:, :count] *= y
    return turn[:, :count]
