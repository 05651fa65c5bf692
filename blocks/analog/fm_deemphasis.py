"""De-emphasis of broadcast FM."""

from __future__ import annotations

import math

import numpy as np
from scipy.signal import lfilter  # type: ignore[import-untyped]

from semradio.blocks.api import (
    Array,
    Input,
    Output,
    ParameterError,
    SyncBlock,
    block,
    parameter,
    state,
)
from semradio.blocks.filters.remembering import Remembering


@block("fm_deemphasis", category="analog")
class FmDeemphasis(Remembering, SyncBlock):
    """Undo the pre-emphasis of FM: a low pass of first order with the time constant ``tau``.

    ``H(s) = 1 / (1 + s tau)``, by the bilinear transform with the corner frequency kept, in
    double precision: the coefficients of GNU Radio's FM Deemphasis. 75 us in America and South
    Korea, 50 us elsewhere.

    Raises:
        ParameterError: a time constant that the sample rate is too low for.

    Example:
        >>> step = np.ones(200, np.float32)
        >>> y = FmDeemphasis(sample_rate=48e3, tau=75e-6)(step)
        >>> y[[0, 3, -1]].round(2)
        array([0.12, 0.62, 1.  ], dtype=float32)
    """

    sample_rate: float = parameter(above=0, unit="Hz", doc="Rate of the samples.")
    tau: float = parameter(75e-6, low=1e-7, high=1, unit="s", doc="Time constant.")

    x = Input("float32", doc="Demodulated signal.")
    y = Output(like="x", doc="The signal without emphasis of high frequencies.")

    memory: float = state(0.0, doc="State of the recursive filter.")

    def configure(self) -> None:
        least = 1 / (math.pi * self.sample_rate)
        if self.tau <= least:
            raise ParameterError(
                f"parameter 'tau' must be above {least:.3g} s at this sample rate (its corner lies "
                f"beyond half of it), not {self.tau:g} s",
                "tau",
            )
        # Warped so that the corner stands where it belongs.
        k = -math.tan(1 / (2 * self.sample_rate * self.tau))
        scale = -k / (1 - k)
        self._forward, self._back = np.array([scale, scale]), np.array([1.0, -(1 + k) / (1 - k)])

    def restart(self, at: int, lost: int) -> None:
        self.memory = 0.0

    def work(self, x: Array, at: int) -> Array:
        y, memory = lfilter(self._forward, self._back, x, zi=[self.memory])
        self.memory = float(memory[0])
        return np.asarray(y, np.float32)
