"""The difference of streams."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter


@block("subtract", category="stream")
class Subtract(SyncBlock):
    """Subtract streams from the first one: ``y[i] = x[0][i] - x[1][i] - ...``, in this order.

    All inputs carry the same item type, and so does the difference: integers wrap around as in
    NumPy. A single input is passed on as it is. The difference ends with the shortest input.

    Example:
        >>> Subtract()(np.float32([10, 20]), np.float32([1, 2]))
        array([ 9., 18.], dtype=float32)
    """

    num_inputs: int = parameter(2, low=1, high=1024, doc="Number of streams.")

    x = Input("number[...]", count="num_inputs", doc="The streams: x[0] less x[1], ...")
    y = Output(like="x", doc="Their difference.")

    def work(self, x: list[Array], at: int) -> Array:
        if len(x) == 1:
            return x[0]
        y: Array = x[0] - x[1]
        for more in x[2:]:
            np.subtract(y, more, out=y)
        return y
