"""Pairs of int8 as complex samples."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Input, Output, RateBlock, block, parameter


@block("interleaved_char_to_complex", category="conversion")
class InterleavedCharToComplex(RateBlock):
    """Make IQ samples of pairs of int8: ``y[i] = (x[2i] + 1j x[2i+1]) / scale``.

    This is cs8, such as HackRF's. The name is GNU Radio's, whose factor is 1 if not given.
    ``complex_to_interleaved_char`` undoes it.

    Example:
        >>> InterleavedCharToComplex()(np.int8([127, 0, 0, -127]))
        array([1.+0.j, 0.-1.j], dtype=complex64)
    """

    scale: float = parameter(127.0, above=0, live=True, doc="Divisor: the value of full scale.")

    x = Input("int8", doc="I and Q, one after the other.")
    y = Output("complex64", doc="IQ samples.")

    def rate(self) -> tuple[int, int]:
        return 2, 1

    def work(self, x: Array, at: int) -> Array:
        rails = x.astype(np.float32) / np.float32(self.scale)
        return rails.view(np.complex64)
