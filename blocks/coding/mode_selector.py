"""One of several streams, chosen item by item."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Input, Output, StreamError, SyncBlock, block, parameter


@block("mode_selector", category="coding")
class ModeSelector(SyncBlock):
    """Pass item i of the stream that ``mode`` says: ``y[i] = x[mode[i]][i]``.

    Behind ``link_adaptation``: one transmitter for each mode, all of which give as many symbols,
    and this block, which sends those of one; and in the same way one receiver for each mode.

    Raises:
        StreamError: there is no such stream.

    Example:
        >>> mode = np.int32([0, 1, 1])
        >>> ModeSelector()(mode, np.float32([1, 2, 3]), np.float32([10, 20, 30]))
        array([ 1., 20., 30.], dtype=float32)
    """

    num_inputs: int = parameter(2, low=1, high=1024, doc="Number of streams.")

    mode = Input("int32", doc="Which stream passes, counted from 0.")
    x = Input("any[...]", count="num_inputs", doc="The streams: x[0], x[1], ...")
    y = Output(like="x", doc="The chosen items.")

    def work(self, mode: Array, x: list[Array], at: int) -> Array:
        wrong = (mode < 0) | (mode >= self.num_inputs)
        if wrong.any():
            k = int(wrong.argmax())
            raise StreamError(
                f"input 'mode' is {mode[k]} at item {at + k}; there are streams from 0 to "
                f"{self.num_inputs - 1}"
            )
        y: Array = np.empty_like(x[0])
        for number, stream in enumerate(x):
            chosen = mode == number
            y[chosen] = stream[chosen]
        return y
