"""From the symbols of bursts to their payload: header, channel, phase, noise.

Everything is learned from known symbols, for no decision can be made on a value that may be any.
The result is unbiased: x plus noise, as a decoder trained on plain noise expects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from semradio.blocks.api import Array
from semradio.blocks.phy.burst_header import Header, decode, encode
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.front_end import FrontEnd
from semradio.blocks.phy.matched_filter import rotated
from semradio.blocks.phy.phase_tracker import PhaseTracker
from semradio.blocks.phy.synchroniser import UNCERTAIN, known_phases
from semradio.blocks.phy.waveform import SEGMENT, Waveform

TAPS = 17
"""Taps of the filter, half a symbol apart."""

_DISPERSIVE = 14.0
"""How much of the known symbols' residual must be an echo of them, as a multiple of what noise
gives on average, before a filter is worth its noise."""

_ECHOES = (-3, -2, -1, 1, 2, 3, 4, 5)
"""Shifts in symbols at which echoes are looked for."""

_LOADING = 0.002
"""Of the mean power, added to the normal equations."""

Halves = Callable[[Array], Array]
"""Gives the values half a symbol before each symbol, for the bursts whose numbers it is given."""


@dataclass
class Equalised:
    """The payload of some bursts and what their headers say."""

    payload: Array
    """complex64[n, payload], in the order on the air."""
    snr_db: Array
    """Signal-to-noise ratio of the symbols after the equaliser."""
    doubtful: Array
    """Whether later known symbols fit the first ones badly."""
    headers: list[Header]
    codes: list[int]
    """The hash of the waveform, from the header: the receiver's own if the header is right."""
    filtered: Array
    """Whether a filter was needed."""
    cleaned: Array
    """Whether a DC offset or a mirror image was taken away."""


