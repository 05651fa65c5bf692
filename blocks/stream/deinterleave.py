"""One stream dealt out to several."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Input, Output, RateBlock, block, parameter


@block("deinterleave", category="stream")
class Deinterleave(RateBlock):
    """Give ``blocksize`` items to each output in turn: undoes ``interleave``.

    Tags of item i go to item ``i / num_outputs``, rounded down, of every output, as in GNU Radio:
    into the round that holds their item. What fills no round at the end is left out, and a note
    says so.

    Example:
        >>> Deinterleave(num_outputs=2)(np.float32([1, 10, 2, 20]))
        (array([1., 2.], dtype=float32), array([10., 20.], dtype=float32))
    """

    num_outputs: int = parameter(2, low=1, high=1024, doc="Number of outputs.")
    blocksize: int = parameter(1, low=1, unit="items", doc="Items of each output in one round.")

    x = Input("any[...]", doc="Any stream.")
    y = Output(like="x", count="num_outputs", doc="The dealt items: y[0], y[1], ...")

    def rate(self) -> tuple[int, int]:
        return self.blocksize * self.num_outputs, self.blocksize

    def work(self, x: Array, at: int) -> tuple[Array, ...]:
        # Copies: a strided view would hold on to the items of all outputs.
        if self.blocksize == 1:
            return tuple([x[k :: self.num_outputs].copy() for k in range(self.num_outputs)])
        rounds = x.reshape(-1, self.num_outputs, self.blocksize, *x.shape[1:])
        return tuple(
            np.array(rounds[:, k]).reshape(-1, *x.shape[1:]) for k in range(self.num_outputs)
        )
