"""A stream as it is."""

from __future__ import annotations

from semradio.blocks.api import Array, Input, Output, SyncBlock, block


@block("copy", category="stream")
class Copy(SyncBlock):
    """Pass every item on unchanged: a name for a place in the flowgraph; costs no copy.

    Example:
        >>> Copy()(np.float32([1, 2]))
        array([1., 2.], dtype=float32)
    """

    x = Input("any[...]", doc="Any stream.")
    y = Output(like="x", doc="The same items.")

    def work(self, x: Array, at: int) -> Array:
        return x