class Equaliser:
    """Reads headers and takes channel, phase and gain out of the payload.

    A flat channel is assumed unless the known symbols show echoes; then a filter of half-symbol
    taps is fitted to them by least squares and divided by its bias. A header that cannot be read is
    read again behind a filter fitted to the preamble alone.

    Args:
        waveform: that of the bursts.
        linewidth: phase noise to be ready for, as the linewidth of the oscillators over the symbol
            rate; None: estimated in each burst.
    """

    def __init__(self, waveform: Waveform, linewidth: float | None) -> None:
        self._waveform = waveform
        self._layout = layout_of(waveform)
        self._tracker = PhaseTracker(waveform, linewidth)
        self._front_end = FrontEnd(waveform)
        self._grid = np.linspace(-2, 2, 129) * UNCERTAIN
        middles = SEGMENT * np.arange(waveform.preamble // SEGMENT)
        self._turn = np.exp(-2j * np.pi * middles[:, None] * self._grid).astype(np.complex64)

    def __call__(self, symbols: Array, halves: Halves, cfo: Array) -> Equalised:
        """Return the payload of bursts.

        Args:
            symbols: complex64[n, symbols].
            halves: gives the values half a symbol before.
            cfo: the frequency offset that was taken out, cycles per symbol.
        """
        layout, code = self._layout, self._waveform.code
        start = len(layout.preamble)
        known = np.empty((len(symbols), layout.body), np.complex64)
        known[:, :start] = layout.preamble
        gain = (symbols[:, :start] * np.conj(layout.preamble)).mean(axis=1)
        read = decode(symbols[:, start : layout.body] * np.conj(gain)[:, None])
        wrong = np.array([k for k, (_, found) in enumerate(read) if found != code], np.intp)
        if len(wrong):
            again = symbols[wrong]
            rows = self._dispersive(again, known[wrong, :start], gain[wrong])
            if len(rows):
                early = halves(wrong[rows])
                again[rows] = _filtered(again[rows], early, known[wrong[rows], :start])
            again = again[:, : layout.body]
            turn = (again[:, :start] * np.conj(layout.preamble)).mean(axis=1)
            second = decode(again[:, start:] * np.conj(turn)[:, None])
            foreign = self._by_preamble_alone(symbols[wrong, : layout.body])
            for k, better, other in zip(wrong.tolist(), second, foreign, strict=True):
                read[k] = better if better[1] == code else (other[0], _refused(other[1], code))
        headers = np.stack([encode(header, max(found, 0)) for header, found in read])
        known[:, start:] = headers
        rows = self._dispersive(symbols, known, gain)
        filtered, cleaned = np.zeros((2, len(symbols)), bool)
        if len(rows):
            part, early = symbols[rows], halves(rows)
            # A filter must not learn to undo what the front end adds, as far as that shows yet.
            added = self._front_end.estimate(part, known[rows], gain[rows, None], cfo[rows])
            part = self._front_end.remove(part, added, cfo[rows])
            early = self._front_end.remove(early, added, cfo[rows], 0.5)
            symbols = symbols.copy()
            symbols[rows] = _filtered(part, early, known[rows])
            filtered[rows], cleaned[rows] = True, added.any
        tracked = self._tracker(symbols, known, known_phases(symbols, headers, layout))
        added = self._front_end.estimate(symbols, known, tracked.channel, cfo)
        rows = np.flatnonzero(added.any)
        if len(rows):
            part = self._front_end.remove(symbols[rows], added.only(rows), cfo[rows])
            phases = known_phases(part, headers[rows], layout)
            for old, new in zip(tracked, self._tracker(part, known[rows], phases), strict=True):
                old[rows] = new
            cleaned[rows] = True
        return Equalised(
            tracked.payload,
            tracked.snr_db,
            tracked.doubtful,
            [header for header, _ in read],
            [found for _, found in read],
            filtered,
            cleaned,
        )

    def _by_preamble_alone(self, symbols: Array) -> list[tuple[Header, int]]:
        """Read headers of bursts whose pilots may stand elsewhere, as another waveform's do."""
        layout = self._layout
        start = len(layout.preamble)
        turned = symbols[:, :start] * np.conj(layout.preamble)
        phases = turned.reshape(len(symbols), -1, SEGMENT).mean(axis=2)
        spectrum = np.abs(phases[:, None, :] @ self._turn)[:, 0]
        cfo = self._grid[spectrum.argmax(axis=1)]
        symbols = rotated(symbols, cfo)
        gain = (symbols[:, :start] * np.conj(layout.preamble)).mean(axis=1)
        return decode(symbols[:, start:] * np.conj(gain)[:, None])

    def _dispersive(self, symbols: Array, known: Array, gain: Array) -> Array:
        """Return which bursts need a filter.

        Args:
            known: complex64[n, count], what the first symbols are.
            gain: complex64[n], the channel if it is flat.
        """
        echo = _echo(symbols[:, : known.shape[1]], known, gain)
        return np.flatnonzero(echo > _DISPERSIVE)


def _filtered(symbols: Array, early: Array, known: Array) -> Array:
    """Return symbols behind a filter that is fitted to known ones.

    Args:
        early: the values half a symbol before.
        known: what the first symbols are.
    """
    count, half = symbols.shape[1], TAPS // 2
    line = np.zeros((len(symbols), 2 * count + 2 * half), np.complex64)
    line[:, half : half + 2 * count : 2] = early
    line[:, half + 1 : half + 1 + 2 * count : 2] = symbols
    windows = sliding_window_view(line, TAPS, axis=1)[:, 1 : 1 + 2 * count : 2]
    taps = _fitted(windows[:, : known.shape[1]], known)
    y = np.zeros((len(symbols), count), np.complex64)
    for k in range(TAPS):
        y += windows[:, :, k] * taps[:, k, None]
    return y


def _refused(found: int, own: int) -> int:
    """Return the code of a header that two readings refused; never the receiver's own."""
    return found if found != own else -1


def _echo(symbols: Array, known: Array, gain: Array) -> Array:
    """Return how much of an echo the known symbols have, the largest of some shifts.

    Noise alone has an exponential distribution of mean 1 at each.
    """
    residual = symbols - gain[:, None] * known
    noise = (residual.real**2 + residual.imag**2).mean(axis=1)
    count = known.shape[1]
    strongest = np.zeros(len(symbols), np.float32)
    for shift in _ECHOES:
        a = known[:, max(0, -shift) : count - max(0, shift)]
        b = residual[:, max(0, shift) : count - max(0, -shift)]
        found = np.abs((b * np.conj(a)).sum(axis=1)) ** 2 / (noise * a.shape[1] + 1e-30)
        strongest = np.maximum(strongest, found)
    return strongest


def _fitted(windows: Array, known: Array) -> Array:
    """Return the taps (n, taps) that bring windows (n, count, taps) closest to known symbols."""
    a = np.ascontiguousarray(windows).astype(np.complex128)
    wanted = known.astype(np.complex128)[:, :, None]
    adjoint = np.conj(a.swapaxes(1, 2))
    normal = adjoint @ a
    load = _LOADING * np.trace(normal, axis1=1, axis2=2).real / TAPS + 1e-30
    taps = np.linalg.solve(normal + load[:, None, None] * np.eye(TAPS), adjoint @ wanted)
    # What least squares takes away from the known symbols it takes away from the others too.
    bias = (np.conj(wanted) * (a @ taps)).sum(axis=1) / (np.abs(wanted) ** 2).sum(axis=1)
    found: Array = (taps[:, :, 0] / bias).astype(np.complex64)
    return found
