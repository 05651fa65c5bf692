"""The queue of one edge: chunks on their way from an output to an input."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np

from semradio.blocks.api.item_type import Array, ItemType
from semradio.blocks.api.tag import GAP, Tag

Policy = Literal["block", "drop_oldest", "drop_newest"]
"""What a full edge does: hold the sender back (lossless), or drop and count."""


class Queue:
    """Chunks and tags between one output and one input, in order, with exact accounting.

    ``capacity`` (items) is where the sender is held back; a chunk that is under way when the
    mark is passed is still taken whole. With a lossy policy the queue drops instead, counts what
    it dropped, and marks the gap with a tag.
    """

    __slots__ = (
        "at",
        "capacity",
        "chunks",
        "dropped",
        "ended",
        "item",
        "items",
        "limit",
        "messages",
        "missing",
        "on_close",
        "policy",
        "tags",
    )

    def __init__(
        self, item: ItemType, capacity: float = float("inf"), policy: Policy = "block"
    ) -> None:
        self.item = item
        self.policy = policy
        self.limit = capacity
        self.capacity = capacity if policy == "block" else float("inf")
        self.chunks: deque[Array] = deque()
        self.tags: deque[Tag] = deque()
        self.items = 0
        self.at = 0
        self.ended = False
        self.dropped = 0
        self.missing = 0
        self.messages = 0
        self.on_close: Callable[[], None] | None = None

    def put(self, chunk: Array, tags: Iterable[Tag] = ()) -> None:
        """Append a chunk, and the tags on its items (absolute indices of the sender's stream)."""
        if self.policy != "block" and self.items + len(chunk) > self.limit:
            chunk, tags = self._drop(chunk, tags)
        elif self.dropped:
            tags = [tag.moved(tag.index - self.dropped) for tag in tags]
        if self.missing and len(chunk):
            self.tags.append(Tag(self.at + self.items, GAP, self.missing))
            self.missing = 0
        if tags:
            self.tags.extend(tags)
        n = len(chunk)
        if n:
            self.chunks.append(chunk)
            self.items += n
            self.messages += 1

    def take(self, count: int) -> Array:
        """Remove and return exactly ``count`` items; no more than :attr:`items`."""
        first = self.chunks.popleft()
        size = len(first)
        if size > count:
            self.chunks.appendleft(first[count:])
            first = first[:count]
        elif size < count:
            parts = [first]
            while size < count:
                part = self.chunks.popleft()
                room = count - size
                if len(part) > room:
                    self.chunks.appendleft(part[room:])
                    part = part[:room]
                parts.append(part)
                size += len(part)
            first = np.concatenate(parts)
        self.items -= count
        self.at += count
        return first

    def tags_before(self, index: int) -> list[Tag]:
        """Remove and return the tags on items before ``index``."""
        found = []
        while self.tags and self.tags[0].index < index:
            found.append(self.tags.popleft())
        return found

    def end(self) -> None:
        """Say that no more items come."""
        self.ended = True

    def close(self) -> None:
        """Say that the receiver wants no more items; what waits is let go."""
        self.chunks.clear()
        self.tags.clear()
        self.items = 0
        self.ended = True
        if self.on_close is not None:
            self.on_close()

    def _drop(self, chunk: Array, tags: Iterable[Tag]) -> tuple[Array, list[Tag]]:
        """Make room as the policy says; indices then count only what was kept."""
        kept = [tag.moved(tag.index - self.dropped) for tag in tags]
        if self.policy == "drop_newest":
            room = int(max(0, self.limit - self.items))
            lost = len(chunk) - room
            first = self.at + self.items
            self.dropped += lost
            self.missing += lost
            gap, self.missing = (0, self.missing) if room == 0 else (self.missing - lost, lost)
            kept = [tag for tag in kept if tag.index < first + room]
            if gap:
                kept.insert(0, Tag(first, GAP, gap))
            return chunk[:room], kept
        return self._drop_oldest(chunk, kept)

    def _drop_oldest(self, chunk: Array, kept: list[Tag]) -> tuple[Array, list[Tag]]:
        lost = int(self.items + len(chunk) - self.limit)
        first = self.at
        everything = [*self.chunks, chunk]
        merged = np.concatenate(everything)[lost:]
        waiting = [*self.tags, *kept]
        self.chunks.clear()
        self.tags.clear()
        # The gap tag of an earlier loss among the dropped items counts into the new one.
        before = sum(t.value for t in waiting if t.key == GAP and t.index <= first + lost)
        waiting = [t for t in waiting if not (t.key == GAP and t.index <= first + lost)]
        self.items = 0
        self.dropped += lost
        tags = [t.moved(t.index - lost) for t in waiting if t.index >= first + lost]
        return merged, [Tag(first, GAP, lost + before), *tags]
