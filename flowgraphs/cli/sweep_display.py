"""What a sweep shows: a bar while it runs, a short table at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from semradio.flowgraphs.cli.progress import LINE_EVERY
from semradio.flowgraphs.sweep.numbers import is_number
from semradio.flowgraphs.sweep.progress import SweepProgress
from semradio.flowgraphs.sweep.summary import ERROR
from semradio.flowgraphs.sweep.table import Table

if TYPE_CHECKING:
    from rich.progress import Progress

ROWS = 40
"""Rows that are shown at most."""

CI = ".ci95"


class SweepDisplay(Protocol):
    """Shows how far a sweep has come: called with its progress."""

    def __call__(self, progress: SweepProgress, /) -> None: ...

    def preparing(self, done: int, total: int) -> None:
        """Show how many cells are worked out and checked, before the first one runs."""


@contextmanager
def progress_display(quiet: bool) -> Iterator[SweepDisplay | None]:
    """Yield what a sweep calls with its progress; None if nothing is to be shown."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _Lines()


def as_text(progress: SweepProgress) -> str:
    """Return progress as one line."""
    failed = f", {progress.failed} failed" if progress.failed else ""
    reused = f" ({progress.reused} from before)" if progress.reused else ""
    rate = f", {progress.rate:.3g} cells/s" if progress.rate else ""
    cells = "cell" if progress.done == 1 else "cells"
    return f"{progress.done} {cells} done{reused}{failed}, {progress.left} left{rate}"


def print_table(table: Table) -> None:
    """Print the first rows: axes and what differs between them; means with their intervals."""
    rows = table.rows[:ROWS]
    axes = [name for name in table.axes if _differs(table, name)]
    results = [
        name
        for name in table.columns
        if "." in name and name not in table.axes and not name.endswith(CI)
        and _differs(table, name) and all(_is_short(row[name]) for row in rows)
    ]  # fmt: skip
    if ERROR in table.columns:
        results.append(ERROR)
    shown = [
        ([_cell(row[name]) for name in axes], [_with_interval(row, name) for name in results])
        for row in rows
    ]
    if not sys.stdout.isatty():
        for left, right in shown:
            where = ", ".join(f"{n}={v}" for n, v in zip(axes, left, strict=True))
            what = ", ".join(f"{n} = {v}" for n, v in zip(results, right, strict=True) if v)
            print(f"{where}: {what}" if where else what)
    else:
        _print_columns([*axes, *results], [left + right for left, right in shown])
    if len(table.rows) > len(rows):
        print(f"and {len(table.rows) - len(rows)} rows more")


class _Lines:
    """Plain lines, one in a while."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, progress: SweepProgress) -> None:
        begins = progress.done + progress.failed == progress.reused and progress.reused
        self._show(as_text(progress), at_once=bool(begins))

    def preparing(self, done: int, total: int) -> None:
        self._show(_preparing(done, total))

    def _show(self, line: str, at_once: bool = False) -> None:
        if at_once or time.monotonic() - self._last >= LINE_EVERY:
            self._last = time.monotonic()
            print(line, file=sys.stderr, flush=True)


@contextmanager
def _bar() -> Iterator[SweepDisplay]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield _Bar(bars)


class _Bar:
    """A bar for the preparation, and then another one for the cells that run."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._bar = bars.add_task("preparing", total=None)
        self._runs = False

    def __call__(self, progress: SweepProgress) -> None:
        if not self._runs:
            # A task of its own, whose remaining time follows from what runs alone.
            self._bars.remove_task(self._bar)
            self._bar = self._bars.add_task("", total=progress.total)
            self._runs = True
        self._bars.update(
            self._bar,
            description=as_text(progress),
            total=progress.total,
            completed=progress.done + progress.failed,
        )

    def preparing(self, done: int, total: int) -> None:
        self._bars.update(
            self._bar, description=_preparing(done, total), total=total, completed=done
        )


def _preparing(done: int, total: int) -> str:
    return f"preparing {done:,} of {total:,} cells"


def _print_columns(names: list[str], rows: list[list[str]]) -> None:
    """Print so many columns as the terminal has room for."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable

    console = Console()
    grid = RichTable(box=box.SIMPLE_HEAD)
    room, shown = console.width - 2, 0
    for k, name in enumerate(names):
        heading = name.replace(".", "\n")
        room -= 3 + max(map(len, [*heading.split("\n"), *(row[k] for row in rows)]))
        if room < 0 and shown:
            break
        grid.add_column(heading, justify="right", overflow="fold")
        shown += 1
    for row in rows:
        grid.add_row(*row[:shown])
    console.print(grid)
    if shown < len(names):
        console.print(f"and {len(names) - shown} columns more", highlight=False)


def _differs(table: Table, name: str) -> bool:
    return len(table.rows) == 1 or len({str(row[name]) for row in table.rows}) > 1


def _is_short(value: Any) -> bool:
    return not isinstance(value, str) or len(value) <= 20


def _with_interval(row: dict[str, Any], name: str) -> str:
    half = row.get(name + CI)
    return _cell(row[name]) + (f" ± {half:.2g}" if half else "")


def _cell(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    return f"{value:.4g}" if is_number(value) else str(value)
