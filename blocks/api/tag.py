"""Tags: metadata that sits on one item of a stream and stays with it.

A tag names an absolute item index (0 is the first item of the stream), a key and a value. Values
are what MessagePack carries: None, bool, int, float, str, bytes, and lists and string-keyed
dictionaries of those.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from semradio.blocks.errors import StreamError

GAP = "gap"
"""Key of the tag that a lossy edge leaves on the first item after a loss; value: items lost."""


class Tag(NamedTuple):
    """One piece of metadata on one item."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs here
    """Absolute index of the item, counted from 0 at the start of the stream."""
    key: str
    value: Any

    def moved(self, index: int) -> Tag:
        """Return the same tag on another item index."""
        return Tag(index, self.key, self.value)


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
