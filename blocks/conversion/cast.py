"""Values of one dtype as values of another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    Output,
    SyncBlock,
    block,
    parameter,
    state,
)
from semradio.blocks.api.item_type import GROUPS
from semradio.blocks.conversion.rounding import to_integers


@block("cast", category="conversion")
class Cast(SyncBlock):
    """Give the values as another dtype: ``y[i] = x[i]``, as near as it can hold them.

    Floats are rounded to integers, halves to even, and what lies beyond an integer type becomes
    its limit. Complex values stay complex: ``complex_to_float`` and ``complex_to_mag`` make real
    ones.

    Results:
        ``clipped``, the values that lay beyond the limits of an integer type.

    Raises:
        ItemTypeError: complex values are asked to become real.

    Example:
        >>> Cast(type="int16")(np.float32([1.4, 2.5, 1e6]))
        array([    1,     2, 32767], dtype=int16)
    """

    type: str = parameter(choices=GROUPS["number"], doc="The dtype, such as 'float32' or 'int16'.")

    x = Input("number[...] | bool[...]", doc="Any values.")
    y = Output(doc="The same values.")

    clipped: int = state(0, doc="Values beyond the limits.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        item = inputs["x"]
        if item.dtype in GROUPS["number"][-2:] and self.type not in GROUPS["number"][-2:]:
            raise ItemTypeError(
                f"block '{self.name}' would make real values of {item}: use complex_to_float, "
                "complex_to_mag or complex_to_interleaved"
            )
        return {"y": ItemType(self.type, item.shape)}

    def work(self, x: Array, at: int) -> Array:
        dtype = self.output_item_types["y"].numpy
        if dtype.kind not in "iu" or x.dtype.kind == "b":
            return x.astype(dtype)
        if x.dtype.kind == "f":
            y, beyond = to_integers(x, dtype)
        else:
            limits = np.iinfo(dtype)
            low, high = _within(x.dtype, limits.min), _within(x.dtype, limits.max)
            y = np.clip(x, low, high).astype(dtype)
            beyond = (x < low) | (x > high)
        self.clipped += int(beyond.sum())
        return y

    def results(self) -> dict[str, Any]:
        return {"clipped": self.clipped}


def _within(dtype: np.dtype[Any], limit: int) -> int:
    """The nearest value to a limit that a dtype of integers has."""
    own = np.iinfo(dtype)
    return min(max(limit, int(own.min)), int(own.max))
