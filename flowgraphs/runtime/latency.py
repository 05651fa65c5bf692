"""How long items take from their source to each sink: measured on some of them, by a tag.

While a run measures, its sources leave a tag on the first item of a chunk now and then, with the
time at which they gave it. The tag takes the way of all tags, through blocks, rate changes and
processes, so it arrives with its item; a sink that has worked on that item reads the clock. No
other block sees the tag, and items are what they are without it.

Clocks of different hosts do not agree: paths within one host are measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import monotonic_ns
from typing import Any

import numpy as np

from semradio.blocks.api.block import Block
from semradio.blocks.api.kinds import Sink, Source
from semradio.blocks.api.tag import Tag

KEY = "semradio.given"
"""The tag; its value is the source's name and the monotonic time in nanoseconds."""

EVERY_S = 0.005
"""Seconds between two items of a source that are measured, at least."""

MOST = 1 << 20
"""Measurements of a path that are kept; those after them are left out, and the count tells."""


class Stopwatch:
    """Measures the blocks of one process, from :meth:`attach` to :meth:`detach`."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self.blocks = list(blocks)
        self.found: dict[str, list[int]] = {}
        """Nanoseconds by path, ``source -> sink``."""
        self.changed: list[tuple[Block, str]] = []

    def attach(self) -> None:
        """Let sources leave tags, and sinks read them; blocks have started."""
        for block in self.blocks:
            if isinstance(block, Source):
                self._replace(block, "work", self._stamped(block))
            elif isinstance(block, Sink) or "*" in block.listens:
                # What hears all tags must not hear this one.
                self._read(block)

    def detach(self) -> None:
        """Leave the blocks as they were."""
        for block, name in self.changed:
            delattr(block, name)
        self.changed.clear()

    def results(self) -> dict[str, dict[str, float]]:
        """Return by path: seconds at the median, the 99th percentile and at worst; samples."""
        return {
            path: {
                "p50_s": float(np.median(found)) / 1e9,
                "p99_s": float(np.percentile(found, 99)) / 1e9,
                "worst_s": max(found) / 1e9,
                "samples": len(found),
            }
            for path, found in self.found.items()
        }

    def _replace(self, block: Block, name: str, value: Any) -> None:
        setattr(block, name, value)
        self.changed.append((block, name))

    def _stamped(self, block: Source) -> Callable[[int, int], Any]:
        """Return a source's ``work`` that leaves tags."""
        work, due = block.work, 0

        def stamped(n: int, at: int) -> Any:
            nonlocal due
            x = work(n, at)
            now = monotonic_ns()
            first = x[0] if isinstance(x, tuple) else x
            if now >= due and first is not None and len(first):
                due = now + int(EVERY_S * 1e9)
                block.tag(KEY, [block.name, now], at)
            return x

        return stamped

    def _read(self, block: Block) -> None:
        """Let a block's ``on_tag`` pass over the tag; a sink reads the clock after its item."""
        on_tag, arrived = block.on_tag, []

        def heard(tag: Tag) -> None:
            if tag.key != KEY:
                on_tag(tag)
            elif isinstance(block, Sink):
                arrived.append(tag.value)

        def worked(*arguments: Any) -> Any:
            result = work(*arguments)
            if arrived:
                now = monotonic_ns()
                for source, since in arrived:
                    found = self.found.setdefault(f"{source} -> {block.name}", [])
                    if len(found) < MOST:
                        found.append(now - since)
                arrived.clear()
            return result

        self._replace(block, "on_tag", heard)
        if isinstance(block, Sink):
            work = block.work
            self._replace(block, "work", worked)
            self._replace(block, "listens", (*block.listens, KEY))
