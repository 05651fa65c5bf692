"""Lines of text from a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, BinaryIO, Literal

import numpy as np

from semradio.blocks.api import (
    Array,
    ItemType,
    Output,
    ParameterError,
    StreamError,
    block,
    parameter,
    state,
)
from semradio.blocks.media.text_items import CONTINUED
from semradio.blocks.regular_file import unread
from semradio.blocks.sources.stored_file_source import StoredFileSource

_MARK = b"\xef\xbb\xbf"
"""With this some programs begin a file in UTF-8; it is no text."""

_PIECE = 1 << 16
"""Bytes of what is left out of a line that are read at once."""


@block("text_source", category="media")
class TextSource(StoredFileSource):
    r"""Give the lines of a text file, each as uint8[length]: its UTF-8, filled up with zeros.

    The file is in UTF-8 (ASCII is, too) and read line by line. What ends a line, LF or CR LF, is
    no part of the item; an empty line is an item of zeros. A line that is longer than an item is
    an error that names it, unless ``long`` says otherwise: ``cut`` leaves the rest out and counts
    it, ``split`` goes on in the next item, which has the tag ``continued``. Both cut between two
    characters. ``text_sink`` writes such items as lines again.

    Results:
        ``items``, and ``cut``, lines whose rest was left out.

    Raises:
        ParameterError: the file is missing or cannot be read.
        StreamError: at its item: a line is too long, is no UTF-8, or has a zero in it.

    Example:
        >>> from pathlib import Path
        >>> _ = Path("greeting.txt").write_text("Hi\n\nyou\n", encoding="utf-8")
        >>> TextSource(file="greeting.txt", length=4)()
        array([[ 72, 105,   0,   0],
               [  0,   0,   0,   0],
               [121, 111, 117,   0]], dtype=uint8)
    """

    file: str = parameter(doc="Path of the file, in UTF-8.")
    # A character has four bytes at most.
    length: int = parameter(128, low=4, unit="bytes", doc="Length of an item.")
    long: Literal["error", "cut", "split"] = parameter(
        "error", doc="What becomes of a line that is longer than an item."
    )
    repeat: bool = parameter(False, doc="Whether to begin again after the last line.")

    y = Output(doc="The lines.")

    items: int = state(0, doc="Items given.")
    cut: int = state(0, doc="Lines that were cut.")
    line: int = state(0, doc="Lines of this round that are over.")
    place: int = state(0, doc="Byte of the text that comes next.")
    within: bool = state(False, doc="Whether it goes on with a line.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType("uint8", (self.length,))}

    def start(self) -> None:
        super().start()
        self._begin = len(_MARK) if self._stored.head(len(_MARK)) == _MARK else 0
        self._size = self._stored.size - self._begin
        if self.repeat and self._size == 0:
            raise ParameterError(
                f"parameter 'repeat': file '{self._path}' gives no lines to repeat", "repeat"
            )

    def work(self, n: int, at: int) -> Array:
        self._stream.seek(self._begin + self.place)
        given: list[bytes] = []
        while len(given) < n and self.place < self._size:
            continued = self.within
            try:
                given.append(self._next())
            except StreamError:
                if not given:
                    raise
                # What stands before goes out first; it is met again as the next item.
                break
            if continued:
                self.tag(CONTINUED, True, at + len(given) - 1)
            if self.repeat and self.place >= self._size:
                self.place = self.line = 0
                self._stream.seek(self._begin)
        if self.place >= self._size:
            self.finish()
        self.items = at + len(given)
        filled = b"".join(text.ljust(self.length, b"\0") for text in given)
        return np.frombuffer(filled, np.uint8).reshape(len(given), self.length)

    def results(self) -> dict[str, Any]:
        return {"items": self.items, "cut": self.cut}

    @property
    def _stream(self) -> BinaryIO:
        assert self._stored.stream is not None  # open between start() and stop()
        return self._stored.stream

    def _next(self) -> bytes:
        """Return what the next item holds, and go on behind it."""
        # The end of a line is two bytes at most; with one more, this one is known to be too long.
        raw = self._line(self.length + 3)
        text = raw.removesuffix(b"\n").removesuffix(b"\r") if raw.endswith(b"\n") else raw
        long = len(text) > self.length
        if long:
            text = self._beginning(text)
        self._check(text)
        if long and self.long == "split":
            self._stream.seek(len(text) - len(raw), os.SEEK_CUR)
            self.place += len(text)
        else:
            self.place += self._over(raw)
            self.cut += long
            self.line += 1
        self.within = long and self.long == "split"
        return text

    def _beginning(self, text: bytes) -> bytes:
        """Return what fits into an item, of whole characters."""
        if self.long == "error":
            raise self._bad_line(
                f"has more than {self.length} bytes: raise 'length', or state 'long: cut' or "
                "'long: split'"
            )
        end = self.length
        while end and text[end] & 0xC0 == 0x80:
            end -= 1
        # Where there is no beginning of a character, it is no UTF-8, and told as such.
        return text[:end] or text[: self.length]

    def _over(self, raw: bytes) -> int:
        """Read a line that began with ``raw`` to its end; return how many bytes it has."""
        count = len(raw)
        while not raw.endswith(b"\n") and self.place + count < self._size:
            raw = self._line(_PIECE)
            count += len(raw)
        return count

    def _check(self, text: bytes) -> None:
        if b"\0" in text:
            raise self._bad_line("holds a byte of zero, which fills items up and is no text here")
        try:
            text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._bad_line(
                f"is no UTF-8 (byte 0x{text[error.start]:02x}): convert the file first, for "
                "instance with iconv"
            ) from None

    def _line(self, most: int) -> bytes:
        """Return the rest of a line, or its next bytes."""
        try:
            raw = self._stream.readline(most)
        except OSError as error:
            raise StreamError(f"file '{self._path}' {unread(error)}") from None
        if not raw:
            raise self._stored.shorter()
        return raw

    def _bad_line(self, text: str) -> StreamError:
        return StreamError(f"file '{self._path}', line {self.line + 1}: {text}")
