"""Items that were seen at several ports."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api.item_type import Array

KEPT_ITEMS = 1 << 14
"""Items of a port that are remembered at most."""

KEPT_BYTES = 1 << 24
"""Bytes of a port's items that are remembered at most."""


class Alignment:
    """Remembers what was seen last at each port, and finds the items that were seen at all.

    Each port shows other items than the next one, since a view leaves most of them out, and later
    ones than those behind it, by what waits in the queues between. ::

        >>> seen = Alignment()
        >>> seen.add("a.x", 10, np.arange(4)); seen.add("b.y", 12, np.arange(4))
        >>> seen.common(["a.x", "b.y"], 4).tolist()
        [12, 13]
    """

    def __init__(self) -> None:
        self._seen: dict[str, dict[int, Array]] = {}

    def add(self, port: str, index: int, items: Array) -> None:
        """Remember items, of which the first has this absolute index; shape (n, *item)."""
        seen = self._seen.setdefault(port, {})
        if seen and index < next(reversed(seen)) - KEPT_ITEMS:
            # Another run.
            seen.clear()
        for k, item in enumerate(items):
            seen.pop(index + k, None)
            seen[index + k] = item
        each = max(1, items[0].nbytes) if len(items) else 1
        most = max(len(items), min(KEPT_ITEMS, KEPT_BYTES // each))
        while len(seen) > most:
            del seen[next(iter(seen))]

    def common(self, ports: list[str], most: int) -> Array:
        """Return the indices of the newest items that were seen at all of some ports, ascending."""
        seen = [self._seen.get(port, {}) for port in ports]
        # The port that is farthest behind has the newest items that all may have.
        last = min(seen, key=lambda items: next(reversed(items), -1))
        found: list[int] = []
        for index in reversed(last):
            if all(index in items for items in seen):
                found.append(index)
                if len(found) == most:
                    break
        return np.array(sorted(found), np.int64)

    def items(self, port: str, indices: Array) -> Array:
        """Return items of a port by their indices, all of which were seen there."""
        seen = self._seen[port]
        return np.stack([seen[index] for index in indices.tolist()])
