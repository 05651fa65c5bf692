"""Which sessions a key has served for: a small file beside the key file.

One line for each run: the public name of key and session (nothing about either), the first frame,
and, once the run has ended, the first number that it did not use. A run that ended without a word
has used all numbers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semradio.blocks.errors import ParameterError

ENDING = ".used"
"""Added to the name of a key file."""

_OPEN = "..."


class Ledger:
    """The sessions of one key.

    Args:
        reference: where the key is; one in the environment has no ledger.
        name: the public name of key and session, 16 hexadecimal digits.
    """

    def __init__(self, reference: str, name: str) -> None:
        kind, _, place = reference.partition(":")
        self.path = Path(place + ENDING).expanduser() if kind == "file" else None
        self.name = name

    def claim(self, first: int, session: str) -> None:
        """Note that frames from ``first`` on are used from now on.

        Raises:
            ParameterError: they were used before, or the ledger cannot be written.
        """
        with self._locked() as lines:
            free = _free(lines, self.name)
            if free is None or first < free:
                again = "" if free is None else f", or go on with first_frame={free}"
                raise ParameterError(
                    f"session {session!r} has served with this key already ({self.path}), and a "
                    "frame number that serves twice shows what it hides: leave 'session' out for a "
                    f"fresh one, or state another{again}; with 'reuse: true' a study, which sends "
                    "nothing, is repeated",
                    "session",
                )
            lines.append(f"{self.name} {first} {_OPEN}")

    def release(self, first: int, following: int) -> None:
        """Note that the claim from ``first`` on ended before frame ``following``."""
        with self._locked() as lines:
            claimed = f"{self.name} {first} {_OPEN}"
            if claimed in lines:
                lines[lines.index(claimed)] = f"{self.name} {first} {following}"

    @contextmanager
    def _locked(self) -> Iterator[list[str]]:
        """Yield the lines, and write them if they were changed; nobody else does meanwhile."""
        if self.path is None:
            yield []
            return
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise ParameterError(
                f"'{self.path}', where the sessions of a key are noted, cannot be written: "
                f"{error.strerror}; keep the key in a folder of yours",
                "keys",
            ) from None
        with os.fdopen(descriptor, "r+", encoding="ascii") as file:
            _lock(descriptor)
            before = file.read().splitlines()
            lines = list(before)
            yield lines
            if lines != before:
                file.seek(0)
                file.write("".join(f"{line}\n" for line in lines))
                file.truncate()
                file.flush()
                os.fsync(descriptor)


def _free(lines: list[str], name: str) -> int | None:
    """Return the first number that no run of a session has used; None if all may be."""
    free = 0
    for line in lines:
        fields = line.split()
        if len(fields) == 3 and fields[0] == name:
            if not fields[2].isdecimal():
                return None
            free = max(free, int(fields[2]))
    return free


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # not on this system
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX)
