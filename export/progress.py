"""How a training run reports what it is doing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress


@dataclass(frozen=True)
class Event:
    """One step of a run: an epoch of a phase is done, or the phase ended early."""

    phase: str
    """The phase's name: what is being trained."""
    epoch: int
    """Epochs done so far, counted from 1; 0 when a phase begins."""
    epochs: int
    """Epochs planned."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """Measured on the validation images after this epoch; ``loss`` is always among them."""
    finished: bool = False
    """The phase needs no further epoch."""


Progress = Callable[[Event], None]
"""A callback that is given each event, in order, in the thread that trains."""


def silent(event: Event) -> None:
    """Report nothing."""


def as_text(event: Event) -> str:
    """Return an event as one line, such as ``base 3/30 loss=0.0412``."""
    figures = " ".join(f"{key}={value:.4g}" for key, value in event.figures.items())
    return f"{event.phase} {event.epoch}/{event.epochs} {figures}".rstrip()


def lines(event: Event) -> None:
    """Print one line per epoch to standard error; standard output stays free for results."""
    if event.epoch:
        print(as_text(event), file=sys.stderr, flush=True)


@contextmanager
def shown(quiet: bool = False) -> Iterator[Progress]:
    """Give the callback that suits: silent, bars on a terminal, or else plain lines."""
    console = Console(stderr=True)
    if quiet:
        yield silent
    elif not console.is_terminal:
        yield lines
    else:
        columns = (
            TextColumn("{task.description:14}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[figures]}"),
        )
        with RichProgress(*columns, console=console) as bars:
            yield _on_bars(bars)


def _on_bars(bars: RichProgress) -> Progress:
    tasks: dict[str, TaskID] = {}

    def show(event: Event) -> None:
        if event.phase not in tasks:
            tasks[event.phase] = bars.add_task(event.phase, total=event.epochs, figures="")
        figures = " ".join(f"{key} {value:.4g}" for key, value in event.figures.items())
        # A phase that stopped early is complete, whatever number of epochs was planned.
        total = event.epoch if event.finished else event.epochs
        bars.update(tasks[event.phase], completed=event.epoch, total=total, figures=figures)

    return show
