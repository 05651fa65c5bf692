"""The header with tags that gr-zeromq puts before the items of a message (``pass_tags``).

========  ======  =========================================================================
bytes     type    value (little-endian)
========  ======  =========================================================================
0-1       uint16  magic, 0x5FF0
2         uint8   version, 1
3-10      uint64  absolute index of the first item in this message
11-18     uint64  number of tags; then for each tag:
8         uint64  absolute index of its item
          PMT     key, value and source (false where there is none), big-endian
========  ======  =========================================================================

The items follow at once. Source: GNU Radio 3.10, ``gr-zeromq/lib/tag_headers.cc``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from semradio.blocks.api import StreamError, Tag
from semradio.blocks.gnuradio import pmt

MAGIC, VERSION = 0x5FF0, 1

_HEAD = struct.Struct("<HBQQ")
_INDEX = struct.Struct("<Q")
_NO_SOURCE = b"\x01"

_LEAST_TAG = _INDEX.size + 3
"""Bytes of the shortest tag: its index and three values of one byte."""

ADVICE = "set pass_tags on both sides, or on neither"


def encode(offset: int, tags: Sequence[Tag]) -> bytes:
    """Return the header of a message whose first item has the absolute index ``offset``.

    Raises:
        StreamError: a tag carries what PMT has nothing like.
    """
    parts = [_HEAD.pack(MAGIC, VERSION, offset, len(tags))]
    for tag in tags:
        try:
            key, value = pmt.serialize(tag.key), pmt.serialize(tag.value)
        except StreamError as error:
            raise StreamError(f"tag '{tag.key[:40]}' cannot be sent: {error}") from None
        parts += [_INDEX.pack(tag.index), key, value, _NO_SOURCE]
    return b"".join(parts)


def decode(message: Any) -> tuple[int, list[Tag], int]:
    """Read the header of a message, bytes or a buffer.

    Returns:
        The absolute index of the first item; the tags, with absolute indices in the sender's
        stream and values as tags carry them; the number of bytes before the items.

    Raises:
        StreamError: there is no such header, it is cut short, or a tag is no PMT.
    """
    size = len(message)
    if size < _HEAD.size:
        raise StreamError(
            f"a message of {size} bytes is too short for GNU Radio's header: {ADVICE}"
        )
    magic, version, offset, count = _HEAD.unpack_from(message)
    if magic != MAGIC:
        raise StreamError(f"a message has no header of GNU Radio's: {ADVICE}")
    if version != VERSION:
        raise StreamError(f"a message has a header of version {version}, not {VERSION}")
    if count * _LEAST_TAG > size - _HEAD.size:
        raise StreamError(f"a message of {size} bytes announces {count} tags")
    at = _HEAD.size
    tags = []
    for _ in range(count):
        if at + _INDEX.size > size:
            raise StreamError("a message ends within its tags")
        (index,) = _INDEX.unpack_from(message, at)
        key, at = pmt.read(message, at + _INDEX.size)
        value, at = pmt.read(message, at)
        _, at = pmt.read(message, at)
        tags.append(
            Tag(index, key if isinstance(key, str) else str(pmt.plain(key)), pmt.plain(value))
        )
    return offset, tags, at


def announced(message: Any) -> bool:
    """Whether a message begins as one with a header does."""
    return len(message) >= _HEAD.size and _HEAD.unpack_from(message)[:2] == (MAGIC, VERSION)
