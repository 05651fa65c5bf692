"""The receiver on plain arrays: samples in, bursts out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np

from semradio.blocks.api import Array
from semradio.blocks.errors import StreamError
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.detector import Candidate, Detector
from semradio.blocks.phy.equaliser import Equaliser
from semradio.blocks.phy.synchroniser import Synchroniser
from semradio.blocks.phy.transmitter import unpack
from semradio.blocks.phy.waveform import Waveform

_LARGEST = 1e9
"""Magnitude beyond which a sample is no signal."""

_FULL_LOW, _FULL_HIGH = 0.9999, 1.0001
"""Rails between these are taken for ones that a converter has limited at full scale."""

_CLIPPED = 1e-3
"""Share of a burst's samples at full scale from which it is called clipped."""


class Cut(NamedTuple):
    """The samples of one detected burst, and what its preamble says."""

    samples: Array
    """complex64, the expected first symbol at ``Synchroniser.before``; unit mean power."""
    at: int
    """Sample at which the first symbol is expected."""
    delay: float
    """Samples from there to where it is."""
    cfo: float
    """Frequency offset by the preamble, cycles per symbol."""
    metric: float
    """Share of the energy that the preamble explains, 0 to 1."""
    complete: bool
    """Whether the stream went on to the end of the burst."""
    overlaps: bool
    """Whether another burst began inside this one, or this one inside another."""
    clipped: bool
    """Whether samples stand at full scale."""


@dataclass
class Burst:
    """One received burst."""

    frames: Array
    """(frames, *item): as many as the header says; all of them where it was refused."""
    header_ok: bool
    """Whether the header is right: counter and number of frames mean nothing otherwise."""
    counter: int
    """Number of the burst, modulo 65536."""
    last: bool
    """Whether the sender's stream ends here."""
    code: int
    """Hash of the sender's waveform, if the header was read rightly otherwise; -1 if unknown."""
    snr_db: float
    """Es/N0 of the symbols as the decoder gets them, behind any equaliser."""
    cfo: float
    """Carrier frequency offset in cycles per symbol."""
    delay: float
    """Sample of the stream at which the first symbol stands."""
    clock_ppm: float
    """How much longer the receiver's samples are than the sender's, in millionths: what
    ``clock_offset`` calls ``ppm``, and GNU Radio epsilon."""
    metric: float
    """Share of the energy that the preamble explains, 0 to 1."""
    filtered: bool
    """Whether echoes made a filter necessary."""
    cleaned: bool
    """Whether a DC offset or a mirror image was taken away."""
    doubtful: bool
    """Whether later known symbols fit the first ones badly: samples are missing, or another signal
    came over them."""
    complete: bool = True
    """Whether the stream has all of its samples."""
    overlaps: bool = False
    """Whether another burst begins inside this one, or this one inside another."""
    clipped: bool = False
    """Whether samples stand at full scale."""


class Preamble(NamedTuple):
    """A preamble that was found: the fields of :class:`Cut` of the same names."""

    at: int
    delay: float
    cfo: float
    metric: float


