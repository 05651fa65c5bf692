"""Where a stream may end unseen."""

from __future__ import annotations

from typing import Any

from semradio.blocks.api import Array, Input, Sink, block, state


@block("null_sink", category="sinks")
class NullSink(Sink):
    """Take items and drop them.

    Results:
        The number of ``items``.

    Example:
        >>> NullSink()(np.zeros(5, np.float32))
        {'items': 5}
    """

    x = Input("any[...]", doc="Any stream.")

    items: int = state(0, doc="Items so far.")

    max_batch = 1 << 62
    """It reads no item, so it need not be given them in pieces that stay in the cache."""

    def work(self, x: Array, at: int) -> None:
        self.items += len(x)

    def results(self) -> dict[str, Any]:
        return {"items": self.items}
