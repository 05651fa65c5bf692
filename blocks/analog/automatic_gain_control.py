"""A signal brought to one magnitude."""

from __future__ import annotations

import numpy as np
from scipy.linalg.blas import dtbsv  # type: ignore[import-untyped]

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter, state


@block("automatic_gain_control", category="analog")
class AutomaticGainControl(SyncBlock):
    """Bring a signal to a magnitude: ``y[n] = g[n] x[n]``, where the gain follows the output.

    ``g[n + 1] = min(g[n] + rate (reference - |y[n]|), max_gain)``, sample by sample in double
    precision, from ``gain`` on: GNU Radio's AGC. Stable while ``rate |x|`` stays below 2. A gain
    that follows the samples distorts analog symbols; where the level is known, use ``iq_level``.

    Results:
        ``items``; ``gain``, after the last sample.

    Example:
        >>> tone = 0.1 * np.exp(0.3j * np.arange(4000)).astype(np.complex64)
        >>> y = AutomaticGainControl(rate=0.01, reference=1.0)(tone)
        >>> np.abs(y[[0, -1]]).round(2)
        array([0.1 , 0.98], dtype=float32)
    """

    rate: float = parameter(1e-4, above=0, high=1, live=True, doc="How fast the gain follows.")
    reference: float = parameter(1.0, above=0, live=True, doc="Magnitude of the output.")
    gain: float = parameter(1.0, low=0, doc="Gain of the first sample.")
    max_gain: float = parameter(65536.0, low=0, live=True, doc="Largest gain; 0: no limit.")

    x = Input("complex64 | float32", doc="A signal.")
    y = Output(like="x", doc="The signal times the gain.")

    items: int = state(0, doc="Samples so far.")
    present: float | None = state(None, doc="Gain of the next sample.")

    def work(self, x: Array, at: int) -> Array:
        start = self.gain if self.present is None else self.present
        gains = self._gains(start, np.abs(x))
        self.items += len(x)
        self.present = float(gains[-1])
        y: Array = x * gains[:-1].astype(np.float32)
        return y

    def results(self) -> dict[str, float | int]:
        return {
            "items": self.items,
            "gain": self.gain if self.present is None else self.present,
        }

    so_far = results

    def _gains(self, start: float, magnitude: Array) -> Array:
        """Return the gain of each sample and of the one after them, float64[n + 1]."""
        # g[n+1] = (1 - rate |x[n]|) g[n] + rate reference: a triangular system of two diagonals,
        # which BLAS solves one row after the other, so a cut changes no bit.
        # The diagonal is 1, and BLAS does not look at it.
        band = np.empty((2, len(magnitude) + 1), order="F")
        below = np.multiply(magnitude, self.rate, dtype=np.float64)
        np.subtract(below, 1, out=band[1, :-1])
        gains = np.full(len(magnitude) + 1, self.rate * self.reference)
        gains[0] = start
        limit = self.max_gain or np.inf
        first = 0
        while True:
            # In place: a slice is one piece of memory.
            dtbsv(1, band[:, first:], gains[first:], lower=1, diag=1, overwrite_x=1)
            if not gains[first + 1 :].max(initial=0.0) > limit:
                return gains
            # From the first gain beyond the limit on: hold the limit as long as it is exceeded.
            reached = first + 1 + int((gains[first + 1 :] > limit).argmax())
            loud = magnitude[reached:].astype(np.float64)
            rising = limit - limit * self.rate * loud + self.rate * self.reference
            falls = np.flatnonzero(rising <= limit)
            first = reached + (int(falls[0]) if len(falls) else len(rising))
            gains[reached : first + 1] = limit
            if first == len(gains) - 1:
                return gains
            gains[first + 1 :] = self.rate * self.reference
