"""A stream some items later."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Input, Output, StreamBlock, block, parameter, state


@block("delay", category="stream")
class Delay(StreamBlock):
    """Put ``items`` items of zeros in front of the stream: ``y[i + items] = x[i]``.

    The whole of ``x`` comes out, so ``y`` is longer by ``items``; tags move along with their
    items. For a delay of the other sign see ``skip_head``.

    Example:
        >>> Delay(items=2)(np.float32([1, 2, 3]))
        array([0., 0., 1., 2., 3.], dtype=float32)
    """

    items: int = parameter(unit="items", low=0, doc="Number of zero items in front.")

    x = Input("any[...]", doc="Any stream.")
    y = Output(like="x", doc="Zeros, then the same items.")

    begun: bool = state(False, doc="Whether the zeros have been sent.")

    def work(self, x: Array, at: int) -> Array:
        return x if self.begun else np.concatenate([self._zeros(), x])

    def flush(self) -> Array | None:
        return None if self.begun else self._zeros()

    def moved(self, index: int) -> int | None:
        return index + self.items

    def _zeros(self) -> Array:
        self.begun = True
        item = self.input_types["x"]
        return np.zeros((self.items, *item.shape), item.numpy)
