"""Phase and gain of every symbol of a burst, from those of the known ones."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from semradio.blocks.api import Array
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.waveform import SEGMENT, Waveform

_GRID = 16
"""Symbols from one place where the channel is estimated to the next; between, it is a line."""

_WORST, _BEST = -5, 40
"""Signal-to-noise ratios in dB between which the estimate is designed."""

_USUAL = 3e-6
"""Linewidth over symbol rate that is expected of a burst, give or take as much."""

_LEAST, _MOST = 2.0**-22, 2.0**-13
"""Linewidths between which the estimate is designed, in steps of a factor of two."""

_APART = 4
"""Groups of pilots between two whose phases are compared."""

_DOUBTFUL_NOISE, _DOUBTFUL_SIGNAL = 1.5, 0.15
"""A burst is doubtful if pilots and tail differ from what is expected by more than so many times
the noise and this share of the signal together."""


_FADED = 0.1
"""It is doubtful as well if the channel falls to this share of its power."""


class Tracked(NamedTuple):
    """What the tracker gives for some bursts."""

    payload: Array
    """complex64[n, payload]."""
    snr_db: Array
    """Signal-to-noise ratios of the symbols."""
    doubtful: Array
    """Whether later known symbols fit the first ones badly: samples are missing, or another signal
    came over them."""
    channel: Array
    """Phase and gain at every symbol, complex64[n, symbols]."""


class PhaseTracker:
    """Interpolates the channel between known symbols as a Wiener filter does, without its bias.

    The channel is taken for a constant turned by an oscillator of some linewidth: its values d
    symbols apart have the correlation ``exp(-pi linewidth d)``.

    Args:
        waveform: that of the bursts.
        linewidth: of the oscillators, over the symbol rate; None: estimated in each burst.
    """

    def __init__(self, waveform: Waveform, linewidth: float | None) -> None:
        self._layout = layout = layout_of(waveform)
        self._linewidth = linewidth
        at, self._size = layout.known_at, layout.known_size
        grid = np.arange(0, layout.symbols + _GRID, _GRID)
        self._between = np.abs(at[:, None] - at)
        self._across = np.abs(at[:, None] - grid)
        self._weights: dict[tuple[int, float], Array] = {}
        self._segments = layout.body // SEGMENT
        self._rise = (np.arange(_GRID) / _GRID).astype(np.float32)
        self._groups = slice(self._segments, self._segments + len(layout.pilots_at))
        self._distance = _APART * (waveform.pilot_spacing + waveform.pilots)
        tail = np.arange(layout.tail_at, layout.symbols)
        self._later_at = np.concatenate([layout.pilots_at.reshape(-1), tail])
        self._later = np.concatenate([layout.pilots.reshape(-1), layout.tail])

    def __call__(self, symbols: Array, known: Array, phases: Array) -> Tracked:
        """Return the payload of bursts, complex64[n, symbols].

        Args:
            symbols: the bursts. known: what the first of their symbols are.
            phases: the channel at each stretch of known symbols.
        """
        layout, count = self._layout, len(symbols)
        signal, noise = self._powers(symbols, known, phases)
        snr_db = 10 * np.log10(signal / noise)
        levels = np.clip(np.rint(snr_db), _WORST, _BEST).astype(int).tolist()
        widths = self._linewidths(phases, signal, noise)
        weights = np.stack([self._designed(*key) for key in zip(levels, widths, strict=True)])
        parts = np.stack([phases.real, phases.imag], axis=1) @ weights
        grid = parts[:, 0] + 1j * parts[:, 1]
        steps = (grid[:, 1:] - grid[:, :-1])[:, :, None] * self._rise
        channel = (grid[:, :-1, None] + steps).reshape(count, -1)
        payload = symbols.take(layout.payload_at, axis=1)
        payload /= channel.take(layout.payload_at, axis=1)
        off = channel.take(self._later_at, axis=1) * self._later
        off -= symbols.take(self._later_at, axis=1)
        unexpected = (off.real**2 + off.imag**2).mean(axis=1)
        doubtful = unexpected > _DOUBTFUL_NOISE * noise + _DOUBTFUL_SIGNAL * signal
        doubtful |= (grid.real**2 + grid.imag**2).min(axis=1) < _FADED * signal
        return Tracked(payload, snr_db, doubtful, channel[:, : layout.symbols])

    def _powers(self, symbols: Array, known: Array, phases: Array) -> tuple[Array, Array]:
        """Estimate the power of signal and noise from what the channel does not explain."""
        layout = self._layout
        near = np.repeat(phases[:, : self._segments], SEGMENT, axis=1)
        residual = symbols[:, : layout.body] - near * known
        noise = (residual.real**2 + residual.imag**2).sum(axis=1)
        noise /= layout.body * (1 - 1 / SEGMENT)
        power = ((phases.real**2 + phases.imag**2) * self._size).sum(axis=1)
        signal = (power - noise * len(self._size)) / self._size.sum()
        return np.maximum(signal, 1e-20), np.maximum(noise, 1e-30)

    def _linewidths(self, phases: Array, signal: Array, noise: Array) -> list[float]:
        """Estimate the linewidths, as powers of two.

        How far the phases of two groups of pilots differ, less what noise makes of it, is weighted
        against what is usual by how well it is known.
        """
        pilots = phases[:, self._groups]
        if self._linewidth is not None:
            return [self._linewidth] * len(phases)
        if pilots.shape[1] < 2 * _APART:
            return [_USUAL] * len(phases)
        turned = (np.conj(pilots[:, :-_APART]) * pilots[:, _APART:]).imag
        spread = (turned * turned).mean(axis=1, dtype=np.float64) / signal**2
        per_width = 2 * np.pi * self._distance
        blur = noise / signal / self._layout.pilots_at.shape[1]
        found = (spread - blur) / per_width
        # Of a sum of squares, some of which overlap.
        error = np.sqrt(3 / turned.shape[1]) * (blur / per_width + _USUAL)
        weight = 1 / (1 + (error / _USUAL) ** 2)
        widths = weight * found + (1 - weight) * _USUAL
        return [2.0 ** round(math.log2(w)) for w in np.clip(widths, _LEAST, _MOST).tolist()]

    def _designed(self, snr_db: int, linewidth: float) -> Array:
        """Return weights, float32[known, grid], each column of which adds up to 1."""
        if (snr_db, linewidth) not in self._weights:
            noise = np.diag(10 ** (-snr_db / 10) / self._size)
            between, across = (
                np.exp(-np.pi * linewidth * distance) for distance in (self._between, self._across)
            )
            weights = np.linalg.solve(between + noise, across)
            self._weights[snr_db, linewidth] = (weights / weights.sum(axis=0)).astype(np.float32)
        return self._weights[snr_db, linewidth]
