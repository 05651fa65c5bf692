"""Finds preambles in a stream of samples.

Two filters run over the stream, by FFT and at two samples a symbol: the pulse, for the energy, and
the preamble's segment. The products of neighbouring segments' correlations, added up with the signs
of the preamble, are large where it stands, at any phase and frequency: the frequency only turns
the sum, and the angle tells it. Divided by the energy of the same stretch, the sum depends on no
gain.

Samples are taken in blocks of a fixed size at fixed places of the stream, so that nothing depends
on how it arrives.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np
import scipy.fft  # type: ignore[import-untyped]

from semradio.blocks.api import Array
from semradio.blocks.phy import sequences
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.waveform import SEGMENT, Waveform

THRESHOLD = 0.12
"""Share of the energy, in amplitude, from which a place is a candidate; noise passes it some three
times in a million samples, a burst at -2 dB misses it less than once in a thousand."""

_FLOOR = 1e-6
"""Energy below which nothing counts, as a share of the strongest of late: silence between bursts is
often exact zeros, or the ringing of a filter."""

_FLOOR_DECAY = 0.97
"""Of the strongest energy, per block."""

_SMALLEST = 1e-12
"""Energy of one sample below which nothing counts at all: -120 dBFS."""

_APART = 8
"""Half symbols within which places above the threshold belong to one peak."""


class Candidate(NamedTuple):
    """A place where a preamble may stand."""

    at: int
    """Sample at which its first symbol stands, within one or two."""
    cfo: float
    """Carrier frequency offset in cycles per symbol."""
    metric: float
    """Share of the energy, in amplitude, that the preamble explains."""


class _Tables:
    """What looking for the preambles of a waveform takes, and never changes."""

    def __init__(self, waveform: Waveform) -> None:
        layout = layout_of(waveform)
        step = waveform.samples_per_symbol
        self.decimation = step // 2
        self.reach = layout.reach
        segments = waveform.preamble // SEGMENT
        self.signs = sequences.barker(waveform.preamble)
        self.window = 2 * waveform.preamble
        self.share = np.float32((segments - 1) / segments * SEGMENT / 2)
        self.block = 1 << 14 + (step.bit_length() - 2)
        pulse = np.zeros((SEGMENT - 1) * step + len(layout.taps), np.complex128)
        for k, symbol in enumerate(sequences.BASE):
            pulse[k * step : k * step + len(layout.taps)] += symbol * layout.taps
        whole = self.block - len(pulse) + 1
        self.step = whole - whole % self.decimation
        self.segment = self._response(pulse)
        self.energy = self._response(layout.taps)

    def _response(self, taps: Array) -> Array:
        """Return the matched filter's response on the frequencies that are kept, complex64."""
        response = np.conj(np.fft.fft(taps, self.block)) / self.decimation
        half = self.block // self.decimation // 2
        kept = np.concatenate([response[:half], response[self.block - half :]])
        return kept.astype(np.complex64)


@cache
def _tables_of(waveform: Waveform) -> _Tables:
    return _Tables(waveform)


@dataclass
class Detector:
    """Looks for preambles in blocks of ``block`` samples, each ``step`` samples after the last.

    Its fields are all that it remembers; what else it has follows from the waveform.
    """

    waveform: Waveform
    """What is looked for."""
    corr: Array = field(default_factory=lambda: np.zeros(0, np.complex64))
    """The segment's correlations that are needed yet, at two a symbol."""
    power: Array = field(default_factory=lambda: np.zeros(0, np.float32))
    """The power of the filtered samples, at the same places."""
    first: int = 0
    """Place of the first of them, in half symbols."""
    strongest: float = 0.0
    """The strongest energy of late."""

    def __post_init__(self) -> None:
        self._tables = _tables_of(self.waveform)

    @property
    def block(self) -> int:
        """Samples that a block has."""
        return self._tables.block

    @property
    def step(self) -> int:
        """Samples from one block to the next."""
        return self._tables.step

    @property
    def horizon(self) -> int:
        """The first sample at which a candidate may yet be found."""
        return self.first * self._tables.decimation + self._tables.reach

    def find(self, x: Array) -> list[Candidate]:
        """Return the candidates that the next block decides on; ``x`` is complex64[block]."""
        tables = self._tables
        spectrum = scipy.fft.fft(x)
        half = len(x) // tables.decimation // 2
        kept = np.concatenate([spectrum[:half], spectrum[len(x) - half :]])
        count = tables.step // tables.decimation
        corr = scipy.fft.ifft(kept * tables.segment, overwrite_x=True)[:count]
        parts = scipy.fft.ifft(kept * tables.energy, overwrite_x=True)[:count].view(np.float32)
        parts *= parts
        self.corr = np.concatenate([self.corr, corr])
        self.power = np.concatenate([self.power, parts[0::2] + parts[1::2]])
        return self._decide()

    def _decide(self) -> list[Candidate]:
        lag, window = 2 * SEGMENT, self._tables.window
        count = len(self.power) - window
        # A peak counts if none is higher within a preamble's length on either side.
        low, high = window if self.first else 0, count - window
        turned = np.conj(self.corr[: count + window - 2 * lag])
        turned *= self.corr[lag : count + window - lag]
        total = turned[:count].copy()
        for k, sign in enumerate(self._tables.signs[1:], 1):
            neighbour = turned[k * lag : k * lag + count]
            if sign > 0:
                total += neighbour
            else:
                total -= neighbour
        energy = self._energies(count)
        found = total.real * total.real
        found += total.imag * total.imag
        above = np.flatnonzero(found > np.square(np.float32(THRESHOLD) * energy))
        candidates = []
        if len(above):
            metric = np.sqrt(found[above]) / energy[above]
            groups = np.split(np.arange(len(above)), np.flatnonzero(np.diff(above) > _APART) + 1)
            peaks = np.array([group[np.argmax(metric[group])] for group in groups])
            places, values = above[peaks], metric[peaks]
            for place, value in zip(places.tolist(), values.tolist(), strict=True):
                if not low <= place < high:
                    continue
                if value >= values[np.abs(places - place) <= window].max():
                    at = (self.first + place) * self._tables.decimation + self._tables.reach
                    cfo = float(np.angle(total[place])) / (2 * np.pi * SEGMENT)
                    candidates.append(Candidate(at, cfo, value))
        keep = high - window
        self.corr, self.power = self.corr[keep:].copy(), self.power[keep:].copy()
        self.first += keep
        return candidates

    def _energies(self, count: int) -> Array:
        """Return what the sum would be if the preamble were all there is, float32[count]."""
        window, share = self._tables.window, self._tables.share
        sums = np.cumsum(self.power[: count + window], dtype=np.float64)
        energy = sums[window - 1 : window - 1 + count]
        energy[1:] -= sums[: count - 1].copy()
        single = energy.astype(np.float32)
        single *= share
        self.strongest = max(self.strongest * _FLOOR_DECAY, float(single.max()))
        least = max(_FLOOR * self.strongest, _SMALLEST * window * float(share))
        return np.maximum(single, np.float32(least), out=single)
