"""Real values paired to complex ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import Array, Input, ItemType, Output, RateBlock, block

COMPLEX_OF = {"float32": "complex64", "float64": "complex128"}
"""The complex dtype whose two parts have the real dtype."""


@block("real_to_complex", category="stream")
class RealToComplex(RateBlock):
    """Pair consecutive real values to IQ samples: ``y[i] = r[2i] + 1j r[2i + 1]``.

    ``r`` is all values of ``x`` in order. Items are packed back to back: with an odd number of
    values, such as ``float32[23]``, a pair reaches over the border of two items, and only at the
    end of the stream may one value lack its partner; it is then paired with 0. A tag goes to the
    sample that holds the first value of its item. ``complex_to_interleaved`` undoes it.

    Example:
        >>> RealToComplex()(np.float32([1, 2, 3]))
        array([1.+2.j, 3.+0.j], dtype=complex64)
    """

    x = Input("float32[...] | float64[...]", doc="Real values in items of any shape.")
    y = Output("complex64 | complex128", doc="Half as many complex samples.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType(COMPLEX_OF[inputs["x"].dtype])}

    def rate(self) -> tuple[int, int]:
        values = self.input_types["x"].size
        return (2, values) if values % 2 else (1, values // 2)

    def work(self, x: Array, at: int) -> Array:
        return np.ascontiguousarray(x).reshape(-1).view(self.output_item_types["y"].numpy)

    def tail(self, x: Array, at: int) -> Array:
        return self.work(np.append(x, x.dtype.type(0)), at)
