"""Floats as int16."""

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


@block("float_to_short", category="conversion")
class FloatToShort(SyncBlock):
    """Round to int16: ``y[i] = rint(scale * x[i])``; what lies beyond becomes the limit.

    Halves are rounded to even. The name is GNU Radio's.

    Results:
        ``clipped``, the values that lay beyond the limits.

    Example:
        >>> FloatToShort(scale=32767)(np.float32([1, -0.5, 9]))
        array([ 32767, -16384,  32767], dtype=int16)
    """

    scale: float = parameter(1.0, live=True, doc="Factor.")

    x = Input("float32[...]", doc="Real values.")
    y = Output("int16[...]", doc="Integers.")

    clipped: int = state(0, doc="Values beyond the limits.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType("int16", inputs["x"].shape)}

    def work(self, x: Array, at: int) -> Array:
        y, beyond = to_integers(x * np.float32(self.scale), np.dtype(np.int16))
        self.clipped += int(beyond.sum())
        return y

    def results(self) -> dict[str, Any]:
        return {"clipped": self.clipped}
