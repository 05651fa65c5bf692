"""The first items of a stream."""

from __future__ import annotations

from semradio.blocks.api import Array, Input, Output, StreamBlock, block, parameter


@block("head", category="stream")
class Head(StreamBlock):
    """Pass the first ``items`` items on and end the stream there.

    The blocks before it are told that nobody listens any more, so a source without an end ends
    too.

    Example:
        >>> Head(items=2)(np.float32([1, 2, 3, 4]))
        array([1., 2.], dtype=float32)
    """

    items: int = parameter(unit="items", low=0, doc="Number of items to pass on.")

    x = Input("any[...]", doc="Any stream.")
    y = Output(like="x", doc="Its first items.")

    def on_start(self) -> None:
        if self.items == 0:
            self.finish()

    def work(self, x: Array, at: int) -> Array:
        if at + len(x) >= self.items:
            self.finish()
        return x[: self.items - at]
