"""Tags: metadata that sits on one item of a stream and stays with it.

A tag names an absolute item index (0 is the first item of the stream), a key and a value. Values
are what MessagePack carries: None, bool, int, float, str, bytes, and lists and string-keyed
dictionaries of those.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from semradio.blocks.errors import StreamError

GAP = "gap"
"""Key of the tag on the first item after a loss; value: how many items were lost.

A lossy edge leaves it, a radio that overran, a receiver that missed a burst. Blocks that make one
item of several come back to the right border at it, and say what it means in their own items.
"""

FILLED = "filled"
"""Key of the tag on the first of some items that stand in for lost ones; value: how many."""


class Tag(NamedTuple):
    """One piece of metadata on one item."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs here
    """Absolute index of the item, counted from 0 at the start of the stream."""
    key: str
    value: Any

    def moved(self, index: int) -> Tag:
        """Return the same tag on another item index."""
        return Tag(index, self.key, self.value)


def items_lost(tag: Tag) -> int:
    """Return how many items a tag says are lost before its own; 0 for any other tag.

    Anybody may use the key; ours have whole numbers.
    """
    return tag.value if tag.key == GAP and type(tag.value) is int and tag.value > 0 else 0


def check_value(value: Any, key: str) -> Any:
    """Return ``value`` if a tag can carry it; StreamError naming the key otherwise."""
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    if isinstance(value, list | tuple):
        return [check_value(v, key) for v in value]
    if isinstance(value, dict) and all(isinstance(k, str) for k in value):
        return {k: check_value(v, key) for k, v in value.items()}
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return check_value(value.item(), key)
    raise StreamError(
        f"tag '{key}' cannot carry a {type(value).__name__}; use None, bool, int, float, str, "
        "bytes, or lists and dictionaries of those"
    )