@dataclass
class Cutter:
    """Finds bursts in a stream of samples and cuts them out.

    Its fields are all that it remembers; what else it has follows from the waveform.

    Raises:
        StreamError: a sample is NaN or infinite; the message names its index.
    """

    waveform: Waveform
    """That of the bursts."""
    detector: Detector = field(init=False)
    waiting: list[Array] = field(default_factory=list)
    """Samples that wait for a block to fill."""
    buffer: Array = field(init=False)
    """Samples before those, as far back as a burst may need them."""
    first: int = field(init=False)
    """Index of the first of them; before the stream there is silence."""
    next: int = 0
    """Index of the first sample of the next block."""
    given: int = 0
    """Samples that came in."""
    pending: list[Preamble] = field(default_factory=list)
    """Preambles whose bursts are not yet complete."""
    breaks: list[int] = field(default_factory=list)
    """Samples before which others are missing."""
    swapped: int = 0
    """Bursts so far whose I and Q are exchanged."""

    def __post_init__(self) -> None:
        self._layout = layout_of(self.waveform)
        self._sync = synchroniser_of(self.waveform)
        self.detector = Detector(self.waveform)
        self.buffer = np.zeros(self._sync.before, np.complex64)
        self.first = -self._sync.before

    @property
    def horizon(self) -> int:
        """Sample up to which every burst has been found."""
        return self.detector.horizon

    def interrupt(self) -> None:
        """Take note that samples are missing before the next."""
        self.breaks.append(self.given)

    def push(self, samples: Array) -> Iterator[list[Cut]]:
        """Take samples, complex64; give the bursts that each full block completes, in order."""
        if len(samples):
            self.waiting.append(np.array(samples, np.complex64))
            self.given += len(samples)
        if self.given < self.next + self.detector.block:
            return
        self._join()
        while self.first + len(self.buffer) >= self.next + self.detector.block:
            yield self._block(None)
            self._forget()

    def flush(self) -> Iterator[list[Cut]]:
        """Give the bursts that the end of the stream leaves."""
        end = self.given
        self._join()
        silence = np.zeros(self.detector.block, np.complex64)
        while self.detector.horizon < end or self.pending:
            self.buffer = np.concatenate([self.buffer, silence])
            yield self._block(end)
            self._forget()

    def _join(self) -> None:
        self.buffer = np.concatenate([self.buffer, *self.waiting])
        self.waiting.clear()

    def _forget(self) -> None:
        """Let go of samples that no burst can need any more."""
        firsts = [preamble.at for preamble in self.pending]
        keep = min([self.detector.horizon, self.next, *firsts]) - self._sync.before - 1
        if keep - self.first > self.detector.block:
            self.buffer = self.buffer[keep - self.first :].copy()
            self.first = keep
            self.breaks = [at for at in self.breaks if at >= keep]

    def _block(self, end: int | None) -> list[Cut]:
        """Work on one block; ``end`` is where the stream ended, if it did."""
        start = self.next - self.first
        x = self.buffer[start : start + self.detector.block]
        self._check(x)
        found = self.detector.find(x)
        self.next += self.detector.step
        self.pending += self._confirmed(found)
        self.pending.sort()
        length = self._layout.symbols * self.waveform.samples_per_symbol
        # Past the whole burst, so that another one inside it has been seen as well.
        ready = [e for e in self.pending if e.at + length <= self.detector.horizon]
        cuts = [self._cut(entry, end) for entry in ready]
        self.pending = self.pending[len(ready) :]
        return cuts

    def _check(self, x: Array) -> None:
        parts = x.view(np.float32)
        # A comparison with NaN is false.
        if not (parts.max() < _LARGEST and parts.min() > -_LARGEST):
            bad = int(np.argmin(np.abs(parts) < _LARGEST)) // 2
            raise StreamError(
                f"sample {self.next + bad} is {x[bad]}: samples must be finite, and below 1e9"
            )

    def _confirmed(self, found: list[Candidate]) -> list[Preamble]:
        """Return those candidates that are preambles indeed."""
        if not found:
            return []
        span = self._sync.preamble_samples
        cuts = np.stack([self._piece(c.at - self._sync.before, span) for c in found])
        acquired = self._sync.acquire(_levelled(cuts), np.array([c.cfo for c in found]))
        confirmed = []
        for k, candidate in enumerate(found):
            share, swapped = float(acquired.share[k]), float(acquired.swapped[k])
            if max(share, swapped) < self._sync.threshold:
                continue
            if swapped > share:
                self.swapped += 1
                continue
            delay, cfo = float(acquired.delay[k]), float(acquired.cfo[k])
            confirmed.append(Preamble(candidate.at, delay, cfo, share))
        return confirmed

    def _piece(self, first: int, count: int) -> Array:
        """Return samples of the stream; zeros beyond what is there."""
        start = first - self.first
        piece = self.buffer[start : start + count]
        missing = count - len(piece)
        return np.concatenate([piece, np.zeros(missing, np.complex64)]) if missing else piece

    def _cut(self, preamble: Preamble, end: int | None) -> Cut:
        start = preamble.at - self._sync.before
        samples = self._piece(start, self._sync.samples)
        count = (self._layout.symbols - 1) * self.waveform.samples_per_symbol + 1
        rails = np.abs(samples[self._sync.before :][:count].view(np.float32))
        full = np.count_nonzero((rails >= _FULL_LOW) & (rails <= _FULL_HIGH))
        inside = preamble.at + count - self._layout.reach
        broken = any(preamble.at < at < preamble.at + count for at in self.breaks)
        whole = not broken and (end is None or preamble.at + count <= end)
        return Cut(
            _levelled(samples[None])[0],
            *preamble,
            complete=whole,
            overlaps=any(preamble.at < other.at < inside for other in self.pending),
            clipped=bool(full > _CLIPPED * len(rails)),
        )


