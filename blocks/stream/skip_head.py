"""A stream without its first items."""

from __future__ import annotations

from semradio.blocks.api import Array, Input, Output, StreamBlock, block, parameter


@block("skip_head", category="stream")
class SkipHead(StreamBlock):
    """Leave the first ``items`` items out and pass all others on; tags on the former are lost.

    Example:
        >>> SkipHead(items=2)(np.float32([1, 2, 3, 4]))
        array([3., 4.], dtype=float32)
    """

    items: int = parameter(unit="items", low=0, doc="Number of items to leave out.")

    x = Input("any[...]", doc="Any stream.")
    y = Output(like="x", doc="The same from item number ``items`` on.")

    def work(self, x: Array, at: int) -> Array:
        return x[max(0, self.items - at) :]

    def moved(self, index: int) -> int | None:
        return index - self.items if index >= self.items else None
