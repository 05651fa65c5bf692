"""Complex symbols from the real features that models give."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    Output,
    SyncBlock,
    block,
)


@block("features_to_complex", category="stream")
class FeaturesToComplex(SyncBlock):
    """Make complex values of each item's real features: ``y[i] = x[2i] + j x[2i + 1]``.

    float32[2 symbols,...] becomes complex64[symbols,...], along the first axis. Undoes
    ``complex_to_features``, and puts what a model gives on a channel for complex symbols.

    Raises:
        ItemTypeError: the first axis has an odd length.

    Example:
        >>> FeaturesToComplex()(np.float32([[1, 2, 3, -1]]))
        array([[1.+2.j, 3.-1.j]], dtype=complex64)
    """

    x = Input("float32[*] | float32[*,*] | float32[*,*,*]", doc="Items of real features.")
    y = Output(doc="The same as complex values, half as many along the first axis.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        first, *others = inputs["x"].shape
        if first % 2:
            raise ItemTypeError(
                f"input 'x' of block '{self.name}' carries {inputs['x']}: two features make one "
                f"complex value, and {first} is odd"
            )
        return {"y": ItemType("complex64", (first // 2, *others))}

    def work(self, x: Array, at: int) -> Array:
        y: Array = np.empty((len(x), x.shape[1] // 2, *x.shape[2:]), np.complex64)
        y.real, y.imag = x[:, 0::2], x[:, 1::2]
        return y
