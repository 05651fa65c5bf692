"""Shows the tags of a stream."""

from __future__ import annotations

from typing import Any

import msgspec

from semradio.blocks.api import Array, Input, Sink, Tag, block, parameter, state


@block("tag_debug", category="sinks")
class TagDebug(Sink):
    """List the tags of a stream.

    Each is also told as a note at the end of the run.

    Results:
        The number of ``items``, how many tags there were (``count``), and the first ``limit`` of
        them (``tags``), each a list [item index, key, value]; bytes are listed in base64.

    Example:
        >>> from semradio.blocks.api import Tag
        >>> TagDebug()(np.zeros(9, np.float32), tags=[Tag(3, "burst", True)])
        {'items': 9, 'count': 1, 'tags': [[3, 'burst', True]]}
    """

    listens = ("*",)

    key: str | None = parameter(None, doc="Only tags with this key; all if not given.")
    limit: int = parameter(100, low=0, high=100_000, doc="Tags to list.")

    x = Input("any[...]", doc="Any stream.")

    items: int = state(0, doc="Items so far.")
    count: int = state(0, doc="Tags so far.")
    found: list[Tag] = state(factory=list, doc="The tags to list.")

    def on_tag(self, tag: Tag) -> None:
        if not self.enabled or self.key not in (None, tag.key):
            return
        self.count += 1
        if len(self.found) < self.limit:
            self.found.append(tag)
            self.notes.append(f"item {tag.index}: {tag.key} = {tag.value!r}")
        else:
            self.note(f"only the first {self.limit} tags are listed")

    def work(self, x: Array, at: int) -> None:
        self.items += len(x)

    def results(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "count": self.count,
            "tags": [msgspec.to_builtins(list(tag)) for tag in self.found],
        }
