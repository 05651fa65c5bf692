"""Imaginary part."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import Array, Input, ItemType, Output, SyncBlock, block


@block("complex_to_imag", category="conversion")
class ComplexToImag(SyncBlock):
    """Give the imaginary part: ``y[i] = Im x[i]``. The name is GNU Radio's.

    Example:
        >>> ComplexToImag()(np.complex64([1 + 2j, 3 - 1j]))
        array([ 2., -1.], dtype=float32)
    """

    x = Input("complex64[...]", doc="Complex samples.")
    y = Output("float32[...]", doc="The imaginary part.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType("float32", inputs["x"].shape)}

    def work(self, x: Array, at: int) -> Array:
        return np.ascontiguousarray(x.imag)
