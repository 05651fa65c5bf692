"""Where control sockets of this user's runs are found: a folder that nobody else can enter.

``$XDG_RUNTIME_DIR/semradio`` where there is one, else ``semradio-UID`` in the folder for temporary
files. A socket is called ``PID.sock``.
"""

from __future__ import annotations

import itertools
import os
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from semradio.blocks.errors import SemradioError

LONGEST = 100
"""Bytes of a socket's path at most; systems allow a little more."""

_SETTLED_S = 5.0
"""Seconds after which a socket that nobody listens on has been left behind."""

_taken: set[Path] = set()
_taking = threading.Lock()


def folders() -> list[Path]:
    """Return the folders in which this user's sockets may be, the preferred one first."""
    if sys.platform == "win32":
        return []
    found = []
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        found.append(Path(runtime) / "semradio")
    found.append(Path(tempfile.gettempdir()) / f"semradio-{os.getuid()}")
    return found


def take(ending: str = ".sock") -> Path:
    """Return the path of a new socket of this process, in a folder made for it.

    Args:
        ending: of its name; that of control sockets, unless it is for something else.

    Raises:
        SemradioError: no folder can be used; it says why.
    """
    reasons = []
    for folder in folders():
        reason = _made(folder)
        if reason is None:
            with _taking:
                path = next(p for p in _names(folder, ending) if p not in _taken)
                _taken.add(path)
            return path
        reasons.append(reason)
    raise SemradioError("; ".join(reasons) or "this system has no sockets in folders")


def give_back(path: Path) -> None:
    """Remove a socket that :func:`take` gave the name of."""
    path.unlink(missing_ok=True)
    _taken.discard(path)


def sockets() -> list[Path]:
    """Return the sockets in the folders of this user, also those left behind."""
    found: list[Path] = []
    for folder in folders():
        if _closed(folder) is None:
            with suppress(OSError):
                found += sorted(folder.glob("*.sock"))
    return found


def unseen() -> list[str]:
    """Return why there are folders that cannot be looked into, one reason for each."""
    there = [folder for folder in folders() if os.path.lexists(folder)]
    return [reason for reason in map(_closed, there) if reason is not None]


def clear(path: Path) -> None:
    """Remove a socket that nobody listens on, unless it is only about to be used."""
    with suppress(OSError):
        if time.time() - path.lstat().st_mtime > _SETTLED_S:
            path.unlink()


def _names(folder: Path, ending: str) -> Iterator[Path]:
    yield folder / f"{os.getpid()}{ending}"
    for number in itertools.count(2):
        yield folder / f"{os.getpid()}-{number}{ending}"


def _made(folder: Path) -> str | None:
    """Make a folder if need be; returns why it cannot be used, None if it can."""
    if len(os.fsencode(folder)) > LONGEST - 20:
        return f"the path of {folder} is too long for a socket"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        return f"cannot make {folder}: {error.strerror or error}"
    return _own(folder) or (None if os.access(folder, os.W_OK) else f"cannot write to {folder}")


def _closed(folder: Path) -> str | None:
    """Return why a folder is not looked into; None if it is."""
    readable = os.access(folder, os.R_OK | os.X_OK)
    return _own(folder) or (None if readable else f"cannot read {folder}")


def _own(folder: Path) -> str | None:
    """Return why a folder is not this user's alone; None if it is."""
    if sys.platform == "win32":
        return "not on this system"
    try:
        found = folder.lstat()
    except OSError as error:
        return f"cannot use {folder}: {error.strerror or error}"
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        return f"{folder} is not a folder of this user"
    if found.st_mode & 0o077:
        return f"others may enter {folder} (chmod 700 it)"
    return None
