"""Samples from a radio receiver, whichever library reaches it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from semradio.blocks.api import Array, Source, StreamError, state
from semradio.blocks.api.tag import GAP
from semradio.blocks.radio.radio_block import Device, RadioBlock
from semradio.blocks.radio.radio_tags import NS, RX_FREQ, RX_RATE, RX_TIME, time_value
from semradio.blocks.radio.signal_level import SignalLevel

_READ_S = 0.05
"""Seconds of samples that are asked for at once at most."""


class RadioSource(RadioBlock[Device], Source):
    """Base of receivers: what was lost before the samples that came, and when they were taken."""

    timeout: float

    items: int = state(0, doc="Samples handed on.")
    overflows: int = state(0, doc="Losses that the device reported.")
    lost: int = state(0, doc="Samples known to be missing.")
    level: SignalLevel = state(factory=SignalLevel, doc="Strength of the samples read.")

    # What a library defines -----------------------------------------------------------------

    def read(self, size: int) -> tuple[Array | None, int | None]:
        """Return what the device has, and the time of its first sample in ns where it is known.

        complex64[channels, n] of at most about ``size`` samples, in memory of its own; None where
        nothing came in time. Losses go to :meth:`note_loss`.
        """
        raise NotImplementedError

    # What is the same for all of them -------------------------------------------------------

    def start(self) -> None:
        self._held = np.empty((1, 0), np.complex64)
        self._announce = True
        self._expected_ns: float | None = None
        self._lossy = False
        self.note_tuned()

    def on_start(self) -> None:
        self._heard = time.monotonic()

    def results(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "overflows": self.overflows,
            "lost": self.lost,
            **self.level.results(),
            **self.tuned,
        }

    def receive(self, n: int, at: int) -> Array | None:
        """Return up to ``n`` samples of all channels, complex64[channels, n]; None for none yet."""
        if not self._held.shape[1]:
            x, begin = self.read(max(n, int(self.tuned["rate"] * _READ_S)))
            if x is None:
                if time.monotonic() - self._heard > self.timeout:
                    raise StreamError(
                        f"the radio device has given no samples for {self.timeout:g} s"
                    )
                return None
            self._heard = time.monotonic()
            self.follow(begin, x.shape[1], at)
            self.level.add(x[0])
            self._held = x
        y, self._held = self._held[:, :n], self._held[:, n:]
        self.items += y.shape[1]
        return y

    def note_loss(self, *, heard: bool = True) -> None:
        """Take note that samples are missing; ``heard``: the device tells that it is at work."""
        self._lossy = True
        if heard:
            self._heard = time.monotonic()

    def announce(self) -> None:
        """Leave time, rate and frequency on the next sample that is read, whenever it was taken."""
        self._announce = True
        self._expected_ns = None
        self.note_tuned()

    def follow(self, begin: int | None, count: int, at: int) -> None:
        """Compare the time of the first of some samples with what was due, and leave tags on it."""
        rate = self.tuned["rate"]
        if begin is not None and self._expected_ns is not None:
            lost = round((begin - self._expected_ns) * rate / NS)
            if lost:
                self._announce = True
            if lost > 0:
                self.lost += lost
                self.tag(GAP, lost, at)
        elif self._lossy:
            self._announce = True
            self.tag(GAP, None, at)
        self._lossy = False
        self._expected_ns = None if begin is None else begin + count * NS / rate
        if self._announce:
            if begin is not None:
                self.tag(RX_TIME, time_value(begin), at)
            self.tag(RX_RATE, rate, at)
            self.tag(RX_FREQ, self.tuned["frequency"], at)
            self._announce = False
