"""Text as items of one length: UTF-8, filled up with zeros."""

from __future__ import annotations

from semradio.blocks.api import Array

CONTINUED = "continued"
"""Key of the tag on an item that goes on with the line of the one before."""


def text_of(item: Array) -> str:
    """Return the text of an item, uint8[n]: up to its first zero; U+FFFD for what is no UTF-8."""
    return item.tobytes().partition(b"\0")[0].decode("utf-8", "replace")
