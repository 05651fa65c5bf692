"""A signal moved in frequency."""

from __future__ import annotations

import numpy as np

from semradio.blocks.analog.oscillator import TURN, Oscillator, phase_step
from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter, state


@block("frequency_shift", category="analog")
class FrequencyShift(SyncBlock):
    """Move a signal in frequency: ``y[n] = x[n] exp(2 pi j n frequency / sample_rate)``.

    The phase is a function of the index n alone, in whole numbers of 2^-64 turns, so it neither
    drifts nor depends on how the stream is cut. A live change of ``frequency`` goes on from the
    phase that was reached. The carrier is right to about 1e-7. GNU Radio's Rotator does this with
    the phase increment ``2 pi frequency / sample_rate``.

    Raises:
        ParameterError: a frequency beyond half the sample rate.

    Example:
        >>> y = FrequencyShift(frequency=250, sample_rate=1000)(np.ones(4, np.complex64))
        >>> bool(np.allclose(y, [1, 1j, -1, -1j], atol=1e-5))
        True
    """

    frequency: float = parameter(unit="Hz", live=True, doc="Shift, up if positive.")
    sample_rate: float = parameter(1.0, above=0, unit="Hz", doc="Rate of the samples.")

    x = Input("complex64", doc="A signal.")
    y = Output(like="x", doc="The shifted signal.")

    start_phase: int = state(0, doc="Phase of sample 0 in 2^-64 turns; live changes move it.")

    def configure(self) -> None:
        self._oscillator = Oscillator(phase_step(self.frequency, self.sample_rate))

    def start(self) -> None:
        self._step = self._oscillator.step

    def changed(self, name: str, at: int) -> None:
        step = self._oscillator.step
        self.start_phase = (self.start_phase + (self._step - step) * at) % TURN
        self._step = step

    def work(self, x: Array, at: int) -> Array:
        y: Array = self._oscillator.samples(self.start_phase, at, len(x))
        return np.multiply(x, y)
