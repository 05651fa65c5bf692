"""int16 as floats."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import Array, Input, ItemType, Output, SyncBlock, block, parameter


@block("short_to_float", category="conversion")
class ShortToFloat(SyncBlock):
    """Make floats of int16: ``y[i] = x[i] / scale``. The name is GNU Radio's.

    Example:
        >>> ShortToFloat(scale=32767)(np.int16([32767, -32767]))
        array([ 1., -1.], dtype=float32)
    """

    scale: float = parameter(1.0, above=0, live=True, doc="Divisor: the value of full scale.")

    x = Input("int16[...]", doc="Integers.")
    y = Output("float32[...]", doc="Real values.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType("float32", inputs["x"].shape)}

    def work(self, x: Array, at: int) -> Array:
        y: Array = x.astype(np.float32) / np.float32(self.scale)
        return y
