"""Read as many bytes as an untrusted header announces, without taking its word for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from semradio.blocks.errors import DatasetError

_CHUNK = 1 << 20


class Readable(Protocol):
    """Whatever gives at most ``size`` bytes per call, and none at its end."""

    def read(self, size: int, /) -> bytes:
        """Give the next bytes."""
        ...


def pieces(stream: Readable, count: int, name: str) -> Iterator[bytes]:
    """Give the next ``count`` bytes in pieces, so that none is allocated before it is there.

    Raises DatasetError, with ``name``, where the stream ends before.
    """
    while count > 0:
        piece = stream.read(min(count, _CHUNK))
        if not piece:
            raise DatasetError(f"{name}: truncated: {count} bytes that its header announces lack")
        count -= len(piece)
        yield piece


def collected(stream: Readable, count: int, name: str) -> bytearray:
    """Return the next ``count`` bytes; for the rest see :func:`pieces`."""
    kept = bytearray()
    for piece in pieces(stream, count, name):
        kept += piece
    return kept


def passed_over(stream: Readable, count: int, name: str) -> None:
    """Drop the next ``count`` bytes; for the rest see :func:`pieces`."""
    for _ in pieces(stream, count, name):
        pass


def expect_end(stream: Readable, name: str) -> None:
    """Raise DatasetError, with ``name``, where the stream has more to give."""
    # Reading on at the end is also what makes gzip and zip compare their checksums.
    if stream.read(1):
        raise DatasetError(f"{name}: trailing bytes: more than its header announces")
