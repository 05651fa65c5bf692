"""The data of a figure: sweeps of flowgraphs over trained models, as one tidy table."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semradio.flowgraphs.figures.cells import Cell, Grid, grids
from semradio.flowgraphs.figures.costs import COSTS
from semradio.flowgraphs.figures.declaration import Curve, Figure, Panel, X, resolved
from semradio.flowgraphs.sweep import Sweep, SweepProgress, Table
from semradio.flowgraphs.sweep.progress import OnSweepProgress

CONTEXT = (
    "dataset",
    "split",
    "snr_db",
    "eve_snr_db",
    "protect",
    "restore",
    "follow",
    "attacker",
    "power.psr_db",
    "power.power_gain_db",
)
"""Variables and results of each run that the table tells besides the value."""

AXES = ("figure", "panel", "curve", "x", "seed")
"""Columns that tell the rows of the table apart."""

COLUMNS = (
    *AXES,
    "value",
    "quantity",
    "flowgraph",
    "variant",
    "training",
    "images",
    *CONTEXT,
)
"""Columns of the table. ``x`` is empty where a curve does not depend on it; ``training`` is
``full`` or ``quick``; ``power.psr_db`` is the measured PSR."""

KEY_VARIABLE = "SEMRADIO_KEY"
KEY = "c0de" * 16
"""The key of keyed links while they are measured. It is published here and protects nothing; the
figures shall be the same everywhere."""


@dataclass(frozen=True)
class Study:
    """Trained models and how they are measured.

    root : holds ``VARIANT/seed-N/MODEL.onnx``
    quick : whether they were trained in a hurry
    frames : images of each run
    """

    root: Path
    seeds: tuple[int, ...]
    quick: bool
    frames: int

    def folder(self, variant: str, seed: int) -> Path:
        """Return the folder of a variant's models."""
        return self.root / variant / f"seed-{seed}"


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
        (letter, panel, curve, x, None if panel.quantity in COSTS else Cell.of(curve, x))
        for letter, panel in figure.lettered.items()
        for curve in panel.curves
        for x in panel.places(curve)
    ]
    cells = [cell for *_, cell in wanted if cell]
    runs = _swept(cells, figure.settings, study, store, jobs, on_progress)
    rows = []
    for letter, panel, curve, x, cell in wanted:
        for seed in study.seeds:
            known = {"figure": figure.name, "panel": letter, "x": x, "seed": seed}
            if cell is None:
                rows.append({**known, **_cost(panel, curve, x, study, seed)})
            else:
                rows.append({**known, **_result(panel, curve, cell, runs[cell, seed])})
    training = "quick" if study.quick else "full"
    filled = [{**dict.fromkeys(COLUMNS), **row, "training": training} for row in rows]
    return Table(list(COLUMNS), filled, AXES)


Runs = dict[tuple[Cell, int], dict[str, Any]]


def _swept(
    cells: Sequence[Cell],
    settings: Mapping[str, str],
    study: Study,
    store: Path,
    jobs: int | None,
    on_progress: OnSweepProgress | None,
) -> Runs:
    """Return a row of results for each cell and seed."""
    store.mkdir(parents=True, exist_ok=True)
    sweeps = grids(cells)
    total = sum(len(grid.cells) for grid in sweeps) * len(study.seeds)
    runs: Runs = {}
    titles: Counter[str] = Counter()
    course = _Course(total, on_progress)
    with _published_key():
        for grid in sweeps:
            titles[grid.title] += 1
            number = titles[grid.title]
            name = grid.title if number == 1 else f"{grid.title}_{number}"
            table = _sweep(grid, settings, study).run(
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
    # A text, because plain values are taken as they are and would not see the seed.
    folders = [json.dumps(str(study.root / v / "seed-${seed}")) for v in grid.variants]
    axes: dict[str, Any] = {"models": ",".join(folders)}
    if grid.moving is not None:
        axes[grid.moving] = ",".join(grid.values)
    axes["seed"] = list(study.seeds)
    fixed = {**settings, **dict(grid.fixed), "frames": str(study.frames)}
    return Sweep(grid.flowgraph, axes, [f"{name}={value}" for name, value in fixed.items()])


def _result(panel: Panel, curve: Curve, cell: Cell, run: dict[str, Any]) -> dict[str, Any]:
    return {
        "curve": curve.label,
        "value": run[panel.quantity],
        "quantity": panel.quantity,
        "flowgraph": cell.flowgraph,
        "variant": cell.variant,
        "images": min(run["frames"], run["source.images"]),
        **{name: run.get(name) for name in CONTEXT},
    }


def _cost(panel: Panel, curve: Curve, x: X | None, study: Study, seed: int) -> dict[str, Any]:
    variant = resolved(curve.variant, x)
    return {
        "curve": curve.label,
        "value": COSTS[panel.quantity](study.folder(variant, seed)),
        "quantity": panel.quantity,
        "variant": variant,
    }


@contextmanager
def _published_key() -> Iterator[None]:
    """Let keyed links find the published key in the environment."""
    before = os.environ.get(KEY_VARIABLE)
    os.environ[KEY_VARIABLE] = KEY
    try:
        yield
    finally:
        if before is None:
            del os.environ[KEY_VARIABLE]
        else:
            os.environ[KEY_VARIABLE] = before
