"""What a radio's front end adds to bursts: a constant, and the mirror image of the signal.

A direct-conversion radio leaks its oscillator into the samples (DC offset), and its two rails
differ a little in gain and phase (IQ imbalance), which adds the conjugate of the signal. On
symbols whose frequency offset f has been taken out, the first turns with -f and the second with
-2f. Both are learned from known symbols, and taken away only where they are beyond doubt: what is
left costs less than 0.1 dB each.

Source: Valkama, Renfors and Koivunen, "Advanced methods for I/Q imbalance compensation in
communication receivers", 2001, for the model.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from semradio.blocks.api import Array
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.matched_filter import rotated
from semradio.blocks.phy.waveform import Waveform

_CERTAIN = 12.0
"""Power of an estimate, as a multiple of what noise makes of it, from which it is believed."""


class Added(NamedTuple):
    """What the front end added to some bursts; arrays of one value per burst, 0 for nothing."""

    offset: Array
    """The constant, at symbol 0."""
    image: Array
    """The mirror image's gain, with its phase at symbol 0."""

    @property
    def any(self) -> Array:
        """Which bursts had anything added."""
        anything: Array = (self.offset != 0) | (self.image != 0)
        return anything

    def only(self, rows: Array) -> Added:
        """Return some of the bursts."""
        return Added(self.offset[rows], self.image[rows])


class FrontEnd:
    """Estimates and removes constant and mirror image, burst by burst."""

    def __init__(self, waveform: Waveform) -> None:
        layout = layout_of(waveform)
        tail = np.arange(layout.tail_at, layout.symbols)
        pilots = layout.pilots_at.reshape(-1)
        # Not the preamble, whose segment is too much like its own conjugate.
        header = np.arange(len(layout.preamble), layout.body)
        self._header = header
        self._at = np.concatenate([header, pilots, tail])
        self._later = np.concatenate([layout.pilots.reshape(-1), layout.tail])
        self._ones = np.ones((1, layout.symbols), np.complex64)

    def estimate(self, symbols: Array, known: Array, channel: Array, cfo: Array) -> Added:
        """Return what the front end added to symbols (n, symbols), where that is certain.

        Args:
            known: what the first of the symbols are.
            channel: the channel at every symbol, or at none in particular (n, 1).
            cfo: the frequency offset that was taken out, cycles per symbol.
        """
        count = len(symbols)
        later = np.broadcast_to(self._later, (count, len(self._later)))
        sent = np.concatenate([known.take(self._header, axis=1), later], axis=1)
        sent = sent * (channel if channel.shape[1] == 1 else channel.take(self._at, axis=1))
        residual = symbols.take(self._at, axis=1) - sent
        a = np.exp(-2j * np.pi * cfo[:, None] * self._at).astype(np.complex64)
        b = a * a * np.conj(sent)
        # Least squares of two unknowns.
        aa, bb = _power(a), _power(b)
        ab = (np.conj(a) * b).sum(axis=1)
        ra, rb = (np.conj(a) * residual).sum(axis=1), (np.conj(b) * residual).sum(axis=1)
        free = aa * bb - (ab.real**2 + ab.imag**2)
        offset, image = (bb * ra - ab * rb) / free, (aa * rb - np.conj(ab) * ra) / free
        noise = _power(residual) / len(self._at)
        offset = np.where(_square(offset) * free > _CERTAIN * noise * bb, offset, 0)
        image = np.where(_square(image) * free > _CERTAIN * noise * aa, image, 0)
        return Added(offset.astype(np.complex64), image.astype(np.complex64))

    def remove(self, symbols: Array, added: Added, cfo: Array, early: float = 0.0) -> Array:
        """Return symbols (n, symbols) without what was added.

        Args:
            early: by how many symbols the values lie before the symbols.
        """
        ones = np.broadcast_to(self._ones, (len(symbols), self._ones.shape[1]))
        constant = rotated(ones, cfo)
        if early:
            constant *= np.exp(2j * np.pi * cfo * early).astype(np.complex64)[:, None]
        image = added.image[:, None] * (constant * constant * np.conj(symbols))
        clean: Array = symbols - (added.offset[:, None] * constant + image)
        return clean


def _square(x: Array) -> Array:
    squared: Array = x.real**2 + x.imag**2
    return squared


def _power(x: Array) -> Array:
    total: Array = (x.real**2 + x.imag**2).sum(axis=1)
    return total
