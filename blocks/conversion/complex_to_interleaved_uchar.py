"""Complex samples as pairs of uint8."""

from __future__ import annotations

from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, Output, RateBlock, block, parameter, state
from semradio.blocks.conversion.rounding import to_integers


@block("complex_to_interleaved_uchar", category="conversion")
class ComplexToInterleavedUchar(RateBlock):
    """Write IQ samples as pairs of uint8: ``y[2i] = rint(scale * Re x[i] + 127.5)``.

    ``y[2i+1]`` is the same of the imaginary part. What lies beyond the type becomes its limit.
    This is cu8, such as RTL-SDR's. GNU Radio has none of the kind.

    Results:
        ``clipped``, the samples with a part beyond the limits.

    Example:
        >>> ComplexToInterleavedUchar()(np.complex64([1 - 1j, 0]))
        array([255,   0, 128, 128], dtype=uint8)
    """

    scale: float = parameter(127.5, above=0, live=True, doc="Factor: the value of full scale.")

    x = Input("complex64", doc="IQ samples.")
    y = Output("uint8", doc="I and Q, one after the other.")

    clipped: int = state(0, doc="Samples beyond the limits.")

    def rate(self) -> tuple[int, int]:
        return 1, 2

    def work(self, x: Array, at: int) -> Array:
        rails = np.ascontiguousarray(x).view(np.float32) * np.float32(self.scale) + np.float32(
            127.5
        )
        y, beyond = to_integers(rails, np.dtype(np.uint8))
        self.clipped += int(beyond.reshape(-1, 2).any(axis=1).sum())
        return y

    def results(self) -> dict[str, Any]:
        return {"clipped": self.clipped}
