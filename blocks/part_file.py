"""The name that a file written in one go has until it is whole."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def part_of(path: Path) -> Path:
    """Return the name that a file has while this process writes it: hidden, in the same folder."""
    return path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}.part")


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
