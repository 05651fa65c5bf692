"""Checkpoints of one process as files: whole or not at all, and never trusted unread.

A file has a fixed header (magic, version, number, SHA-256 of the rest) and a body. It is written
under another name, put on the disk, and renamed; so a process that is killed in between leaves at
most a file of that other name, which nobody reads. What is damaged, of another version or of
another run is refused by name.

==========  =====  ==========================================
bytes       type   field
==========  =====  ==========================================
0-7         8s     magic ``smrdckpt``
8-11        u32    version, 1
12-19       u64    number of the checkpoint
20-51       32s    SHA-256 of all that follows
52-67       16s    the run that it belongs to
68-               the body
==========  =====  ==========================================
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import struct
import time
from pathlib import Path
from typing import IO, NamedTuple

from semradio.blocks.part_file import whole, write_whole
from semradio.flowgraphs.runtime.failure import RunError

if os.name == "posix":
    import fcntl

MAGIC = b"smrdckpt"
VERSION = 1

_HEAD = struct.Struct("<8sIQ32s")
_RUN = 16
"""Bytes that a run is known by."""

_ENDING, _PART = ".checkpoint", ".part"
_LOCK, _NAME = "lock", "run"

_LOCKED_S = 5.0
"""Seconds that a process which is just ending may take to let go of its folder."""


class Found(NamedTuple):
    """A checkpoint that can be read."""

    number: int
    body: bytes


class Store:
    """The folder of one process's checkpoints, which is this process's alone while it runs.

    Args:
        folder: made where it is not there.

    Raises:
        RunError: it cannot be used, or another process uses it.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.refused: list[str] = []
        """Why files were passed over, by name."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock: IO[bytes] | None = (self.folder / _LOCK).open("ab")
        except OSError as error:
            raise RunError(f"cannot keep checkpoints in {folder}: {error.strerror}") from error
        self._take_lock()
        self.run = self._named()
        for path in self.folder.glob(f"*{_PART}"):
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let another process have the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def write(self, number: int, body: bytes) -> None:
        """Keep a checkpoint; it is on the disk when this returns.

        Raises:
            OSError: it could not be written; nothing of it is left.
        """
        rest = self.run + body
        with whole(self._path(number), durable=True) as part, part.open("wb") as file:
            digest = hashlib.sha256(rest).digest()
            file.write(_HEAD.pack(MAGIC, VERSION, number, digest))
            file.write(rest)

    def numbers(self) -> list[int]:
        """Return the numbers of the checkpoints that are there, readable or not, in order."""
        stems = [path.stem for path in self.folder.glob(f"*{_ENDING}")]
        return sorted(int(stem) for stem in stems if stem.isdecimal())

    def read(self, number: int) -> Found | None:
        """Return a checkpoint; None where it cannot be used: :attr:`refused` then says why."""
        path = self._path(number)
        try:
            data = path.read_bytes()
        except OSError as error:
            self._refuse(path, f"cannot be read ({error.strerror})")
            return None
        if len(data) < _HEAD.size + _RUN or not data.startswith(MAGIC):
            self._refuse(path, "is no checkpoint")
            return None
        _, version, written, digest = _HEAD.unpack_from(data)
        if version != VERSION:
            self._refuse(path, f"is of version {version}, not {VERSION}")
            return None
        rest = data[_HEAD.size :]
        if hashlib.sha256(rest).digest() != digest:
            self._refuse(path, "is damaged")
            return None
        if rest[:_RUN] != self.run or written != number:
            self._refuse(path, "is of another run")
            return None
        return Found(number, rest[_RUN:])

    def remove(self, number: int) -> None:
        """Keep a checkpoint no longer."""
        with contextlib.suppress(OSError):
            self._path(number).unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget everything: another run begins here."""
        for number in self.numbers():
            self.remove(number)
        (self.folder / _NAME).unlink(missing_ok=True)
        self.run = self._named()

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:08d}{_ENDING}"

    def _refuse(self, path: Path, why: str) -> None:
        self.refused.append(f"{path} {why}")

    def _named(self) -> bytes:
        """Return what the run is known by, the same each time that a process goes on with it."""
        path = self.folder / _NAME
        with contextlib.suppress(OSError):
            known = path.read_bytes()
            if len(known) == _RUN:
                return known
        run = secrets.token_bytes(_RUN)
        try:
            write_whole(path, run)
        except OSError as error:
            raise RunError(f"cannot write {path}: {error.strerror}") from error
        return run

    def _take_lock(self) -> None:
        if os.name != "posix" or self._lock is None:
            return
        deadline = time.monotonic() + _LOCKED_S
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                if time.monotonic() > deadline:
                    self.close()
                    raise RunError(f"another process keeps its checkpoints in {self.folder}") from (
                        None
                    )
            time.sleep(0.02)
