"""A file that is written in one go, and that is there whole or not at all.

One that grows piece by piece, over a whole run, is a
:class:`~semradio.blocks.written_file.WrittenFile`.
"""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path


def part_of(path: Path) -> Path:
    """Return the name that a file has while this process writes it: hidden, in the same folder."""
    return path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}.part")


@contextlib.contextmanager
def whole(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Give the name to write a file under; at the end it takes the place of the file, in one step.

    Where that fails, an old file is as it was, and nothing is left of the new one.

    Args:
        durable: whether it is on the disk after that, so that a power cut does not undo it.
    """
    part = part_of(path)
    try:
        yield part
        if durable:
            with part.open("r+b") as stream:
                os.fsync(stream.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    if durable:
        _sync_folder(path.parent)


def write_whole(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Replace a file as :func:`whole` does it.

    Raises:
        OSError: it cannot be written.
    """
    with whole(path, durable=durable) as part:
        part.write_bytes(content)


def check_writable(path: Path) -> None:
    """See that a file can be written here, before there is anything to write.

    Raises:
        OSError: it cannot be.
    """
    clear_parts(path)
    part = part_of(path)
    part.touch(exist_ok=False)
    part.unlink()
    if path.is_dir():
        raise IsADirectoryError(None, "it is a folder")


def clear_parts(path: Path) -> None:
    """Remove what processes of this host left of a file when they were killed.

    Raises:
        OSError: one of them cannot be removed.
    """
    before, after = f".{path.name}.{platform.node()}.", ".part"
    for part in path.parent.glob(".*.part"):
        process = part.name.removeprefix(before).removesuffix(after)
        if part.name == f"{before}{process}{after}" and process.isdecimal():
            import psutil

            if not psutil.pid_exists(int(process)):
                part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Put a folder on the disk, where a rename is noted."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
