"""Periodic signals."""

from __future__ import annotations

from typing import Literal

import numpy as np

from semradio.blocks.analog.oscillator import TURN, Oscillator, phase_step, phases, radians
from semradio.blocks.api import (
    Array,
    ItemType,
    Output,
    ParameterError,
    Source,
    block,
    parameter,
)

Waveform = Literal["sine", "cosine", "square", "triangle", "sawtooth", "chirp", "constant"]


@block("signal_source", category="sources")
class SignalSource(Source):
    """Give a periodic signal: ``y[n] = amplitude w(2 pi n frequency / sample_rate + phase)``.

    Real: ``sine``, ``cosine``, and between 0 and 1: ``square`` (1 in the second half of the
    period), ``triangle`` and ``sawtooth``, as GNU Radio's Signal Source gives them. Complex:
    sine, cosine and ``chirp`` turn in the complex plane, ``exp(j ...)``; the other shapes have a
    quarter of a period between their rails. ``chirp`` sweeps from ``frequency`` to
    ``stop_frequency`` in ``sweep`` samples and begins again. ``offset`` is added to the real
    part. Everything is a function of the index: no phase drifts.

    Raises:
        ParameterError: a frequency beyond half the sample rate; a chirp without its parameters.

    Example:
        >>> SignalSource(waveform="square", frequency=0.25, type="float32", items=8)()
        array([0., 0., 1., 1., 0., 0., 1., 1.], dtype=float32)
    """

    waveform: Waveform = parameter("sine", doc="Shape.")
    frequency: float = parameter(0.0, unit="Hz", doc="Frequency; of a chirp, where it begins.")
    sample_rate: float = parameter(1.0, above=0, unit="Hz", doc="Rate of the samples.")
    amplitude: float = parameter(1.0, live=True, doc="Largest magnitude.")
    offset: float = parameter(0.0, live=True, doc="Constant that is added.")
    phase: float = parameter(0.0, unit="rad", doc="Phase of the first sample.")
    stop_frequency: float | None = parameter(None, unit="Hz", doc="Where a chirp ends.")
    sweep: int | None = parameter(None, low=2, unit="items", doc="Length of one sweep of a chirp.")
    type: Literal["complex64", "float32"] = parameter("complex64", doc="Type of the samples.")
    items: int | None = parameter(
        None, low=0, unit="items", doc="Number of samples; null: without end."
    )

    y = Output(doc="The signal.")

    def configure(self) -> None:
        self._step = phase_step(self.frequency, self.sample_rate)
        self._start = round(self.phase / (2 * np.pi) * TURN)
        self._oscillator = Oscillator(self._step)
        chirp = self.waveform == "chirp"
        for name in ("stop_frequency", "sweep"):
            if (getattr(self, name) is not None) != chirp:
                what = "needs" if chirp else "is of no use without"
                text = f"waveform 'chirp' needs parameter '{name}'"
                if not chirp:
                    text = f"parameter '{name}' {what} 'waveform: chirp'"
                raise ParameterError(text, name)
        if self.stop_frequency is not None and self.sweep is not None:
            last = phase_step(self.stop_frequency, self.sample_rate)
            self._slope = round((last - self._step) / self.sweep)

    def output_types(self, inputs: object) -> dict[str, ItemType]:
        return {"y": ItemType(self.type)}

    def work(self, n: int, at: int) -> Array:
        if self.items is not None:
            n = min(n, self.items - at)
            if at + n >= self.items:
                self.finish()
        y = self._wave(at, n) * np.float32(self.amplitude)
        if self.offset:
            y += np.float32(self.offset)
        return y

    def _wave(self, at: int, n: int) -> Array:
        """Return samples ``at`` to ``at + n - 1`` of amplitude 1."""
        kind, rotating = self.waveform, self.type == "complex64"
        if kind == "constant":
            return np.ones(n, self.type)
        if kind in ("sine", "cosine"):
            y = self._oscillator.samples(self._start, at, n)
            if rotating:
                return y
            return np.ascontiguousarray(y.imag if kind == "sine" else y.real)
        if kind == "chirp":
            angle = radians(self._chirp(at, n)).astype(np.float32)
            if not rotating:
                return np.sin(angle)
            y = np.empty(n, np.complex64)
            y.real, y.imag = np.cos(angle), np.sin(angle)
            return y
        angle = radians(phases(self._start, self._step, at, n))
        if not rotating:
            return _shape(kind, angle).astype(np.float32)
        y = np.empty(n, np.complex64)
        y.real = _shape(kind, angle)
        quarter = phases(self._start - TURN // 4, self._step, at, n)
        y.imag = _shape(kind, radians(quarter))
        return y

    def _chirp(self, at: int, n: int) -> Array:
        """The phases of a chirp: the sum of a frequency that grows, in numbers that wrap around."""
        assert self.sweep is not None  # by configure
        i = ((at % self.sweep + np.arange(n)) % self.sweep).astype(np.uint64)
        # i (i - 1) / 2 without leaving 64 bits: one of the two is even.
        even = i % 2 == 0
        pairs = np.where(even, i // 2, i) * np.where(even, i - np.uint64(1), (i - 1) // 2)
        phase: Array = i * np.uint64(self._step % TURN) + pairs * np.uint64(self._slope % TURN)
        phase += np.uint64(self._start % TURN)
        return phase


def _shape(kind: str, angle: Array) -> Array:
    """Return a waveform between 0 and 1 at the given angles, -pi to pi."""
    if kind == "square":
        return (angle < 0).astype(np.float64)
    if kind == "triangle":
        return 1 - np.abs(angle) / np.pi
    return angle / (2 * np.pi) + 0.5
