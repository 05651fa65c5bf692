"""The modulator of frequency modulation."""

from __future__ import annotations

import numpy as np

from semradio.blocks.analog.oscillator import TURN, exponential
from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter, state


@block("frequency_modulator", category="analog")
class FrequencyModulator(SyncBlock):
    """Turn by what comes in: ``y[n] = exp(j sensitivity (x[0] + ... + x[n]))``.

    For FM of the deviation d Hz at the sample rate r, the sensitivity is ``2 pi d / r``;
    ``quadrature_demod`` undoes it. As GNU Radio's Frequency Mod, but the sum is kept in whole
    numbers of 2^-64 turns, so it neither drifts nor depends on how the stream is cut. NaN and
    infinity count as zero.

    Example:
        >>> y = FrequencyModulator(sensitivity=np.pi / 2)(np.float32([1, 1, -1]))
        >>> bool(np.allclose(y, [1j, -1, 1j], atol=1e-5))
        True
    """

    sensitivity: float = parameter(live=True, unit="rad", doc="Angle for an input of 1.")

    x = Input("float32", doc="The message.")
    y = Output("complex64", doc="A carrier of magnitude 1.")

    phase: int = state(0, doc="Phase reached, in 2^-64 turns.")

    def work(self, x: Array, at: int) -> Array:
        finite = np.where(np.isfinite(x), x, np.float32(0)).astype(np.float64)
        turns = finite * (self.sensitivity / (2 * np.pi))
        # Whole turns change nothing, and what is left fits into a signed number.
        turns -= np.rint(turns)
        step = np.clip(np.rint(turns * TURN), -(2.0**63), 2.0**63 - 1024).astype(np.int64)
        phase = np.cumsum(step.view(np.uint64))
        phase += np.uint64(self.phase)
        if len(phase):
            self.phase = int(phase[-1])
        return exponential(phase)
