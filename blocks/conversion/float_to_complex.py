"""Real and imaginary part put together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import Array, Input, ItemType, Output, SyncBlock, block


@block("float_to_complex", category="conversion")
class FloatToComplex(SyncBlock):
    """Make complex samples of two real streams: ``y[i] = re[i] + 1j im[i]``.

    Without ``im`` the imaginary part is 0. ``real_to_complex`` pairs the values of one stream.

    Example:
        >>> FloatToComplex()(np.float32([1, 2]), np.float32([0, -1]))
        array([1.+0.j, 2.-1.j], dtype=complex64)
    """

    re = Input("float32[...]", doc="The real part.")
    im = Input("float32[...]", optional=True, like="re", doc="The imaginary part; 0 without it.")
    y = Output("complex64[...]", doc="Complex samples.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType("complex64", inputs["re"].shape)}

    def work(self, re: Array, im: Array | None, at: int) -> Array:
        y = np.zeros(re.shape, np.complex64)
        y.real = re
        if im is not None:
            y.imag = im
        return y
