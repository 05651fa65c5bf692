"""A sample clock that is off, or late."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Input, Output, StreamBlock, block, parameter, state
from semradio.blocks.channels.fractional_clock import BLOCK, HALF, MOST_PPM, FractionalClock


@block("clock_offset", category="channels")
class ClockOffset(StreamBlock):
    """Sample a signal with a clock that is off, or late: ``y[m] = x(m (1 + ppm 1e-6) - delay)``.

    x(t) is the signal between its samples, interpolated by a sinc of 32 samples in a Kaiser
    window. Up to 0.4 cycles per sample, all that is wrong (images, passband, jitter) lies more
    than 80 dB below the signal; what lies closer to half the rate is not kept. x is zero before
    its first sample, so a delay, which may be a fraction, puts silence in front. GNU Radio's
    ``epsilon`` is 1 + ppm 1e-6: a receiver with positive ``ppm`` takes its samples too seldom, so
    N samples become N / epsilon. They come in blocks of 64. A tag goes to the sample at its
    item's instant, or the one before it. A live change goes on from the instant reached.

    Example:
        >>> tone = np.exp(0.1j * np.arange(10_000)).astype(np.complex64)
        >>> len(ClockOffset(ppm=1000)(tone))
        9990

    Source:
        Laakso et al., "Splitting the unit delay", IEEE Signal Processing Magazine 13(1), 1996.
    """

    ppm: float = parameter(
        0.0, low=-MOST_PPM, high=MOST_PPM, unit="ppm", live=True, doc="How far the clock is off."
    )
    delay: float = parameter(
        0.0, low=0, high=1e8, unit="samples", doc="How late the signal comes; may be a fraction."
    )

    x = Input("complex64", doc="IQ samples.")
    y = Output(like="x", doc="The samples of the other clock.")

    given: int = state(0, doc="Samples given so far.")
    since: int = state(0, doc="Sample of y at the latest change.")
    origin: float | None = state(None, doc="Instant of that sample; None before any change.")
    line: Array | None = state(None, doc="The latest samples of x; None before the first.")
    line_at: int = state(0, doc="Index of the first of them.")

    def start(self) -> None:
        self._tune()

    def changed(self, name: str, at: int) -> None:
        if name == "ppm":
            self.origin, self.since = self._clock.instant(at), at
            self._tune()

    def work(self, x: Array, at: int) -> Array:
        clock = self._clock
        if self.line is None:
            # Before the first sample there was silence.
            self.line_at = clock.begin(0)
            self.line = np.zeros(-self.line_at, np.complex64)
        line = np.concatenate([self.line, x])
        blocks = clock.whole(self.given, at + len(x))
        y = clock.samples(self.given, blocks, line, self.line_at)
        self.given += len(y)
        used = max(0, clock.begin(self.given) - self.line_at)
        self.line, self.line_at = line[used:].copy(), self.line_at + used
        return y

    def flush(self) -> Array:
        end = self.line_at + (0 if self.line is None else len(self.line))
        left = self._clock.nearest(end - 1) + 1 - self.given if end else 0
        return self.work(np.zeros(2 * (BLOCK + HALF), np.complex64), end)[:left]

    def moved(self, index: int) -> int | None:
        return self._clock.nearest(index)

    def _tune(self) -> None:
        origin = -self.delay if self.origin is None else self.origin
        self._clock = FractionalClock(self.ppm, origin, self.since)
