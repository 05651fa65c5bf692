"""What the blocks that round floats to one integer type have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from semradio.blocks.api import Array, Input, ItemType, SyncBlock, parameter, state
from semradio.blocks.conversion.rounding import to_integers


class RoundedFloats(SyncBlock):
    """``y[i] = rint(scale * x[i])``, within the limits of the output's type, which each says."""

    integers: ClassVar[str]
    """The dtype of the output."""

    scale: float = parameter(1.0, live=True, doc="Factor.")

    x = Input("float32[...]", doc="Real values.")

    clipped: int = state(0, doc="Values beyond the limits.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType(self.integers, inputs["x"].shape)}

    def work(self, x: Array, at: int) -> Array:
        y, beyond = to_integers(x * np.float32(self.scale), np.dtype(self.integers))
        self.clipped += int(beyond.sum())
        return y

    def results(self) -> dict[str, Any]:
        return {"clipped": self.clipped}
