"""How a download tells what it does: a bar on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class SilentReport:
    """Say nothing; the base of the others."""

    def line(self, text: str) -> None:
        """Say one thing."""

    def begin(self, name: str, size: int) -> None:
        """Start the file ``name`` of ``size`` bytes."""

    def held(self, count: int) -> None:
        """Tell how many bytes of the present file are there."""


class PlainReport(SilentReport):
    """Lines on standard error, for logs."""

    def line(self, text: str) -> None:
        """Say one thing."""
        print(text, file=sys.stderr, flush=True)


class BarReport(SilentReport):
    """A bar per file."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def line(self, text: str) -> None:
        """Say one thing, above the bars."""
        self._bars.console.print(text, markup=False, highlight=False)

    def begin(self, name: str, size: int) -> None:
        """Add the bar of the file ``name``."""
        self._task = self._bars.add_task(name, total=size)

    def held(self, count: int) -> None:
        """Move the bar of the present file."""
        if self._task is not None:
            self._bars.update(self._task, completed=count)


@contextmanager
def reporting(progress: bool) -> Iterator[SilentReport]:
    """Give the report that suits standard error; silent where ``progress`` is false."""
    if not progress:
        yield SilentReport()
    elif not sys.stderr.isatty():
        yield PlainReport()
    else:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        ) as bars:
            yield BarReport(bars)
