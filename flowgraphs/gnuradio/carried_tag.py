"""Tags of GNU Radio as tags of semradio, and back.

What a block looks at becomes a plain value, as :mod:`semradio.blocks.gnuradio.pmt` says; what only
passes through stays what it is, so that no type is lost on the way.
"""

from __future__ import annotations

from typing import Any

import pmt

from semradio.blocks.api import StreamError, Tag
from semradio.blocks.gnuradio.pmt import deserialize, plain, serialize


class Carried:
    """A PMT value, and who made it, on its way through a block that does not look at it."""

    __slots__ = ("source", "value")

    def __init__(self, value: Any, source: Any) -> None:
        self.value = value
        self.source = source

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Carried) and bool(pmt.equal(self.value, other.value))

    __hash__ = None  # type: ignore[assignment]


def incoming(tag: Any, index: int, heard: tuple[str, ...]) -> Tag:
    """Return a tag of GNU Radio's as one on the item ``index``; ``heard``: keys to be read."""
    key = pmt.symbol_to_string(tag.key) if pmt.is_symbol(tag.key) else pmt.write_string(tag.key)
    if key in heard or "*" in heard:
        return Tag(index, key, _read(tag.value))
    return Tag(index, key, Carried(tag.value, tag.srcid))


def outgoing(tag: Tag) -> tuple[Any, Any, Any]:
    """Return key, value and source of a tag as PMTs.

    Raises:
        StreamError: PMT has nothing like the value.
    """
    key = pmt.intern(tag.key)
    if isinstance(tag.value, Carried):
        return key, tag.value.value, tag.value.source
    return key, pmt.deserialize_str(serialize(tag.value)), pmt.PMT_F


def _read(value: Any) -> Any:
    """Return a PMT value as a plain one."""
    try:
        return plain(deserialize(pmt.serialize_str(value)))
    except (RuntimeError, StreamError):
        # A pointer to some object of the program: there is no more to say of it than its text.
        return pmt.write_string(value)
