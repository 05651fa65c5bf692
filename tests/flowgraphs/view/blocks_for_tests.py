"""Blocks that the tests of looking load into worker processes."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, Output, Sink, Source, block, parameter, state


@block("count_source", category="sources")
class CountSource(Source):
    """Items 0, 1, 2, ... as float32[4], with a tag on each hundredth."""

    items: int = parameter(1000, doc="Number of items.")
    y = Output("float32[4]", doc="The index, four times.")
    rest = Output("int32", doc="What nobody receives.")

    def work(self, n: int, at: int) -> tuple[Array, Array | None]:
        n = min(n, self.items - at)
        if at + n == self.items:
            self.finish()
        index = np.arange(at, at + n)
        for i in index[index % 100 == 0]:
            self.tag("hundred", int(i) // 100, int(i))
        rest = index.astype(np.int32) if "rest" in self.wanted else None
        return np.repeat(index[:, None], 4, axis=1).astype(np.float32), rest


@block("digest_sink", category="sinks")
class DigestSink(Sink):
    """A digest of all items and tags, which no cut and no look may change."""

    listens = ("*",)
    x = Input("any[...]", doc="Items.")
    items: int = state(0, doc="Items so far.")
    sum: Any = state(factory=hashlib.sha256, doc="Bytes so far.")
    marks: list[Any] = state(factory=list, doc="Tags so far.")

    def on_tag(self, tag: Any) -> None:
        self.marks.append(list(tag))

    def work(self, x: Array, at: int) -> None:
        assert at == self.items
        self.items += len(x)
        self.sum.update(x.tobytes())

    def results(self) -> dict[str, Any]:
        return {"items": self.items, "digest": self.sum.hexdigest(), "tags": self.marks}

    def so_far(self) -> dict[str, Any]:
        return {"items": self.items, "nothing": None, "table": [[self.items, 1], [2, 3]]}
