"""The order of values within items, mixed or put back."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    Output,
    SyncBlock,
    block,
    parameter,
)


@block("bit_interleaver", category="coding")
class BitInterleaver(SyncBlock):
    """Write the values of each item into a matrix row by row, and read it column by column.

    Neighbours are then ``rows`` columns apart, so that a burst of errors falls on values far from
    each other. ``undo`` puts them back. The matrix has ``rows`` rows; where the item does not fill
    it, the empty places are passed over. The values may be bits, ratios or symbols.

    Example:
        >>> BitInterleaver(rows=2)(np.uint8([[0, 1, 2, 3, 4]]))
        array([[0, 3, 1, 4, 2]], dtype=uint8)
    """

    rows: int = parameter(32, low=1, doc="Rows of the matrix.")
    undo: bool = parameter(False, doc="Whether to put back what another block has mixed.")

    x = Input("number[*]", doc="Any items of several values.")
    y = Output(like="x", doc="The same values in another order.")

    def start(self) -> None:
        (count,) = self.input_types["x"].shape
        places = np.full(-(-count // self.rows) * self.rows, -1)
        places[:count] = np.arange(count)
        order = places.reshape(self.rows, -1).T.ravel()
        order = order[order >= 0]
        self._order = np.argsort(order) if self.undo else order

    def work(self, x: Array, at: int) -> Array:
        return x[:, self._order]
