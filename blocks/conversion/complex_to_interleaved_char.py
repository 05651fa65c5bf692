"""Complex samples as pairs of int8."""

from __future__ import annotations

from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, Output, RateBlock, block, parameter, state
from semradio.blocks.conversion.rounding import to_integers


@block("complex_to_interleaved_char", category="conversion")
class ComplexToInterleavedChar(RateBlock):
    """Write IQ samples as pairs of int8: ``y[2i] = rint(scale * Re x[i])``.

    ``y[2i+1]`` is the same of the imaginary part. What lies beyond the type becomes its limit.
    This is cs8, such as HackRF's. The name is GNU Radio's, whose factor is 1 if not given.

    Results:
        ``clipped``, the samples with a part beyond the limits.

    Example:
        >>> ComplexToInterleavedChar()(np.complex64([1 - 0.5j, 2j]))
        array([127, -64,   0, 127], dtype=int8)
    """

    scale: float = parameter(127.0, above=0, live=True, doc="Factor: the value of full scale.")

    x = Input("complex64", doc="IQ samples.")
    y = Output("int8", doc="I and Q, one after the other.")

    clipped: int = state(0, doc="Samples beyond the limits.")

    def rate(self) -> tuple[int, int]:
        return 1, 2

    def work(self, x: Array, at: int) -> Array:
        rails = np.ascontiguousarray(x).view(np.float32) * np.float32(self.scale)
        y, beyond = to_integers(rails, np.dtype(np.int8))
        self.clipped += int(beyond.reshape(-1, 2).any(axis=1).sum())
        return y

    def results(self) -> dict[str, Any]:
        return {"clipped": self.clipped}
