"""The sum of streams."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter


@block("add", category="stream")
class Add(SyncBlock):
    """Add streams item by item: ``y[i] = x[0][i] + x[1][i] + ...``, in this order.

    All inputs carry the same item type, and so does the sum: integers wrap around as in NumPy.
    The sum ends with the shortest input.

    Example:
        >>> Add()(np.float32([1, 2]), np.float32([10, 20]))
        array([11., 22.], dtype=float32)
    """

    num_inputs: int = parameter(2, low=1, high=1024, doc="Number of streams to add.")

    x = Input("number[...]", count="num_inputs", doc="The streams to add: x[0], x[1], ...")
    y = Output(like="x", doc="Their sum.")

    def work(self, x: list[Array], at: int) -> Array:
        if len(x) == 1:
            return x[0]
        y: Array = x[0] + x[1]
        for more in x[2:]:
            np.add(y, more, out=y)
        return y
