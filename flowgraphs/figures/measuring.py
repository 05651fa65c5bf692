"""The data of a figure: sweeps of flowgraphs over trained models, as one tidy table."""

from __future__ import annotations

import itertools
import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from semradio.flowgraphs.figures.cells import Cell, Grid, grids
from semradio.flowgraphs.figures.declaration import (
    AXES,
    Curve,
    Declared,
    Figure,
    Panel,
    X,
    resolved,
)
from semradio.flowgraphs.figures.models import Models
from semradio.flowgraphs.sweep import Sweep, SweepProgress, Table
from semradio.flowgraphs.sweep.progress import OnSweepProgress

_REPLICAS = "[*]"
"""In the name of a result: each replica of its block."""


@dataclass(frozen=True)
class Study:
    """Models and how they are measured.

    seeds : of the runs, and of the models if there are some for each seed
    frames : images of each run
    """

    models: Models
    seeds: tuple[int, ...]
    frames: int


def measure(
    figure: Figure,
    study: Study,
    store: Path,
    jobs: int | None = None,
    on_progress: OnSweepProgress | None = None,
) -> Table:
    """Run what has not been run yet, and return the figure's table.

    Args:
        store: folder of the sweeps' tables and stores; what stands there is not run again.
        jobs: worker processes; None: one for each core.

    Raises:
        SemradioError: as of :class:`Sweep`, or a model is not as it should be.
    """
    wanted = [
        (letter, panel, curve, x, None if panel.quantity in figure.costs else Cell.of(curve, x))
        for letter, panel in figure.lettered.items()
        for curve in panel.curves
        for x in panel.places(curve)
    ]
    cells = [cell for *_, cell in wanted if cell]
    runs = swept(cells, figure, study, store, jobs, on_progress)
    rows = []
    for letter, panel, curve, x, cell in wanted:
        for seed in study.seeds:
            known = {"figure": figure.name, "panel": letter, "x": x, "seed": seed}
            if cell is None:
                rows.append({**known, **_cost(figure, panel, curve, x, study, seed)})
            else:
                row = _result(figure, panel, curve, cell, runs[cell, seed])
                rows.append({**known, **row})
    training = study.models.training
    filled = [{**dict.fromkeys(figure.columns), **row, "training": training} for row in rows]
    return Table(list(figure.columns), filled, AXES)


Runs = dict[tuple[Cell, int], dict[str, Any]]
"""What the table of a sweep tells of each run and seed."""


def swept(
    cells: Sequence[Cell],
    figure: Declared,
    study: Study,
    store: Path,
    jobs: int | None,
    on_progress: OnSweepProgress | None,
) -> Runs:
    """Run what has not been run yet, and return a row of results for each cell and seed.

    Args:
        figure: has the settings and the environment of all runs.
        store: folder of the sweeps' tables and stores.
    """
    store.mkdir(parents=True, exist_ok=True)
    sweeps = grids(cells)
    total = sum(len(grid.cells) for grid in sweeps) * len(study.seeds)
    runs: Runs = {}
    titles: Counter[str] = Counter()
    course = _Course(total, on_progress)
    with _environment(figure.environment):
        for grid in sweeps:
            titles[grid.title] += 1
            number = titles[grid.title]
            name = grid.title if number == 1 else f"{grid.title}_{number}"
            table = _sweep(grid, figure.settings, study).run(
                out=store / f"{name}.csv", jobs=jobs, on_progress=course.tell
            )
            course.end_sweep()
            points = itertools.product(grid.cells, study.seeds)
            for (cell, seed), row in zip(points, table.rows, strict=True):
                runs[cell, seed] = row
    return runs


class _Course:
    """The progress of several sweeps, told as that of one."""

    def __init__(self, total: int, on_progress: OnSweepProgress | None) -> None:
        self._total = total
        self._on_progress = on_progress
        self._done = self._reused = 0
        self._latest: SweepProgress | None = None
        self._began = time.monotonic()

    def tell(self, now: SweepProgress) -> None:
        """Tell the progress of the sweep that runs, with those before it."""
        self._latest = now
        if self._on_progress is not None:
            elapsed = time.monotonic() - self._began
            done, reused = self._done + now.done, self._reused + now.reused
            self._on_progress(SweepProgress(done, self._total, 0, reused, elapsed))

    def end_sweep(self) -> None:
        """Count what the sweep that has run has done."""
        if self._latest is not None:
            self._done += self._latest.done
            self._reused += self._latest.reused


def _sweep(grid: Grid, settings: Mapping[str, str], study: Study) -> Sweep:
    axes: dict[str, Any] = {}
    if study.models.training != "none":
        # A text, because plain values are taken as they are and would not see the seed.
        folders = [json.dumps(str(study.models.folder(v, "${seed}"))) for v in grid.variants]
        axes["models"] = ",".join(folders)
    if grid.moving is not None:
        axes[grid.moving] = ",".join(grid.values)
    axes["seed"] = list(study.seeds)
    fixed = {**settings, **dict(grid.fixed), "frames": str(study.frames)}
    return Sweep(grid.flowgraph, axes, [f"{name}={value}" for name, value in fixed.items()])


def _result(
    figure: Figure, panel: Panel, curve: Curve, cell: Cell, run: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "curve": curve.label,
        "value": value_of(panel.quantity, run),
        "quantity": panel.quantity,
        "flowgraph": cell.flowgraph,
        "variant": cell.variant,
        "images": min([run["frames"], *_replicas("source[*].images", run)]),
        **{name: run.get(name) for name in figure.context},
    }


def value_of(quantity: str, run: Mapping[str, Any]) -> Any:
    """Return a result of a run; ``BLOCK[*].KEY`` is the mean over the replicas of a block."""
    return fmean(_replicas(quantity, run)) if _REPLICAS in quantity else run[quantity]


def _replicas(quantity: str, run: Mapping[str, Any]) -> list[Any]:
    """Return a result of all replicas of a block, or of the one block of that name."""
    name = re.compile(re.escape(quantity).replace(re.escape(_REPLICAS), r"(\[\d+\])?"))
    # The table of a sweep leaves out what other runs have and this one has not.
    return [value for key, value in run.items() if name.fullmatch(key) and value is not None]


def _cost(
    figure: Figure, panel: Panel, curve: Curve, x: X | None, study: Study, seed: int
) -> dict[str, Any]:
    variant = resolved(curve.variant, x)
    return {
        "curve": curve.label,
        "value": figure.costs[panel.quantity](study.models.folder(variant, seed)),
        "quantity": panel.quantity,
        "variant": variant,
    }


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment, and set them back afterwards."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            if name in before:
                os.environ[name] = before[name]
            else:
                del os.environ[name]
