"""The queue of one edge: chunks on their way from an output to an input."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import numpy as np

from semradio.blocks.api.item_type import Array, ItemType
from semradio.blocks.api.tag import GAP, Tag, items_lost

Policy = Literal["block", "drop_oldest", "drop_newest"]
"""What a full edge does: hold the sender back (lossless), or drop and count."""


JOINED_BYTES = 1 << 17
"""Bytes up to which chunks that wait are joined into one."""


class Queue:
    """Chunks and tags between one output and one input, in order, with exact accounting.

    ``capacity`` (items) is where the sender is held back; a chunk that is under way when the
    mark is passed is still taken whole. With a lossy policy the queue drops instead, counts what
    it dropped, and marks the gap with a tag on the next item. The tags of dropped items move to
    that item too: a tag may say how to read all that follows.
    """

    __slots__ = (
        "at",
        "capacity",
        "chunks",
        "dropped",
        "ended",
        "gaps",
        "item",
        "items",
        "limit",
        "messages",
        "missing",
        "on_close",
        "orphans",
        "policy",
        "tags",
        "worth",
    )

    def __init__(
        self, item: ItemType, capacity: float = float("inf"), policy: Policy = "block"
    ) -> None:
        self.item = item
        self.worth = JOINED_BYTES // max(1, item.nbytes)
        self.policy = policy
        self.limit = capacity
        self.capacity = capacity if policy == "block" else float("inf")
        self.chunks: deque[Array] = deque()
        self.tags: deque[Tag] = deque()
        self.gaps: deque[Tag] = deque()
        """Those of the tags that tell of a loss."""
        self.items = 0
        self.at = 0
        self.ended = False
        self.dropped = 0
        self.missing = 0
        self.orphans: list[Tag] = []
        self.messages = 0
        self.on_close: Callable[[], None] | None = None

    def put(self, chunk: Array, tags: Iterable[Tag] = ()) -> None:
        """Append a chunk, and the tags on its items (absolute indices of the sender's stream)."""
        if self.dropped:
            tags = [tag.moved(tag.index - self.dropped) for tag in tags]
        lost_after = 0
        if self.policy != "block" and self.items + len(chunk) > self.limit:
            if self.policy == "drop_newest":
                chunk, tags, lost_after = self._drop_newest(chunk, tags)
            else:
                chunk, tags = self._drop_oldest(chunk, tags)
        n = len(chunk)
        if n and self.missing:
            first = self.at + self.items
            # One gap with what another edge lost before: two equal tags on one item count as one.
            self.missing += sum(items_lost(tag) for tag in tags if tag.index == first)
            tags = [tag for tag in tags if tag.index != first or not items_lost(tag)]
            self._mark([Tag(first, GAP, self.missing), *(t.moved(first) for t in self.orphans)])
            self.missing, self.orphans = 0, []
        self.missing += lost_after
        if tags:
            if lost_after:
                end = self.at + self.items + n
                self.orphans += [tag for tag in tags if tag.index >= end and not items_lost(tag)]
                tags = [tag for tag in tags if tag.index < end]
            self._mark(tags)
        if n:
            self.chunks.append(chunk)
            self.items += n
            self.messages += 1

    def portion(self, limit: int) -> int:
        """Return how many of the waiting items to take at once, at most ``limit``.

        Small chunks are worth joining, for one call then serves many; joining large ones costs
        more than it saves.
        """
        if len(self.chunks) < 2:
            return min(self.items, limit)
        first = len(self.chunks[0])
        return min(self.items, limit, first if 4 * first > self.worth else self.worth)

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

    def put_back(self, chunk: Array) -> None:
        """Let items come next that were taken, or that stand in for lost ones."""
        self.chunks.appendleft(chunk)
        self.items += len(chunk)
        self.at -= len(chunk)

    def gap(self) -> Tag | None:
        """Return the first tag that tells of a loss; None if there is none."""
        return self.gaps[0] if self.gaps else None

    def forget_gap(self) -> None:
        """Remove the first tag that tells of a loss."""
        self.tags.remove(self.gaps.popleft())

    def _mark(self, tags: Iterable[Tag]) -> None:
        for tag in tags:
            self.tags.append(tag)
            if items_lost(tag):
                self.gaps.append(tag)

    def tags_before(self, index: int) -> list[Tag]:
        """Remove and return the tags on items before ``index``."""
        found = []
        while self.tags and self.tags[0].index < index:
            found.append(self.tags.popleft())
            if self.gaps and found[-1] is self.gaps[0]:
                self.gaps.popleft()
        return found

    def end(self) -> None:
        """Say that no more items come."""
        self.ended = True

    def close(self) -> None:
        """Say that the receiver wants no more items; what waits is let go."""
        self.chunks.clear()
        self.tags.clear()
        self.gaps.clear()
        self.items = 0
        self.ended = True
        if self.on_close is not None:
            self.on_close()

    def _drop_newest(self, chunk: Array, tags: Iterable[Tag]) -> tuple[Array, list[Tag], int]:
        """Cut the new chunk to the room there is; returns what fits, all tags, and the loss."""
        room = int(max(0, self.limit - self.items))
        lost = len(chunk) - room
        end = self.at + self.items + room
        tags = list(tags)
        self.dropped += lost
        before = sum(items_lost(tag) for tag in tags if tag.index >= end)
        return chunk[:room], tags, lost + before

    def _drop_oldest(self, chunk: Array, tags: Iterable[Tag]) -> tuple[Array, list[Tag]]:
        """Let go of the oldest items, of the new chunk too if need be; the next one is marked."""
        lost = left = int(self.items + len(chunk) - self.limit)
        while left and self.chunks:
            first = self.chunks.popleft()
            if len(first) > left:
                self.chunks.appendleft(first[left:])
            gone = min(left, len(first))
            self.items -= gone
            left -= gone
        self.dropped += lost
        # Indices count only what the receiver gets, so what is kept moves up to the gap.
        end = self.at + lost
        waiting = [*self.tags, *tags]
        # A gap marked on a lost item, or on the one after, is part of the new gap.
        gap = lost + sum(items_lost(tag) for tag in waiting if tag.index <= end)
        self.tags.clear()
        self.gaps.clear()
        kept = [t.moved(t.index - lost) for t in waiting if t.index > end]
        first_kept = [t.moved(self.at) for t in waiting if t.index <= end and not items_lost(t)]
        return chunk[left:], [Tag(self.at, GAP, gap), *first_kept, *kept]


def used_up(queues: Sequence[Queue], step: int) -> bool:
    """Whether no further step can come: an ended input holds less than a step needs.

    The other inputs must hold as much as that one, or have ended too, so that what is left at
    the end does not depend on which input arrives first.
    """
    left = min((queue.items for queue in queues if queue.ended), default=None)
    return left is not None and left < step and min(queue.items for queue in queues) >= left


def surplus(names: Sequence[str], queues: Sequence[Queue]) -> list[str]:
    """Return notes of input that nobody will read because another input ended."""
    return [
        f"input '{name}' had {queue.items} items more than another input"
        for name, queue in zip(names, queues, strict=True)
        if queue.items
    ]
