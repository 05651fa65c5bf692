"""Opening a file to read it, where a folder, a device or a pipe is none."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO


class NotRegularError(OSError):
    """It is a folder, a device or a pipe."""

    def __init__(self) -> None:
        super().__init__(errno.EINVAL, "Not a regular file")


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file, from its beginning on.

    Raises:
        OSError: it cannot be opened, or is no regular file; :func:`unread` says it in words.
    """
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would never return.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error)) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegularError
    return os.fdopen(descriptor, "rb")


def open_to_others(stream: BinaryIO) -> str | None:
    """Return the mode of an open file that not its owner alone may use, such as ``0644``."""
    mode = os.fstat(stream.fileno()).st_mode
    return f"{stat.S_IMODE(mode):04o}" if mode & (stat.S_IRWXG | stat.S_IRWXO) else None


def unread(error: OSError) -> str:
    """Return why a file was not opened or read, to be put after its name."""
    if isinstance(error, NotRegularError):
        return "is not a regular file"
    return f"cannot be read: {error.strerror or error}"
