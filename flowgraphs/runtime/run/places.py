"""What a run needs of the system: a folder whose sockets have short names, and file descriptors."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from semradio.flowgraphs.runtime.failure import RunError

LONGEST = 107
"""Bytes of a UNIX socket's path at most (``sun_path`` of unix(7), less its zero)."""

_PREFIX = "semradio-"
"""How the name of such a folder begins."""

BASE_FILES = 64
"""File descriptors that one process of a run needs: libraries, models, sockets and ZeroMQ."""


def socket_folder(count: int) -> str:
    """Make and return a folder of this user's alone for ``count`` sockets.

    The folder for temporary files is tried first, ``/tmp`` where the names would be too long.

    Raises:
        RunError: no folder will do; it says why.
    """
    folders = list(dict.fromkeys([tempfile.gettempdir(), "/tmp"]))
    reasons = []
    for folder in folders:
        # mkdtemp adds eight characters to its prefix.
        longest = len(os.fsencode(f"{folder}/{_PREFIX}12345678/{count}"))
        if longest > LONGEST:
            reasons.append(f"{folder} gives a path of {longest} bytes, {LONGEST} are possible")
            continue
        try:
            return tempfile.mkdtemp(prefix=_PREFIX, dir=folder)
        except OSError as error:
            reasons.append(f"{folder}: {error.strerror}")
    raise RunError(
        f"no folder for the sockets between processes: {'; '.join(reasons)}; set TMPDIR to a "
        "folder with a short path, or use --transport tcp"
    )


def clear_away(endpoint: str) -> None:
    """Remove a socket whose launcher has gone, and its folder if it was the last one there."""
    if not endpoint.startswith("ipc://"):
        return
    socket = Path(endpoint.removeprefix("ipc://"))
    with contextlib.suppress(OSError):
        socket.unlink(missing_ok=True)
        if socket.parent.name.startswith(_PREFIX):
            socket.parent.rmdir()


STRANGERS = 4096
"""Connections that may be open at a socket which other hosts reach, where the system lets it be."""


def make_room_for_strangers() -> None:
    """Raise the limit of file descriptors, of which each connection takes one, as far as we may."""
    try:
        import resource
    except ImportError:  # not on this system
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = STRANGERS + BASE_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def check_descriptors(more: int = 0) -> None:
    """Raise the limit of file descriptors if this run needs that, as far as the system lets us.

    ZeroMQ ends the whole program where it gets none.

    Args:
        more: descriptors needed beside those of one process.

    Raises:
        RunError: the limit is too low.
    """
    try:
        import resource
    except ImportError:  # not on this system
        return
    needed = BASE_FILES + more
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise RunError(
            f"this run needs {needed} file descriptors, the limit is {hard}: raise it with "
            f"'ulimit -n {max(1024, needed)}', or as root"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
