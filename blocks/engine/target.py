"""What an output can feed (a queue, the sending end of an edge), and who looks at a port."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from semradio.blocks.api.item_type import Array
from semradio.blocks.api.tag import Tag


class Target(Protocol):
    """Takes the chunks of one output.

    Attributes:
        items: items that wait here. capacity: items at which the sender is held back.
        on_close: to be called when no more items are wanted.
    """

    items: int
    capacity: float
    on_close: Callable[[], None] | None

    def put(self, chunk: Array, tags: Sequence[Tag] = ()) -> None:
        """Append a chunk of shape (n, *item), and the tags on its items."""

    def end(self) -> None:
        """Say that no more items come."""


class Look(Protocol):
    """Sees items at one port, as long as it wants; it holds nobody back and keeps nobody going."""

    def see(self, chunk: Array, tags: Sequence[Tag], at: int) -> bool:
        """See a chunk of shape (n, *item), which belongs to others, and the tags on its items.

        Args:
            at: absolute index of its first item. What follows comes without a gap.

        Returns:
            Whether it wants to see more.
        """

    def end(self) -> None:
        """Learn that no more items come."""
