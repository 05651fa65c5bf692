"""Pairs of uint8 as complex samples."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Input, Output, RateBlock, block, parameter


@block("interleaved_uchar_to_complex", category="conversion")
class InterleavedUcharToComplex(RateBlock):
    """Make IQ samples of pairs of uint8: ``y[i] = (x[2i] - 127.5 + 1j (x[2i+1] - 127.5)) / scale``.

    This is cu8, such as RTL-SDR's. GNU Radio has none of the kind.
    ``complex_to_interleaved_uchar`` undoes it.

    Example:
        >>> InterleavedUcharToComplex()(np.uint8([255, 0, 0, 255]))
        array([ 1.-1.j, -1.+1.j], dtype=complex64)
    """

    scale: float = parameter(127.5, above=0, live=True, doc="Divisor: the value of full scale.")

    x = Input("uint8", doc="I and Q, one after the other.")
    y = Output("complex64", doc="IQ samples.")

    def rate(self) -> tuple[int, int]:
        return 2, 1

    def work(self, x: Array, at: int) -> Array:
        rails = (x.astype(np.float32) - np.float32(127.5)) / np.float32(self.scale)
        return rails.view(np.complex64)
