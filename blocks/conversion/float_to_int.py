"""Floats as int32."""

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


@block("float_to_int", category="conversion")
class FloatToInt(SyncBlock):
    """Round to int32: ``y[i] = rint(scale * x[i])``; what lies beyond becomes the limit.

    Halves are rounded to even. The name is GNU Radio's.

    Results:
        ``clipped``, the values that lay beyond the limits.

    Example:
        >>> FloatToInt()(np.float32([1.5, 2.5, -7]))
        array([ 2,  2, -7], dtype=int32)
    """

    scale: float = parameter(1.0, live=True, doc="Factor.")

    x = Input("float32[...]", doc="Real values.")
    y = Output("int32[...]", doc="Integers.")

    clipped: int = state(0, doc="Values beyond the limits.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType("int32", inputs["x"].shape)}

    def work(self, x: Array, at: int) -> Array:
        y, beyond = to_integers(x * np.float32(self.scale), np.dtype(np.int32))
        self.clipped += int(beyond.sum())
        return y

    def results(self) -> dict[str, Any]:
        return {"clipped": self.clipped}
