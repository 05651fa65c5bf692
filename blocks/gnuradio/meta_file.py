"""The files of GNU Radio's File Meta Sink: stretches of raw items, each with a header before it.

A header is a dictionary in PMT's bytes, 149 of them, and a second one for what else is known. It
tells the type and size of an item, the rate and time of the first item after it, and how many bytes
follow. Detached headers stand one after the other in ``FILE.hdr``. Source: GNU Radio 3.10,
``gr-blocks/lib/file_meta_sink_impl.cc``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from semradio.blocks.api import ItemType, ParameterError, StreamError
from semradio.blocks.gnuradio import pmt
from semradio.blocks.regular_file import unread
from semradio.blocks.stored_file import StoredFile

_HEAD_BYTES = 149
_MOST_EXTRA = 1 << 20
_RAILS = ("int8", "int16", "int32", "int32", "int64", "float32", "float64")
"""By GNU Radio's number of a type (3, long, is written with four bytes)."""

_COMPLEX = {"float32": "complex64", "float64": "complex128"}
_SIZES = {"int8": 1, "int16": 2, "int32": 4, "int64": 8, "float32": 4, "float64": 8}


_NUMBERS = {"int8": 0, "uint8": 0, "int16": 1, "int32": 2, "int64": 4, "float32": 5, "float64": 6}
"""GNU Radio's numbers of the types, of the parts where they are complex."""


class Stretch(NamedTuple):
    """Items that stand together."""

    begin: int
    """Byte of the first one."""
    items: int
    about: dict[str, Any]
    """What the header tells: rx_rate, rx_time and more, as tags carry it."""


class MetaFile:
    """Where the items of a file stand; only its headers are read.

    Raises:
        ParameterError: the file cannot be read, or has no such headers.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        self.stretches: list[Stretch] = []
        self._item: ItemType | None = None
        headers = headers_of(self.path)
        try:
            with StoredFile(path).open() as items:
                size = _size(items)
                if headers.exists():
                    with StoredFile(headers).open() as stream:
                        self._detached(stream, _size(stream), size)
                else:
                    self._attached(items, size)
        except OSError as error:
            raise self._wrong(unread(error)) from None
        except StreamError as error:
            raise self._wrong(f"is no file of GNU Radio's File Meta Sink: {error}") from None
        if self._item is None:
            raise self._wrong("is no file of GNU Radio's File Meta Sink: it is empty")
        self.item: ItemType = self._item
        self.items: int = sum(stretch.items for stretch in self.stretches)

    def _wrong(self, text: str) -> ParameterError:
        return ParameterError(f"file '{self.path}' {text}", "file")

    def _attached(self, stream: BinaryIO, size: int) -> None:
        at = 0
        while at < size:
            stream.seek(at)
            about, begin, stated = self._header(stream)
            at = self._add(about, at + begin, stated, size)

    def _detached(self, stream: BinaryIO, headers: int, size: int) -> None:
        at = place = 0
        while place < headers:
            stream.seek(place)
            about, begin, stated = self._header(stream)
            place += begin
            at = self._add(about, at, stated, size)

    def _header(self, stream: BinaryIO) -> tuple[dict[str, Any], int, int]:
        """Read a header: what it tells, its own bytes, and those of the items after it."""
        found, end = pmt.read(stream.read(_HEAD_BYTES), 0)
        if not isinstance(found, dict) or end > _HEAD_BYTES:
            raise StreamError("there is no header where one should be")
        try:
            begin, stated = int(found["strt"]), int(found["bytes"])
            item = _item(int(found["type"]), bool(found["cplx"]), int(found["size"]))
            about = {key: pmt.plain(found[key]) for key in ("rx_rate", "rx_time")}
        except (KeyError, TypeError, ValueError, IndexError):
            raise StreamError("a header lacks what it should tell") from None
        if not _HEAD_BYTES <= begin <= _HEAD_BYTES + _MOST_EXTRA:
            raise StreamError(f"a header says that it has {begin} bytes")
        if self._item not in (None, item):
            raise StreamError(f"its items are {self._item} at first, and then {item}")
        self._item = item
        if begin > _HEAD_BYTES:
            extra, _ = pmt.read(stream.read(begin - _HEAD_BYTES), 0)
            if isinstance(extra, dict):
                about.update(pmt.plain(extra))
        return about, begin, stated

    def _add(self, about: dict[str, Any], begin: int, stated: int, size: int) -> int:
        """Note a stretch; returns where it ends."""
        assert self._item is not None  # the header told it
        left = size - begin
        if stated > left or (stated == 0 and left):
            # The program that wrote it was broken off before it told how many there are.
            self.notes.append(f"a header tells of {stated} bytes of items, the file has {left}")
            stated = left
        self.stretches.append(Stretch(begin, stated // self._item.nbytes, about))
        return begin + stated


class Header(NamedTuple):
    """What a header tells of the items after it."""

    item: ItemType
    is_complex: bool
    """Whether its values are complex: by their dtype, or integers two by two."""
    rate: float
    time: tuple[int, float]
    """Seconds, and their fraction."""
    size: int
    """Bytes of the items after it."""
    about: dict[str, Any]
    """All else."""

    def serialized(self) -> bytes:
        """Return its bytes, always as many for the same ``about``.

        Raises:
            StreamError: ``about`` is more than a header holds.
        """
        # None, the empty dictionary, is what GNU Radio writes where there is nothing.
        about = pmt.serialize(self.about)
        if len(about) > _MOST_EXTRA:
            raise StreamError(
                f"tags of {len(about)} bytes do not fit a header, which holds {_MOST_EXTRA}"
            )
        part = np.empty(0, self.item.numpy).real.dtype.name
        head = pmt.serialize(
            {
                "version": 0,
                "rx_rate": float(self.rate),
                "rx_time": (pmt.UInt64(self.time[0]), self.time[1]),
                "size": self.item.nbytes,
                "type": _NUMBERS[part],
                "cplx": self.is_complex,
                "bytes": pmt.UInt64(self.size),
                "strt": pmt.UInt64(_HEAD_BYTES + len(about)),
            }
        )
        assert len(head) == _HEAD_BYTES
        return head + about


def _size(stream: BinaryIO) -> int:
    return os.fstat(stream.fileno()).st_size


def headers_of(path: Path) -> Path:
    """Return where detached headers of a file stand."""
    return path.with_name(path.name + ".hdr")


def _item(number: int, is_complex: bool, size: int) -> ItemType:
    """The item type by GNU Radio's number, and bytes of an item; ValueError if they disagree."""
    rail = _RAILS[number] if number >= 0 else _RAILS[len(_RAILS)]
    dtype, parts = rail, 2 if is_complex else 1
    if is_complex and rail in _COMPLEX:
        dtype, parts = _COMPLEX[rail], 1
    each = _SIZES[rail] * (2 if is_complex else 1)
    length, left = divmod(size, each)
    if left or length < 1:
        raise ValueError(size)
    shape = [n for n in (length, parts) if n > 1]
    return ItemType(dtype, tuple(shape))
