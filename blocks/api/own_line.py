"""Where an error arose in a file of the user's own, and what is meant by one that is often met."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Container

READ_ONLY = "read-only"
"""What NumPy's text of writing into an array that may only be read ends with."""


def last_line(error: BaseException, files: Container[str]) -> str:
    """Return ``FILE:LINE`` of the innermost call in one of the files; empty if there is none."""
    found = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename in files:
            found = f"{frame.f_code.co_filename}:{line}"
    return found


def in_block(error: BaseException, block: type) -> str:
    """Return what helps the author of a block, in brackets: the line of the block's own file.

    Nothing for blocks that come with semradio, whose lines help no user.
    """
    modules = [c.__module__ for c in block.__mro__ if c.__module__.split(".")[0] != "semradio"]
    files = [getattr(sys.modules.get(name), "__file__", None) for name in modules]
    line = last_line(error, [file for file in files if file is not None])
    if not line:
        return ""
    if isinstance(error, ValueError) and str(error).endswith(READ_ONLY):
        return f" ({line}; inputs belong to other blocks too: copy before writing)"
    return f" ({line})"
