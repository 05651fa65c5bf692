"""int32 as floats."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import Array, Input, ItemType, Output, SyncBlock, block, parameter


@block("int_to_float", category="conversion")
class IntToFloat(SyncBlock):
    """Make floats of int32: ``y[i] = x[i] / scale``. The name is GNU Radio's.

    Example:
        >>> IntToFloat(scale=2)(np.int32([1, -4]))
        array([ 0.5, -2. ], dtype=float32)
    """

    scale: float = parameter(1.0, above=0, live=True, doc="Divisor: the value of full scale.")

    x = Input("int32[...]", doc="Integers.")
    y = Output("float32[...]", doc="Real values.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType("float32", inputs["x"].shape)}

    def work(self, x: Array, at: int) -> Array:
        y: Array = x.astype(np.float32) / np.float32(self.scale)
        return y
