"""Complex values taken apart to real ones."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    Output,
    ParameterError,
    RateBlock,
    block,
    parameter,
)

REAL_OF = {"complex64": "float32", "complex128": "float64"}
"""The dtype of the two parts of a complex dtype."""


@block("complex_to_interleaved", category="stream")
class ComplexToInterleaved(RateBlock):
    """Write IQ samples as real values, I before Q, in items of a given shape.

    Undoes ``real_to_complex``: with ``shape: [23]`` every 23 samples make two ``float32[23]``,
    the second of which begins within a sample. Values at the end that fill no item are left out;
    a note says so unless it is the single one that ``real_to_complex`` may have added. A tag goes
    to the item that begins in its sample, or else to the one that holds it.

    Example:
        >>> ComplexToInterleaved(shape=[2])(np.complex64([1 + 2j, 3 - 1j]))
        array([[ 1.,  2.],
               [ 3., -1.]], dtype=float32)
    """

    shape: list[int] = parameter([], doc="Shape of one item, such as [23]; [] for single values.")

    x = Input("complex64 | complex128", doc="Complex samples.")
    y = Output("float32[...] | float64[...]", doc="Real values, two for each sample.")

    def configure(self) -> None:
        if any(length < 1 for length in self.shape):
            raise ParameterError(
                f"parameter 'shape' must be a list of positive lengths, not {self.shape}", "shape"
            )
        self._values = math.prod(self.shape)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType(REAL_OF[inputs["x"].dtype], tuple(self.shape))}

    def rate(self) -> tuple[int, int]:
        return (self._values, 2) if self._values % 2 else (self._values // 2, 1)

    def work(self, x: Array, at: int) -> Array:
        values = np.ascontiguousarray(x).view(self.output_item_types["y"].numpy)
        return values.reshape(-1, *self.shape)

    def tail(self, x: Array, at: int) -> Array:
        values = np.ascontiguousarray(x).view(self.output_item_types["y"].numpy)
        whole, left = divmod(len(values), self._values)
        if left > 1:
            self.note(
                f"the last {left} values do not fill an item of {self._values} and were left out"
            )
        return values[: whole * self._values].reshape(-1, *self.shape)

    def moved(self, index: int) -> int:
        if self._values == 1:
            return 2 * index
        return (2 * index + 1) // self._values
