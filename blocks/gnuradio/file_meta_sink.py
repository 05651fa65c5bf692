"""A stream written as GNU Radio's File Meta Sink writes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    ParameterError,
    Sink,
    StreamError,
    Tag,
    block,
    parameter,
    state,
)
from semradio.blocks.api.tag import check_value
from semradio.blocks.gnuradio import pmt
from semradio.blocks.gnuradio.meta_file import Header, headers_of
from semradio.blocks.written_file import WrittenFile


@block("file_meta_sink", category="gnuradio")
class FileMetaSink(Sink):
    """Write the items with their tags to a file that GNU Radio's File Meta Source reads.

    A header stands before the first item, before each item with tags, and after ``max_segment``
    items without any. It tells the type, the rate (``sample_rate``, or the latest tag ``rx_rate``),
    the time of the item after it (the latest tag ``rx_time``, or 0 for the first item, and from
    there on by the rate), ``extra``, and the tags of that item. With ``detached`` headers stand in
    ``FILE.hdr``, and FILE has the items alone.

    The files are named ``*.part`` until the stream has ended and all is on the disk.

    The format knows bytes by one name: ``uint8`` is read as ``int8`` by those who ask the header.
    Where a tag has the value that the same key has in the header before, ``file_meta_source`` does
    not repeat it.

    Results:
        ``items``, ``headers`` and the ``file``.

    Raises:
        ParameterError: the file cannot be written.
        ItemTypeError: ``complex_pairs`` with items whose last axis is not of two integers.
        StreamError: writing failed later; a tag is too large for a header.

    Example:
        >>> found = FileMetaSink(file="mine.meta", sample_rate=1e6)(np.complex64([1, 2j]))
        >>> found["items"], found["headers"]
        (2, 1)
        >>> FileMetaSource(file="mine.meta")()
        array([1.+0.j, 0.+2.j], dtype=complex64)

    Source:
        GNU Radio 3.10, gr-blocks.
    """

    file: str = parameter(doc="Path of the file; its folder must exist.")
    sample_rate: float = parameter(1.0, above=0, unit="Hz", doc="Rate until a tag rx_rate.")
    extra: dict[str, Any] = parameter({}, doc="What every header tells besides.")
    detached: bool = parameter(False, doc="Whether the headers go to a file of their own.")
    complex_pairs: bool = parameter(
        False, doc="Whether the last axis of an item, of two integers, is a complex number."
    )
    max_segment: int = parameter(
        1_000_000, low=1, unit="items", doc="Items after a header at most."
    )

    listens = ("*",)
    x = Input(
        "int8[...] | uint8[...] | int16[...] | int32[...] | int64[...] | float32[...] | "
        "float64[...] | complex64[...] | complex128[...]",
        doc="Any stream of a type that the format has.",
    )

    items: int = state(0, doc="Items written.")
    headers: int = state(0, doc="Headers written.")
    tags: dict[str, Any] = state(factory=dict, doc="Tags of the next item.")
    segment: int = state(0, doc="Items after the latest header.")
    latest: Header | None = state(None, doc="The latest header, which does not know its items.")
    place: int = state(0, doc="Byte at which the latest header stands.")
    rate: float | None = state(None, doc="Of the latest tag rx_rate.")
    time: tuple[int, float] = state((0, 0.0), doc="Seconds, and their fraction, at ``dated``.")
    dated: int = state(0, doc="Item that ``time`` is that of.")

    def configure(self) -> None:
        self._path = Path(self.file).expanduser()
        try:
            self._extra = {key: check_value(value, key) for key, value in self.extra.items()}
            pmt.serialize(self._extra)
        except StreamError as error:
            raise ParameterError(f"parameter 'extra' cannot be written: {error}", "extra") from None

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        item = inputs["x"]
        pair = item.shape[-1:] == (2,) and item.numpy.kind in "iu"
        if self.complex_pairs and not pair:
            raise ItemTypeError(
                f"parameter 'complex_pairs' of block '{self.name}' needs items whose last axis is "
                f"of two integers, such as int16[2], not {item}"
            )
        return {}

    @cached_property
    def _items(self) -> WrittenFile:
        return WrittenFile(self._path)

    @cached_property
    def _headers(self) -> WrittenFile:
        return WrittenFile(headers_of(self._path)) if self.detached else self._items

    @property
    def _files(self) -> list[WrittenFile]:
        return [self._items, self._headers] if self.detached else [self._items]

    def start(self) -> None:
        if self.enabled:
            self._open()

    def on_tag(self, tag: Tag) -> None:
        value = tag.value
        if tag.key == "rx_rate":
            if not _is_number(value) or not 0 < value < math.inf:
                self.note(f"a tag rx_rate of {value!r} is no rate, and was left out")
                return
            self._advance(tag.index)
            self.rate = float(value)
        elif tag.key == "rx_time":
            if not _is_time(value):
                self.note(f"a tag rx_time of {value!r} is no time, and was left out")
                return
            self.time, self.dated = (int(value[0]), float(value[1])), tag.index
        self.tags[tag.key] = value

    def work(self, x: Array, at: int) -> None:
        if not len(x):
            return
        if self._items.stream is None:
            self._open()
        raw, size = np.ascontiguousarray(x), self.max_segment
        while len(raw):
            if self.tags or not self.headers or self.segment == size:
                self._begin_segment(self.items)
            count = min(len(raw), size - self.segment)
            with self._items.writing() as items:
                items.write(raw[:count].reshape(-1).view(np.uint8).data)
            self.segment += count
            self.items += count
            raw = raw[count:]

    def flush(self) -> None:
        if self._items.stream is None:
            return
        if not self.headers:
            self._begin_segment(0)
        self._end_segment()
        with self._items.writing():
            for file in self._files:
                file.close()
            # The headers first: FILE is there when all is.
            for file in reversed(self._files):
                file.take_name()
            if not self.detached:
                # Of an earlier recording, it would be taken for this one's.
                headers_of(self._path).unlink(missing_ok=True)

    def stop(self) -> None:
        for file in self._files:
            if why := file.abandon():
                self.note(why)

    def results(self) -> dict[str, Any]:
        return {"items": self.items, "headers": self.headers, "file": str(self._path)}

    def _open(self) -> None:
        for file in self._files:
            if file.path.exists() and not file.path.is_file():
                raise ParameterError(
                    f"'{file.path}' is not a regular file, and headers could not be completed",
                    "file",
                )
            file.open()

    def _begin_segment(self, at: int) -> None:
        """Write the header of the item ``at``."""
        if self.headers:
            self._end_segment()
        self._advance(at)
        known = {key: v for key, v in self.tags.items() if key not in ("rx_rate", "rx_time")}
        item = self.input_types["x"]
        is_complex = self.complex_pairs or item.numpy.kind == "c"
        about = {**self._extra, **known}
        self.latest = Header(item, is_complex, self._rate, self.time, 0, about)
        self.tags, self.segment = {}, 0
        with self._headers.writing() as stream:
            self.place = stream.tell()
            stream.write(self.latest.serialized())
        self.headers += 1

    def _end_segment(self) -> None:
        """Tell the latest header how many bytes follow it."""
        assert self.latest is not None  # written at the start of the segment
        size = self.segment * self.latest.item.nbytes
        with self._headers.writing() as stream:
            end = stream.tell()
            stream.seek(self.place)
            stream.write(self.latest._replace(size=size).serialized())
            stream.seek(end)

    @property
    def _rate(self) -> float:
        return self.sample_rate if self.rate is None else self.rate

    def _advance(self, at: int) -> None:
        """Bring the time on to that of item ``at``."""
        whole, part = self.time
        fraction = part + (at - self.dated) / self._rate
        seconds = math.floor(fraction)
        self.time, self.dated = (whole + seconds, fraction - seconds), at


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_time(value: Any) -> bool:
    """Whether a value is [whole seconds, fraction], as GNU Radio's tags have it."""
    if not isinstance(value, list) or len(value) != 2 or not all(map(_is_number, value)):
        return False
    whole, part = float(value[0]), float(value[1])
    return 0 <= whole < 2.0**64 and whole.is_integer() and 0 <= part < 1
