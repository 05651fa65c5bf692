"""The live changes of one process, each on the disk before it is applied."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

import msgspec

from semradio.flowgraphs.plain import for_message
from semradio.flowgraphs.runtime.change import Taken
from semradio.flowgraphs.runtime.failure import RunError

_NAME = "changes"


class Journal:
    """A file of changes, one a line.

    A last line that is not whole was being written when the process was killed: that change had not
    been applied, and is let go.

    Args:
        folder: of the process's checkpoints. anew: whether to forget what is there.

    Raises:
        RunError: it cannot be read or written.
    """

    def __init__(self, folder: Path, *, anew: bool) -> None:
        self.path = folder / _NAME
        try:
            self._file: IO[bytes] = self.path.open("w+b" if anew else "a+b")
            self._file.seek(0)
            lines = self._file.readlines()
            whole = [line for line in lines if line.endswith(b"\n")]
            self._file.truncate(sum(map(len, whole)))
            self.changes = [msgspec.json.decode(line, type=Taken) for line in whole]
        except OSError as error:
            raise RunError(f"cannot write {self.path}: {error.strerror}") from error
        except msgspec.DecodeError as error:
            raise RunError(f"{self.path}: is damaged ({error})") from None

    def add(self, change: Taken) -> None:
        """Keep a change; it is on the disk when this returns.

        Raises:
            RunError: it cannot be written.
        """
        try:
            self._file.write(msgspec.json.encode(change, enc_hook=for_message) + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise RunError(f"cannot write {self.path}: {error.strerror}") from error
        self.changes.append(change)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
