"""Silence where there is no signal."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.signal import lfilter  # type: ignore[import-untyped]

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter, state

State = Literal["muted", "attack", "open", "decay"]


@block("power_squelch", category="analog")
class PowerSquelch(SyncBlock):
    """Pass a signal while its power is at the threshold or above; zeros otherwise.

    The power is a running mean, ``p[n] = alpha |x[n]|^2 + (1 - alpha) p[n - 1]``, compared with
    ``10^(threshold/10)``. With ``ramp`` the signal fades in and out over so many samples along a
    cosine. The first sample that passes carries the tag ``squelch_sob``, the one that is muted
    again ``squelch_eob``. Same values as GNU Radio's Power Squelch without gating, which tags one
    sample later, and the start at the end of the ramp.

    Results:
        ``items``; ``open``, samples that passed.

    Example:
        >>> x = np.complex64([0.01] * 4 + [1] * 4)
        >>> PowerSquelch(threshold=-10, alpha=0.5)(x)
        array([0.+0.j, 0.+0.j, 0.+0.j, 0.+0.j, 1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j],
              dtype=complex64)
    """

    threshold: float = parameter(
        -20.0, low=-300, high=100, unit="dB", live=True, doc="Power below which it is silent."
    )
    alpha: float = parameter(1e-3, above=0, high=1, doc="Weight of the newest sample.")
    ramp: int = parameter(0, low=0, high=1 << 20, unit="items", doc="Samples of fading.")

    x = Input("complex64 | float32", doc="A signal.")
    y = Output(like="x", doc="The signal, or zeros.")

    items: int = state(0, doc="Samples so far.")
    open: int = state(0, doc="Samples that passed.")
    power: float = state(0.0, doc="Running mean of the power, times 1 - alpha.")
    phase: State = state("muted", doc="What happens now.")
    ramped: int = state(0, doc="Samples of fading so far.")

    def work(self, x: Array, at: int) -> Array:
        wide = np.ascontiguousarray(x)
        squares = wide.view(np.float32).astype(np.float64)
        squares *= squares
        if x.dtype == np.complex64:
            squares = squares[0::2] + squares[1::2]
        power, memory = lfilter([self.alpha], [1.0, self.alpha - 1], squares, zi=[self.power])
        self.power = float(memory[0])
        loud = power >= 10 ** (self.threshold / 10)
        self.items += len(x)
        if loud.all() and self.phase == "open":
            self.open += len(x)
            return x
        if not loud.any() and self.phase == "muted":
            return np.zeros_like(x)
        envelope = self._envelope(loud, at)
        # Not x times 0, which would be NaN for an infinity.
        return np.where(envelope == 0, x.dtype.type(0), x * envelope)

    def results(self) -> dict[str, int]:
        return {"items": self.items, "open": self.open}

    so_far = results

    def _envelope(self, loud: Array, at: int) -> Array:
        """Return the factor of each sample, float32[n], from where the power is enough."""
        n, i = len(loud), 0
        envelope = np.zeros(n, np.float32)
        while i < n:
            if self.phase == "muted":
                i = _next(loud, i)
                if i == n:
                    break
                self.phase = "attack" if self.ramp else "open"
                self.tag("squelch_sob", None, at + i)
                if self.ramp:
                    i += 1
                    self.open += 1
            elif self.phase == "open":
                end = _next(~loud, i)
                # The sample that is too weak still passes where a ramp follows.
                last = min(n, end + 1) if self.ramp else end
                envelope[i:last] = 1
                self.open += last - i
                i = last
                if end < n:
                    self.phase = "decay" if self.ramp else "muted"
                    if not self.ramp:
                        self.tag("squelch_eob", None, at + end)
            else:
                i = self._fade(envelope, i, at)
        return envelope

    def _fade(self, envelope: Array, i: int, at: int) -> int:
        """Fade in or out from sample ``i`` on; returns the sample after it."""
        rising = self.phase == "attack"
        left = self.ramp - self.ramped if rising else self.ramped
        count = min(len(envelope) - i, left)
        steps = np.arange(1, count + 1)
        place = self.ramped + steps if rising else self.ramped - steps
        envelope[i : i + count] = 0.5 - np.cos(np.pi * place / self.ramp) / 2
        self.ramped += count if rising else -count
        self.open += count
        if count == left:
            self.phase = "open" if rising else "muted"
            if not rising:
                self.tag("squelch_eob", None, at + i + count - 1)
                self.open -= 1
        return i + count


def _next(true: Array, start: int) -> int:
    """Return the first index from ``start`` on where ``true`` is; its length if nowhere."""
    found = true[start:].argmax()
    return start + int(found) if true[start + found] else len(true)
