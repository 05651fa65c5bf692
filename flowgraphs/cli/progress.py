"""Progress of a run: a live table on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from semradio.flowgraphs.flowgraph import Flowgraph
from semradio.flowgraphs.runtime.run.supervisor import OnProgress

LINE_EVERY = 5.0
"""Seconds between two lines where there is no terminal."""


@contextmanager
def progress_display(flowgraph: Flowgraph, quiet: bool) -> Iterator[OnProgress | None]:
    """Yield the function that a run calls with its progress; None if nothing is to be shown."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _live_table() as show:
            yield show
    else:
        yield _plain_lines()


def _plain_lines() -> OnProgress:
    last = time.monotonic()

    def show(processes: Mapping[str, Mapping[str, Any]]) -> None:
        nonlocal last
        if time.monotonic() - last < LINE_EVERY:
            return
        last = time.monotonic()
        parts = [
            f"{name} {max(shown['items'].values(), default=0)}" for name, shown in processes.items()
        ]
        print("items: " + ", ".join(parts), file=sys.stderr, flush=True)

    return show


@contextmanager
def _live_table() -> Iterator[OnProgress]:
    from rich import box
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

    began: dict[str, tuple[float, int]] = {}

    def table(processes: Mapping[str, Mapping[str, Any]]) -> Table:
        grid = Table(box=box.SIMPLE_HEAD)
        for heading in ("process", "block", "items", "items/s", "MiB"):
            grid.add_column(heading, justify="left" if heading in ("process", "block") else "right")
        now = time.monotonic()
        for process, shown in processes.items():
            memory = f"{shown['rss_bytes'] / 2**20:.0f}"
            for k, (block, items) in enumerate(shown["items"].items()):
                since, at = began.setdefault(block, (now, items))
                rate = (items - at) / (now - since) if now > since else 0.0
                grid.add_row(
                    process if k == 0 else "",
                    block,
                    f"{items:,}",
                    f"{rate:,.0f}",
                    memory if k == 0 else "",
                )
        return grid

    # Without a thread of its own: progress comes several times a second, and the run may fork.
    with Live(console=Console(stderr=True), transient=True, auto_refresh=False) as live:
        yield lambda processes: live.update(table(processes), refresh=True)
