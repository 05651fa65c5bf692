"""Real and imaginary part."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import Array, Input, ItemType, Output, SyncBlock, block


@block("complex_to_float", category="conversion")
class ComplexToFloat(SyncBlock):
    """Give the real and the imaginary part: ``re[i] = Re x[i]``, ``im[i] = Im x[i]``.

    Either may stay unconnected: ``re`` alone is what GNU Radio's Complex To Real gives.

    Example:
        >>> re, im = ComplexToFloat()(np.complex64([1 + 2j, 3 - 1j]))
        >>> re, im
        (array([1., 3.], dtype=float32), array([ 2., -1.], dtype=float32))
    """

    x = Input("complex64[...]", doc="Complex samples.")
    re = Output("float32[...]", doc="The real part.")
    im = Output("float32[...]", doc="The imaginary part.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {name: ItemType("float32", inputs["x"].shape) for name in ("re", "im")}

    def work(self, x: Array, at: int) -> tuple[Array, Array]:
        return np.ascontiguousarray(x.real), np.ascontiguousarray(x.imag)
