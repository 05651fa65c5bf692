"""The product of streams."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter


@block("multiply", category="stream")
class Multiply(SyncBlock):
    """Multiply streams item by item: ``y[i] = x[0][i] x[1][i] ...``, in this order.

    All inputs carry the same item type, and so does the product: integers wrap around as in
    NumPy. The product ends with the shortest input.

    Example:
        >>> Multiply()(np.float32([1, 2]), np.float32([10, 20]))
        array([10., 40.], dtype=float32)
    """

    num_inputs: int = parameter(2, low=1, high=1024, doc="Number of streams to multiply.")

    x = Input("number[...]", count="num_inputs", doc="The streams to multiply: x[0], x[1], ...")
    y = Output(like="x", doc="Their product.")

    def work(self, x: list[Array], at: int) -> Array:
        if len(x) == 1:
            return x[0]
        y: Array = x[0] * x[1]
        for more in x[2:]:
            np.multiply(y, more, out=y)
        return y
