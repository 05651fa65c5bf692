"""Where a stream may end unseen."""

from __future__ import annotations

from typing import Any

from semradio.blocks.api import Array, Input, Sink, block, state


@block("null_sink", category="sinks")
class NullSink(Sink):
    """Take items and drop them; results: the number of ``items``."""

    x = Input("any[...]", doc="Any stream.")

    items: int = state(0, doc="Items so far.")

    def work(self, x: Array, at: int) -> None:
        self.items += len(x)

    def results(self) -> dict[str, Any]:
        return {"items": self.items}
