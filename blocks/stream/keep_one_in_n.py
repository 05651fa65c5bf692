"""One item out of every n."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    Output,
    ParameterError,
    RateBlock,
    block,
    parameter,
)


@block("keep_one_in_n", category="stream")
class KeepOneInN(RateBlock):
    """Keep item ``offset`` of every ``n`` items: ``y[i] = x[i * n + offset]``.

    No filter: a signal is to be band-limited before. Tags of all ``n`` items go to the one kept.

    Example:
        >>> KeepOneInN(n=3, offset=1)(np.arange(9, dtype=np.float32))
        array([1., 4., 7.], dtype=float32)
    """

    n: int = parameter(unit="items", low=1, doc="Items in for each item out.")
    offset: int = parameter(0, unit="items", low=0, doc="Which of the n items, counted from 0.")

    x = Input("any[...]", doc="Any stream.")
    y = Output(like="x", doc="Every n-th item.")

    def configure(self) -> None:
        if self.offset >= self.n:
            raise ParameterError(
                f"parameter 'offset' must be less than n = {self.n}, not {self.offset}", "offset"
            )

    def rate(self) -> tuple[int, int]:
        return self.n, 1

    def work(self, x: Array, at: int) -> Array:
        # A copy: a strided view would hold on to all the items that are left out.
        return np.array(x[self.offset :: self.n])

    def tail(self, x: Array, at: int) -> Array | None:
        return self.work(x, at) if len(x) > self.offset else None
