"""How long a sender's items are, by its count of them: the only sign of it on the wire."""

from __future__ import annotations

from dataclasses import dataclass

_LONGER, _SHORTER = 2, 4
"""Steps that must agree. Losses look like shorter items, but not as many in a row from the first
message on; nothing but a new beginning or a second sender looks like longer ones."""


@dataclass
class Strides:
    """Compares the steps between the indices of messages with the bytes between them."""

    index: int | None = None
    """Index of the latest message's first item."""
    size: int = 0
    """Bytes of its items."""
    suspect: int = 0
    """Bytes of an item by the steps so far, where they differ from what was stated; or 0."""
    steps: int = 0
    """Steps that agree on that."""
    settled: bool = False
    """Whether a step has agreed with what was stated: then the type is right."""

    def item_bytes(self, index: int, size: int, stated: int) -> int | None:
        """Take in a message: the index of its first item, and the bytes of its items.

        Args:
            stated: bytes of an item as the receiver has them.

        Returns:
            The bytes that the sender's items have, once it is clear that they are others.
        """
        before, bytes_before = self.index, self.size
        self.index, self.size = index, size
        if self.settled or before is None or bytes_before == 0:
            return None
        step = index - before
        if step * stated == bytes_before:
            self.settled, self.suspect = True, 0
            return None
        whole = step > 0 and bytes_before % step == 0
        found = bytes_before // step if whole else 0
        # Either is a whole number of the other where only the vector length differs.
        if not found or (found % stated and stated % found):
            self.suspect = self.steps = 0
            return None
        self.steps = self.steps + 1 if found == self.suspect else 1
        self.suspect = found
        return found if self.steps >= (_LONGER if found > stated else _SHORTER) else None
