"""Received bursts put in order: which frames they bring, and what becomes of lost ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from semradio.blocks.api import Array
from semradio.blocks.api.tag import FILLED, GAP
from semradio.blocks.phy.burst_header import COUNTERS
from semradio.blocks.phy.burst_tags import FRAME, tags_of
from semradio.blocks.phy.receiver import Burst
from semradio.blocks.phy.waveform import NAMED, Waveform

Lost = Literal["skip", "zeros", "repeat"]
"""What a lost frame becomes: nothing, a frame of zeros, or the last frame before it once more."""


@dataclass
class Piece:
    """Frames that follow each other, and the tags on the first of them."""

    frames: Array
    tags: dict[str, Any]


@dataclass
class BurstOrder:
    """Follows the counters of bursts and accounts for every frame."""

    waveform: Waveform
    """That of the bursts."""
    policy: Lost = "skip"
    """What a lost frame becomes."""
    total: int | None = None
    """Frames that the sender's stream has; None if that is not known."""
    from_start: bool = True
    """Whether the sender's first burst counts as lost where a later one comes first."""
    longest_gap: int = 16_384
    """Frames up to which a gap is filled; a longer one is skipped."""

    position: int = 0
    """Number of the next frame, lost ones included."""
    expected: int | None = None
    """Number of the next burst, not modulo anything; None before the first."""
    skipped: int | None = 0
    """Frames lost before the next one; None if it is not known how many."""
    before: Array | None = None
    """The latest frame."""
    ended: bool = False
    """Whether the sender's last frame has come, or passed."""
    heard_last: bool = False
    """Whether a burst said that it was the last."""
    bursts: int = 0
    received: int = 0
    """Bursts whose frames were handed on."""
    frames: int = 0
    lost: int = 0
    """Frames."""
    refused: int = 0
    """Bursts whose header was not right."""
    codes: dict[int, int] = field(default_factory=dict)
    """How many of those stated which waveform."""
    cut: int = 0
    """Bursts that are not whole."""
    overlaps: int = 0
    doubtful: int = 0
    clipped: int = 0
    restarts: int = 0
    echoes: int = 0
    filtered: int = 0
    cleaned: int = 0
    unfilled: int = 0
    """Frames of gaps too long to fill."""
    snr_sum: float = 0.0
    clock_sum: float = 0.0
    cfo: float | None = None

    def take(self, burst: Burst) -> Iterator[Piece]:
        """Give the frames that a burst brings, behind what the lost ones before it become."""
        if self.ended:
            return
        self.bursts += 1
        self.overlaps += burst.overlaps
        self.clipped += burst.clipped
        if not burst.header_ok:
            self.refused += 1
            if burst.code >= 0:
                self.codes[burst.code] = self.codes.get(burst.code, 0) + 1
            return
        found = self._absolute(burst)
        if found is None:
            self.echoes += 1
            return
        step = self.waveform.frames
        first = found * step
        self.expected = found + 1
        if not burst.complete:
            self.cut += 1
            yield from self._gap(first + len(burst.frames))
            self.heard_last = self.ended = burst.last
            return
        yield from self._gap(first)
        frames = burst.frames
        if self.total is not None:
            frames = frames[: max(0, self.total - first)]
        if len(frames):
            tags = {} if self.skipped == 0 else {GAP: self.skipped}
            self.skipped = 0
            self.before = frames[-1]
            yield Piece(frames, {**tags, FRAME: first, **tags_of(burst)})
        self._account(burst, len(frames))
        self.position = first + len(frames)
        self.heard_last = burst.last
        beyond = self.total is not None and self.position >= self.total
        self.ended = burst.last or beyond

    def finish(self) -> Iterator[Piece]:
        """Give what the frames become that never came, where the sender's total is known."""
        if self.total is not None and not self.ended:
            yield from self._gap(self.total)
        self.ended = True

    def _absolute(self, burst: Burst) -> int | None:
        """Return the number of a burst, counted on from the one before; None for an echo."""
        if self.expected is None and not self.from_start:
            self.position = burst.counter * self.waveform.frames
            return burst.counter
        expected = self.expected or 0
        ahead = (burst.counter - expected) % COUNTERS
        if ahead < COUNTERS // 2:
            return expected + ahead
        if ahead == COUNTERS - 1 and burst.overlaps:
            return None
        # The sender has begun anew, or a recording is out of order: what is missing is not known.
        self.restarts += 1
        self.skipped = None
        self.position = burst.counter * self.waveform.frames
        return burst.counter

    def _gap(self, until: int) -> Iterator[Piece]:
        """Account for the frames from the present one to ``until``."""
        count = until - self.position
        if count <= 0:
            return
        self.lost += count
        item = self.waveform.item_type
        if self.policy == "skip" or count > self.longest_gap:
            self.unfilled += count if self.policy != "skip" else 0
            if self.skipped is not None:
                self.skipped += count
        else:
            frames = np.zeros((count, *item.shape), item.numpy)
            if self.policy == "repeat" and self.before is not None:
                frames[:] = self.before
            yield Piece(frames, {FRAME: self.position, FILLED: count})
        self.position = until

    def _account(self, burst: Burst, frames: int) -> None:
        self.received += 1
        self.doubtful += burst.doubtful
        self.frames += frames
        self.filtered += burst.filtered
        self.cleaned += burst.cleaned
        self.snr_sum += burst.snr_db
        self.clock_sum += burst.clock_ppm
        self.cfo = burst.cfo

    @property
    def foreign(self) -> dict[int, int]:
        """Bursts that were sent with another waveform, by its hash.

        A header that is merely wrong shows any hash; one that is known, or comes again, is true.
        """
        known = {waveform.code for waveform in NAMED.values()}
        return {k: n for k, n in self.codes.items() if k in known or n > 1}

    def results(self) -> dict[str, Any]:
        """Return what came and what did not, as plain numbers."""
        return {
            "bursts": self.bursts,
            "received": self.received,
            "frames": self.frames,
            "lost": self.lost,
            "refused": self.refused,
            "foreign": sum(self.foreign.values()),
            "cut": self.cut,
            "overlaps": self.overlaps,
            "doubtful": self.doubtful,
            "clipped": self.clipped,
            "restarts": self.restarts,
            "echoes": self.echoes,
            "equalised": self.filtered,
            "cleaned": self.cleaned,
            "snr_db": self.snr_sum / self.received if self.received else None,
            "cfo": self.cfo,
            "clock_ppm": self.clock_sum / self.received if self.received else None,
        }

    def remarks(self, swapped: int) -> Iterator[str]:
        """Give in words what the user should know; ``swapped`` bursts had I and Q exchanged."""
        own = self.waveform
        names = {waveform.code: name for name, waveform in NAMED.items()}
        for code, count in self.foreign.items():
            name = f"'{names[code]}' ({code:05x})" if code in names else f"with the hash {code:05x}"
            yield (
                f"{count} bursts were sent with another waveform, {name}; this receiver has {own}: "
                "give both ends the same"
            )
        if swapped:
            yield (
                f"{swapped} bursts came with I and Q exchanged (the spectrum is inverted) and were "
                "not received: exchange them, or conjugate the samples"
            )
        others = self.refused - sum(self.foreign.values())
        if others:
            yield f"{others} bursts had a header that could not be read; their frames are lost"
        if self.cut:
            yield f"{self.cut} bursts are not whole: samples are missing; their frames are lost"
        if self.overlaps:
            yield (
                f"{self.overlaps} bursts overlap another; their frames are noisier than 'snr_db' "
                "says, and tagged 'overlap'"
            )
        if self.doubtful:
            yield (
                f"{self.doubtful} bursts do not fit together: samples are missing in them, or "
                "another signal came over them; their frames are tagged 'doubtful'"
            )
        if self.clipped:
            yield (
                f"{self.clipped} bursts reach full scale: lower the gain of the sender or of the "
                "receiver"
            )
        if self.restarts:
            yield (
                f"the burst counter went back {self.restarts} times: the sender has begun anew, or "
                "the recording is out of order"
            )
        if self.echoes:
            yield f"{self.echoes} bursts were late echoes of the one before, and left out"
        if self.unfilled:
            yield (
                f"{self.unfilled} lost frames were not filled in: a gap was longer than "
                f"{self.longest_gap} frames"
            )
        if self.received and self.total is None and not self.heard_last:
            yield "no burst said that it was the last: frames may be missing at the end"
