"""uint8 as floats."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import Array, Input, ItemType, Output, SyncBlock, block, parameter


@block("uchar_to_float", category="conversion")
class UcharToFloat(SyncBlock):
    """Make floats of uint8: ``y[i] = (x[i] - bias) / scale``. The name is GNU Radio's.

    Example:
        >>> UcharToFloat(scale=127.5, bias=127.5)(np.uint8([0, 255]))
        array([-1.,  1.], dtype=float32)
    """

    scale: float = parameter(1.0, above=0, live=True, doc="Divisor: the value of full scale.")
    bias: float = parameter(0.0, live=True, doc="Subtracted before; 127.5 for RTL-SDR's bytes.")

    x = Input("uint8[...]", doc="Integers.")
    y = Output("float32[...]", doc="Real values.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType("float32", inputs["x"].shape)}

    def work(self, x: Array, at: int) -> Array:
        y: Array = (x.astype(np.float32) - np.float32(self.bias)) / np.float32(self.scale)
        return y
