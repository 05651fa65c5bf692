"""A file that is read in pieces, at places that its reader chooses."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from semradio.blocks.errors import ParameterError, StreamError
from semradio.blocks.regular_file import open_regular, unread

Found = TypeVar("Found")


class StoredFile:
    """A file of a block's parameter ``file``, read where the reader wants.

    Attributes:
        path: where it is. stream: what it is read from; None while it is not open.

    Args:
        what: names the file in errors, such as ``file 'a.wav'``.
    """

    def __init__(self, path: Path, *, what: str = "") -> None:
        self.path = path
        self.stream: BinaryIO | None = None
        self._what = what or f"file '{path}'"

    def open(self) -> BinaryIO:
        """Open it.

        Raises:
            ParameterError: about ``file``: it is missing, cannot be read, or is no regular file.
        """
        try:
            self.stream = open_regular(self.path)
        except OSError as error:
            raise self.wrong(unread(error)) from None
        return self.stream

    def check(self) -> None:
        """Raise what :meth:`open` raises, for a file that somebody else opens."""
        try:
            open_regular(self.path).close()
        except OSError as error:
            raise self.wrong(unread(error)) from None

    def close(self) -> None:
        """Close it, if it is open."""
        if self.stream is not None:
            self.stream.close()
            self.stream = None

    @property
    def size(self) -> int:
        """Its bytes, while it is open."""
        assert self.stream is not None  # open() comes before
        return os.fstat(self.stream.fileno()).st_size

    def head(self, most: int) -> bytes:
        """Return its first bytes, ``most`` at most; ParameterError where it cannot be read."""
        return self.parsed(lambda stream, size: stream.read(most))

    def parsed(self, parse: Callable[[BinaryIO, int], Found]) -> Found:
        """Return what ``parse(stream, bytes)`` finds, reading from the beginning on.

        Raises:
            ParameterError: about ``file``: it cannot be read, or is what a ValueError of ``parse``
                says.
        """
        assert self.stream is not None  # open() comes before
        try:
            self.stream.seek(0)
            return parse(self.stream, self.size)
        except ValueError as error:
            raise self.wrong(str(error)) from None
        except OSError as error:
            raise self.wrong(unread(error)) from None

    def read(self, place: int, count: int) -> NDArray[np.uint8]:
        """Return ``count`` bytes from byte ``place`` on, as :meth:`fill` does it."""
        found = np.empty(count, np.uint8)
        self.fill(found.data, place)
        return found

    def fill(self, room: memoryview, place: int) -> None:
        """Read as many bytes as there is room for, from byte ``place`` on; its stream stays.

        Raises:
            StreamError: the file cannot be read, or became shorter.
        """
        assert self.stream is not None  # open() comes before
        while room:
            try:
                got = os.preadv(self.stream.fileno(), [room], place)
            except OSError as error:
                raise StreamError(f"{self._what} {unread(error)}") from None
            if got == 0:
                raise self.shorter()
            place += got
            room = room[got:]

    def wrong(self, text: str) -> ParameterError:
        """Return the error that says of the file what is wrong with it."""
        return ParameterError(f"{self._what} {text}", "file")

    def shorter(self) -> StreamError:
        """Return the error of a file that ends before the place where it did when it was opened."""
        return StreamError(f"{self._what} became shorter while it was read")
