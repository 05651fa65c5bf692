"""A file that is read in pieces, at places that its reader chooses."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from semradio.blocks.errors import ParameterError, StreamError


def opened(path: Path) -> int:
    """Return a descriptor of a regular file.

    Raises:
        ParameterError: about ``file``: it is missing, cannot be read, or is no regular file.
    """
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would never return.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ParameterError(f"file '{path}' cannot be read: {why}", "file") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ParameterError(f"'{path}' is not a regular file", "file")
    return descriptor


def fill(descriptor: int, room: memoryview, place: int, what: str) -> None:
    """Read as many bytes as there is room for, from byte ``place`` of a file on.

    Args:
        what: names the file in errors, such as ``file 'a.wav'``.

    Raises:
        StreamError: the file cannot be read, or became shorter.
    """
    while room:
        try:
            got = os.preadv(descriptor, [room], place)
        except OSError as error:
            raise StreamError(f"{what} cannot be read: {error.strerror}") from None
        if got == 0:
            raise StreamError(f"{what} became shorter while it was read")
        place += got
        room = room[got:]
