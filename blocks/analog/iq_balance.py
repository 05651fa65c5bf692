"""Correction of the two rails of a receiver."""

from __future__ import annotations

import math

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    Output,
    SyncBlock,
    block,
    parameter,
    state,
)


@block("iq_balance", category="analog")
class IqBalance(SyncBlock):
    """Make the rails of IQ samples equally strong and orthogonal again.

    A receiver whose mixers are ``gain_db`` dB and ``phase`` degrees apart gives Q, and
    ``10^(gain_db/20) (I cos(phase) + Q sin(phase))`` in place of I, which puts an image of every
    signal at the opposite frequency. With the imbalance given, this undoes it; what
    ``iq_imbalance`` or GNU Radio's IQ Bal Gen (receiver) makes goes away with the same figures.

    With ``estimate`` both are found in the signal, blindly: over blocks of ``block_size``
    samples, aligned to the index, of which the latest counts ``weight`` and all before the rest;
    a block is corrected by what those before it told, the first by ``gain_db`` and ``phase``.
    That takes signals whose rails are equally strong and uncorrelated, as almost all are.

    Results:
        ``items``, ``gain_db`` and ``phase``, as used last.

    Example:
        >>> tone = np.exp(0.3j * np.arange(1000)).astype(np.complex64)
        >>> skewed = IqImbalance(gain_db=1, phase=3)(tone)
        >>> bool(np.abs(IqBalance(gain_db=1, phase=3)(skewed) - tone).max() < 1e-5)
        True
    """

    gain_db: float = parameter(0.0, low=-20, high=20, unit="dB", live=True, doc="I against Q.")
    phase: float = parameter(
        0.0, low=-80, high=80, unit="degrees", live=True, doc="Angle between the mixers, less 90."
    )
    estimate: bool = parameter(False, doc="Whether to find the imbalance in the signal.")
    block_size: int = parameter(4096, low=16, high=1 << 24, unit="items", doc="Block of estimates.")
    weight: float = parameter(0.1, above=0, high=1, doc="Weight of the latest block.")

    x = Input("complex64", doc="IQ samples.")
    y = Output(like="x", doc="Balanced samples.")

    items: int = state(0, doc="Samples so far.")
    pending: Array | None = state(None, doc="Samples of the open block.")
    moments: list[float] = state(factory=list, doc="Means of I^2, Q^2 and IQ; empty before.")

    def work(self, x: Array, at: int) -> Array:
        self.items += len(x)
        if not self.estimate:
            return self._corrected(x)
        y = np.empty_like(x)
        start = 0
        while start < len(x):
            end = min(len(x), start + self.block_size - (at + start) % self.block_size)
            part = x[start:end]
            y[start:end] = self._corrected(part)
            held = part.copy() if self.pending is None else np.concatenate([self.pending, part])
            self.pending = held
            if len(held) == self.block_size:
                self._learn(held)
                self.pending = None
            start = end
        return y

    def results(self) -> dict[str, float | int]:
        gain, phase = self._imbalance()
        return {
            "items": self.items,
            "gain_db": 20 * math.log10(gain),
            "phase": math.degrees(phase),
        }

    so_far = results

    def _imbalance(self) -> tuple[float, float]:
        """Return the gain (linear) and phase (radians) in force."""
        if not self.moments:
            return 10 ** (self.gain_db / 20), math.radians(self.phase)
        i2, q2, iq = self.moments
        if i2 <= 0 or q2 <= 0:
            return 1.0, 0.0
        sine = min(0.98, max(-0.98, iq / math.sqrt(i2 * q2)))
        return math.sqrt(i2 / q2), math.asin(sine)

    def _corrected(self, x: Array) -> Array:
        gain, phase = self._imbalance()
        y = np.empty_like(x)
        scale = np.float32(1 / (gain * math.cos(phase)))
        y.real = x.real * scale - x.imag * np.float32(math.tan(phase))
        y.imag = x.imag
        return y

    def _learn(self, samples: Array) -> None:
        i, q = samples.real.astype(np.float64), samples.imag.astype(np.float64)
        # Sums of one fixed length, so the same however the block arrived.
        new = [float(np.dot(a, b)) / len(samples) for a, b in ((i, i), (q, q), (i, q))]
        if not all(map(math.isfinite, new)):
            return
        old, w = self.moments, self.weight
        self.moments = [w * n + (1 - w) * o for n, o in zip(new, old, strict=True)] if old else new
