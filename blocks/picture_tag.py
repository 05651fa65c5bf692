"""The tag by which an item says which picture it is of, and where in it it lies."""

from __future__ import annotations

from typing import Any

from semradio.blocks.api import StreamError, Tag

PICTURE = "picture"
"""Its key. ``image_source`` gives it to each item, where pictures have a ``fit``."""


def told_by(tag: Tag) -> dict[str, Any]:
    """Return what a tag tells: ``file``, and ``rows``, ``columns`` of it, ``top``, ``left`` in it.

    Raises:
        StreamError: it tells no picture.

    Example:
        >>> where = {"file": "a.png", "rows": 2, "columns": 3, "top": 0, "left": 0}
        >>> told_by(Tag(0, PICTURE, where)) == where
        True
    """
    told = tag.value if isinstance(tag.value, dict) else {}
    sides = [told.get(key) for key in ("rows", "columns", "top", "left")]
    if not isinstance(told.get("file"), str) or not all(
        isinstance(side, int) and side >= 0 for side in sides
    ):
        raise StreamError(
            f"tag '{PICTURE}' of item {tag.index} must tell file, rows, columns, top and left, "
            f"not {tag.value!r}"
        )
    return told
