"""Several streams in turn."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Input, Output, RateBlock, block, parameter


@block("interleave", category="stream")
class Interleave(RateBlock):
    """Take ``blocksize`` items from each stream in turn: x[0], x[1], ..., x[0], ...

    All inputs carry the same item type. Tags of item i go to item ``i num_inputs``, as in GNU
    Radio: into the round that holds their item. What fills no round of all inputs at the end is
    left out, and a note says so.

    Example:
        >>> Interleave()(np.float32([1, 2]), np.float32([10, 20]))
        array([ 1., 10.,  2., 20.], dtype=float32)
    """

    num_inputs: int = parameter(2, low=1, high=1024, doc="Number of streams.")
    blocksize: int = parameter(1, low=1, unit="items", doc="Items of each stream in one round.")

    x = Input("any[...]", count="num_inputs", doc="The streams: x[0], x[1], ...")
    y = Output(like="x", doc="Their items in turn.")

    def rate(self) -> tuple[int, int]:
        return self.blocksize, self.blocksize * self.num_inputs

    def work(self, x: list[Array], at: int) -> Array:
        rounds = [part.reshape(-1, self.blocksize, *part.shape[1:]) for part in x]
        return np.stack(rounds, axis=1).reshape(-1, *x[0].shape[1:])

    def tail(self, x: list[Array], at: int) -> None:  # type: ignore[override]
        return super().tail(x[0], at)  # type: ignore[return-value]