@dataclass
class Occupied:
    """The stretch of the stream that bursts of a waveform have taken so far."""

    waveform: Waveform
    until: int = -1
    """Sample at which it ends."""

    def overlaps(self, at: int, good: bool) -> bool:
        """Tell whether a burst begins inside an earlier one; only a ``good`` one takes its place.

        One with another header may be of another length.
        """
        inside = at < self.until
        if good:
            layout = layout_of(self.waveform)
            length = layout.symbols * self.waveform.samples_per_symbol - layout.reach
            self.until = max(self.until, at + length)
        return inside


@dataclass
class Receiver:
    """Receives bursts: samples in, bursts out, whatever pieces the samples come in.

    Its fields are all that it remembers; what else it has follows from the waveform.

    Raises:
        StreamError: a sample is NaN or infinite; the message names its index.
    """

    waveform: Waveform
    """That of the bursts."""
    linewidth: float | None = None
    """Phase noise to be ready for, as the linewidth of the oscillators over the symbol rate; None:
    estimated in each burst."""
    cutter: Cutter = field(init=False)
    occupied: Occupied = field(init=False)

    def __post_init__(self) -> None:
        self._sync = synchroniser_of(self.waveform)
        self._equaliser = equaliser_of(self.waveform, self.linewidth)
        self.cutter = Cutter(self.waveform)
        self.occupied = Occupied(self.waveform)

    @property
    def swapped(self) -> int:
        """Bursts so far whose I and Q are exchanged; they are not received."""
        return self.cutter.swapped

    @property
    def horizon(self) -> int:
        """Sample up to which every burst has been found."""
        return self.cutter.horizon

    def interrupt(self) -> None:
        """Take note that samples are missing before the next: a burst around it is not whole."""
        self.cutter.interrupt()

    def push(self, samples: Array) -> list[Burst]:
        """Take samples, complex64 of any number; return the bursts that they complete."""
        return [burst for bursts in self.blocks(samples) for burst in bursts]

    def flush(self) -> list[Burst]:
        """Return the bursts that the end of the stream leaves."""
        return [burst for bursts in self.rest() for burst in bursts]

    def blocks(self, samples: Array) -> Iterator[list[Burst]]:
        """Do as :meth:`push`, block by block: where a block ends is the same for every cut."""
        return map(self._received, self.cutter.push(samples))

    def rest(self) -> Iterator[list[Burst]]:
        """Do as :meth:`flush`, block by block."""
        return map(self._received, self.cutter.flush())

    def _received(self, cuts: list[Cut]) -> list[Burst]:
        if not cuts:
            return []
        samples = np.stack([cut.samples for cut in cuts])
        delay, cfo = (np.array([getattr(cut, key) for cut in cuts]) for key in ("delay", "cfo"))
        found = self._sync(samples, delay, cfo)
        equalised = self._equaliser(
            found.symbols,
            lambda rows: self._sync.halves(samples[rows], found.only(rows)),
            found.cfo,
        )
        frames = unpack(equalised.payload, self.waveform)
        bursts = []
        for k, cut in enumerate(cuts):
            header, code = equalised.headers[k], equalised.codes[k]
            good = code == self.waveform.code
            overlaps = self.occupied.overlaps(cut.at, good) or cut.overlaps
            bursts.append(
                Burst(
                    frames=frames[k, : header.frames] if good else frames[k],
                    header_ok=good,
                    counter=header.counter,
                    last=header.last,
                    code=code,
                    snr_db=float(equalised.snr_db[k]),
                    cfo=float(found.cfo[k]),
                    delay=cut.at + float(found.delay[k]),
                    clock_ppm=-float(found.drift[k]) / self.waveform.samples_per_symbol * 1e6,
                    metric=cut.metric,
                    filtered=bool(equalised.filtered[k]),
                    cleaned=bool(equalised.cleaned[k]),
                    doubtful=bool(equalised.doubtful[k]),
                    complete=cut.complete,
                    overlaps=overlaps,
                    clipped=cut.clipped,
                )
            )
        return bursts


def _levelled(cuts: Array) -> Array:
    """Return cuts (n, samples) at unit mean power each."""
    power = (cuts.real**2 + cuts.imag**2).mean(axis=1, dtype=np.float64)
    scale = 1 / np.sqrt(np.maximum(power, 1e-30))
    levelled: Array = cuts * scale[:, None].astype(np.float32)
    return levelled


@cache
def synchroniser_of(waveform: Waveform) -> Synchroniser:
    """Return the synchroniser of a waveform, made once: it holds nothing but tables."""
    return Synchroniser(waveform)


@cache
def equaliser_of(waveform: Waveform, linewidth: float | None) -> Equaliser:
    """Return the equaliser of a waveform, made once: it holds nothing but tables."""
    return Equaliser(waveform, linewidth)
