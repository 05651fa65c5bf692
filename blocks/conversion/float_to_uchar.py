"""Floats as uint8."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    Output,
    SyncBlock,
    block,
    parameter,
    state,
)
from semradio.blocks.conversion.rounding import to_integers


@block("float_to_uchar", category="conversion")
class FloatToUchar(SyncBlock):
    """Round to uint8: ``y[i] = rint(scale * x[i] + bias)``; what lies beyond becomes the limit.

    Halves are rounded to even. The name is GNU Radio's.

    Results:
        ``clipped``, the values that lay beyond the limits.

    Example:
        >>> FloatToUchar(scale=127, bias=128)(np.float32([0, 1, -9]))
        array([128, 255,   0], dtype=uint8)
    """

    scale: float = parameter(1.0, live=True, doc="Factor.")
    bias: float = parameter(0.0, live=True, doc="Added to it; 127.5 for RTL-SDR.")

    x = Input("float32[...]", doc="Real values.")
    y = Output("uint8[...]", doc="Integers.")

    clipped: int = state(0, doc="Values beyond the limits.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType("uint8", inputs["x"].shape)}

    def work(self, x: Array, at: int) -> Array:
        y, beyond = to_integers(
            x * np.float32(self.scale) + np.float32(self.bias), np.dtype(np.uint8)
        )
        self.clipped += int(beyond.sum())
        return y

    def results(self) -> dict[str, Any]:
        return {"clipped": self.clipped}
