"""Plain text in columns, as the listings of the command line show it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

WIDTH = 100
"""Characters of a line at most, where the words allow it."""

INDENT = 2
"""Spaces in front of each line, and between two cells."""


def columns(rows: Sequence[Sequence[str]], *, widest: int = 32) -> list[str]:
    """Return the lines of a table, its last column wrapped.

    Args:
        rows: cells of each row; all rows have as many.
        widest: a longer cell takes the rest of its line, and the next one starts below.
    """
    starts = [INDENT]
    for k in range(len(rows[0]) - 1):
        fitting = [len(row[k]) for row in rows if len(row[k]) <= widest]
        starts.append(starts[-1] + max(fitting, default=widest // 2) + INDENT)
    return [line for row in rows for line in _row(row, starts)]


def _row(row: Sequence[str], starts: Sequence[int]) -> list[str]:
    lines = [""]
    for cell, start in zip(row, starts, strict=True):
        for text in textwrap.wrap(
            cell, max(WIDTH - start, 30), break_long_words=False, break_on_hyphens=False
        ):
            _put(lines, text, start)
    return [line.rstrip() for line in lines]


def _put(lines: list[str], text: str, start: int) -> None:
    """Write a text at a column of the last line, or of a new one where that is taken."""
    if not text:
        return
    if lines[-1] and len(lines[-1]) + INDENT > start:
        lines.append("")
    lines[-1] = lines[-1].ljust(start) + text
