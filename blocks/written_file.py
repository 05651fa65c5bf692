"""A file that is written piece by piece, and gets its name when it is complete."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from semradio.blocks.errors import ParameterError, StreamError

Place = dict[str, Any]
"""How far a file is, as plain data."""


class WrittenFile:
    """A file that goes to ``FILE.part``, which takes the place of FILE at the end.

    So a file of the given name is always whole, and an earlier one survives a run that fails.
    Another process can go on with it from a :meth:`place`.

    Attributes:
        path: its name once it is complete. stream: what is written to; None while it is not open.

    Args:
        append: whether to add to the file that is there, at once under its name.
        devices: whether devices and pipes are written to, at once under their names.
        what: names the file in errors, such as ``file 'a.wav'``.
    """

    def __init__(
        self, path: Path, *, append: bool = False, devices: bool = False, what: str = ""
    ) -> None:
        self.path = path
        self.stream: BinaryIO | None = None
        self._append = append
        self._devices = devices
        self._straight = append
        self._what = what or f"file '{path}'"

    @property
    def part(self) -> Path:
        """Its name while it is written."""
        return self.path if self._straight else self.path.with_name(self.path.name + ".part")

    def open(self) -> BinaryIO:
        """Begin it anew, or go on at its end where that is asked for.

        Raises:
            ParameterError: about ``file``: it cannot be written.
        """
        try:
            if self.path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            device = self.path.exists() and not self.path.is_file()
            if device and not self._devices:
                # The complete file would take its place, for good and for everybody.
                raise ValueError("it is a device or a pipe, which only raw items can go to")
            self._straight = self._append or device
            self.stream = self.part.open("ab" if self._append else "wb")
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise ParameterError(f"{self._what} cannot be written: {why}", "file") from None
        return self.stream

    def place(self) -> Place | None:
        """Return how far it is; all of it is handed to the system by then.

        Raises:
            StreamError: it cannot be written.
        """
        if self.stream is None:
            return None
        with self.writing() as stream:
            stream.flush()
            return {"size": stream.tell(), "inode": os.fstat(stream.fileno()).st_ino}

    def unsynced(self) -> list[int]:
        """Return the descriptors of what is not known to be on the disk."""
        return [] if self.stream is None else [self.stream.fileno()]

    def reopen(self, place: Place) -> BinaryIO:
        """Open it as it was at a place; what was written after that is cut off.

        It may have got its name after that: it is given the other one back.

        Raises:
            StreamError: the file is gone, or is another one.
        """
        part = self.part
        try:
            if not _is(part, place) and _is(self.path, place):
                self.path.replace(part)
            if not _is(part, place):
                raise StreamError(
                    f"'{part}' is not the file any more that was being written when the run was "
                    "broken off: begin anew"
                )
            self.stream = part.open("r+b")
            self.stream.truncate(place["size"])
            self.stream.seek(place["size"])
        except OSError as error:
            raise StreamError(f"file '{part}' cannot be written: {error.strerror}") from None
        return self.stream

    def close(self) -> None:
        """See that all of it is on the disk, and close it; then it may :meth:`take_name`."""
        stream = self.stream
        assert stream is not None  # open() comes before
        stream.flush()
        if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            os.fsync(stream.fileno())
        stream.close()

    def take_name(self) -> None:
        """Give it its name; with that it is complete."""
        if not self._straight:
            self.part.replace(self.path)
        self.stream = None

    def abandon(self) -> str:
        """Close it as it is; returns what there is to say of that, '' if nothing."""
        if self.stream is None:
            return ""
        # What closing may report as well would hide why it is not complete.
        with contextlib.suppress(OSError):
            self.stream.close()
        self.stream = None
        if self._straight:
            return ""
        return f"'{self.path}' is not complete; what was written is in '{self.part}'"

    @contextlib.contextmanager
    def writing(self) -> Iterator[BinaryIO]:
        """Give the stream, and make a StreamError that names the file of an OSError."""
        stream = self.stream
        assert stream is not None  # open() comes before
        try:
            yield stream
        except OSError as error:
            why = error.strerror or error
            raise StreamError(f"{self._what} cannot be written: {why}") from None


def _is(path: Path, place: Place) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return bool(status.st_ino == place["inode"] and status.st_size >= place["size"])
