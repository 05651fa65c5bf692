"""A stream of zeros."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import Array, ItemType, Output, Source, block, parameter, state


@block("null_source", category="sources")
class NullSource(Source):
    """Give zeros of any item type: ``items`` of them, or without end.

    Example:
        >>> NullSource(type="float32[2]", items=3)()
        array([[0., 0.],
               [0., 0.],
               [0., 0.]], dtype=float32)
    """

    type: str = parameter(doc="Item type, such as 'complex64' or 'float32[23]'.")
    items: int | None = parameter(
        None, unit="items", low=0, doc="Number of items; without end if not given."
    )

    y = Output(doc="Zeros.")

    zeros: Array | None = state(None, doc="The zeros of the longest chunk so far, read-only.")

    def configure(self) -> None:
        self._item = ItemType.parse(self.type)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": self._item}

    def work(self, n: int, at: int) -> Array:
        if self.items is not None and at + n >= self.items:
            self.finish()
            n = self.items - at
        zeros = self.zeros
        if zeros is None or len(zeros) != n:
            zeros = self._enough(n)[:n]
        return zeros

    def _enough(self, n: int) -> Array:
        """Return at least ``n`` zeros; they are made anew only when more are asked for."""
        if self.zeros is None or len(self.zeros) < n:
            self.zeros = np.zeros((n, *self._item.shape), self._item.numpy)
            self.zeros.flags.writeable = False
        return self.zeros
