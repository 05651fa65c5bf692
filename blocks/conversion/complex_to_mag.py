"""Magnitude."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import Array, Input, ItemType, Output, SyncBlock, block


@block("complex_to_mag", category="conversion")
class ComplexToMag(SyncBlock):
    """Give the magnitude: ``y[i] = |x[i]|``. The name is GNU Radio's.

    Example:
        >>> ComplexToMag()(np.complex64([3 + 4j, -2]))
        array([5., 2.], dtype=float32)
    """

    x = Input("complex64[...]", doc="Complex samples.")
    y = Output("float32[...]", doc="The magnitude.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType("float32", inputs["x"].shape)}

    def work(self, x: Array, at: int) -> Array:
        y: Array = np.abs(x)
        return y
