"""Every item several times."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Input, Output, RateBlock, block, parameter


@block("repeat", category="stream")
class Repeat(RateBlock):
    """Give every item ``times`` times: ``y[i] = x[i // times]``.

    Tags go to the first of the repeated items.

    Example:
        >>> Repeat(times=3)(np.float32([1, 2]))
        array([1., 1., 1., 2., 2., 2.], dtype=float32)
    """

    times: int = parameter(unit="items", low=1, high=1 << 20, doc="Items out for each item in.")

    x = Input("any[...]", doc="Any stream.")
    y = Output(like="x", doc="Its items, repeated.")

    def rate(self) -> tuple[int, int]:
        return 1, self.times

    def work(self, x: Array, at: int) -> Array:
        return np.repeat(x, self.times, axis=0)
