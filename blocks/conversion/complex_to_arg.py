"""Phase."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import Array, Input, ItemType, Output, SyncBlock, block


@block("complex_to_arg", category="conversion")
class ComplexToArg(SyncBlock):
    """Give the phase in radians, -pi to pi: ``y[i] = arg x[i]``.

    The name is GNU Radio's, which computes it to some 1e-4 only.

    Example:
        >>> ComplexToArg()(np.complex64([1, 1j, -1j])).round(3)
        array([ 0.   ,  1.571, -1.571], dtype=float32)
    """

    x = Input("complex64[...]", doc="Complex samples.")
    y = Output("float32[...]", doc="The phase in radians.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType("float32", inputs["x"].shape)}

    def work(self, x: Array, at: int) -> Array:
        y: Array = np.angle(x)
        return y
