"""Where the symbols of a burst stand."""

from __future__ import annotations

from functools import cache

import numpy as np

from semradio.blocks.phy import sequences
from semradio.blocks.phy.burst_header import HEADER
from semradio.blocks.phy.pulse import pulse_taps
from semradio.blocks.phy.waveform import SEGMENT, Waveform


class BurstLayout:
    """Positions and known symbols of a burst: preamble, header, payload and pilots, tail.

    Positions count symbols from the first of the preamble. Known symbols are complex64.
    """

    def __init__(self, waveform: Waveform) -> None:
        self.waveform = waveform
        self.preamble = sequences.preamble(waveform.preamble).astype(np.complex64)
        self.body = waveform.preamble + HEADER
        """Position of the first symbol after the header."""
        step = waveform.pilot_spacing + waveform.pilots
        payload = np.arange(waveform.payload)
        self.payload_at = self.body + payload + payload // waveform.pilot_spacing * waveform.pilots
        """Positions of the payload's symbols, in the order on the air."""
        groups = -(-waveform.payload // waveform.pilot_spacing)
        starts = self.body + np.arange(groups) * step + waveform.pilot_spacing
        starts[-1] = self.payload_at[-1] + 1
        self.pilots_at = starts[:, None] + np.arange(waveform.pilots)
        """Positions of the pilots, (group, pilot)."""
        pilots = sequences.quaternary("pilots", self.pilots_at.size)
        self.pilots = pilots.reshape(self.pilots_at.shape).astype(np.complex64)
        self.tail_at = int(starts[-1]) + waveform.pilots
        """Position of the tail."""
        self.tail = sequences.tail(waveform.tail).astype(np.complex64)
        self.symbols = self.tail_at + waveform.tail
        """Symbols of a burst."""
        self.order = sequences.permutation("payload", waveform.payload)
        """Where in the packed payload each symbol on the air comes from."""
        self.filler = sequences.signs("filler", 2 * waveform.payload).astype(np.float32)
        self.filler *= np.float32(np.sqrt(0.5))
        """Parts of symbols that stand where a last burst has no frames."""
        self.taps = pulse_taps(waveform.rolloff, waveform.samples_per_symbol, waveform.span)
        """The pulse, on samples."""
        self.reach = waveform.span * waveform.samples_per_symbol // 2
        """Samples before and after a symbol to which its pulse reaches."""
        self.samples = self.symbols * waveform.samples_per_symbol + 2 * self.reach
        """Samples of a burst on the air."""
        segments = (self.body // SEGMENT, waveform.tail // SEGMENT)
        middle = (SEGMENT - 1) / 2
        self.known_at = np.concatenate(
            [
                np.arange(segments[0]) * SEGMENT + middle,
                self.pilots_at.mean(axis=1),
                self.tail_at + np.arange(segments[1]) * SEGMENT + middle,
            ]
        )
        """Middles of the stretches of known symbols: preamble and header, pilots, tail."""
        self.known_size = np.concatenate(
            [
                np.full(segments[0], SEGMENT),
                np.full(groups, waveform.pilots),
                np.full(segments[1], SEGMENT),
            ]
        ).astype(np.float32)
        """Symbols in each of them."""


@cache
def layout_of(waveform: Waveform) -> BurstLayout:
    """Return the layout of a waveform, made once."""
    return BurstLayout(waveform)
