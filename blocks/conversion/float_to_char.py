"""Floats as int8."""

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


@block("float_to_char", category="conversion")
class FloatToChar(SyncBlock):
    """Round to int8: ``y[i] = rint(scale * x[i])``; what lies beyond becomes the limit.

    Halves are rounded to even. The name is GNU Radio's.

    Results:
        ``clipped``, the values that lay beyond the limits.

    Example:
        >>> FloatToChar(scale=127)(np.float32([1, -0.5, 9]))
        array([127, -64, 127], dtype=int8)
    """

    scale: float = parameter(1.0, live=True, doc="Factor.")

    x = Input("float32[...]", doc="Real values.")
    y = Output("int8[...]", doc="Integers.")

    clipped: int = state(0, doc="Values beyond the limits.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType("int8", inputs["x"].shape)}

    def work(self, x: Array, at: int) -> Array:
        y, beyond = to_integers(x * np.float32(self.scale), np.dtype(np.int8))
        self.clipped += int(beyond.sum())
        return y

    def results(self) -> dict[str, Any]:
        return {"clipped": self.clipped}
