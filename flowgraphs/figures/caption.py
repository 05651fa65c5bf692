"""The line below a figure: on what it was measured, and how often."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from semradio.blocks.datasets.catalogue import DATASETS
from semradio.flowgraphs.figures.declaration import Examples, Figure
from semradio.flowgraphs.sweep import Table

if TYPE_CHECKING:
    from semradio.flowgraphs.figures.examples import Sheet

_SPLITS = {"heldout": "held-out images", "test": "test images", "train": "training images"}
_QUICK = "Quick training, which shows the course of things, not their size."


def caption(figure: Figure, table: Table) -> str:
    """Return a figure's caption, told by its table."""
    runs = [row for row in table.rows if row["images"] is not None]
    sets = list(dict.fromkeys(_measured_on(row) for row in runs))
    trainings = {row["training"] for row in table.rows}
    seeds = len({row["seed"] for row in table.rows})
    measured = "; ".join(part for part in (*sets, figure.note) if part)
    return _joined(f"{measured}.", _drawn(figure, trainings, seeds), trainings)


def sheet_caption(examples: Examples, sheet: Sheet) -> str:
    """Return the caption of a sheet of examples."""
    drawn = f"Beside each row, the mean over {sheet.images:,} images."
    if sheet.training == "zoo":
        drawn += " One training stands behind each row."
    return _joined(f"{examples.note}.", drawn, {sheet.training})


def _joined(measured: str, drawn: str, trainings: set[str]) -> str:
    return " ".join([_QUICK] * ("quick" in trainings) + [measured, drawn])


def _drawn(figure: Figure, trainings: set[str], seeds: int) -> str:
    """Return what the intervals are over."""
    shipped = "zoo" in trainings
    if seeds == 1:
        told = shipped or "none" in trainings
        known = f"One seed of {_words(figure.chance)}" if told else "One seed"
        words = f"{known}, so no intervals."
    else:
        over = (
            figure.chance
            if shipped or "none" in trainings
            else ("weights", "batches", *figure.chance)
        )
        words = f"Mean and 95\u00a0% interval (Student's t) over {seeds} seeds of {_words(over)}."
    return f"One training stands behind each curve. {words}" if shipped else words


def _words(several: tuple[str, ...]) -> str:
    *first, last = several
    return f"{', '.join(first)} and {last}" if first else last


def _measured_on(row: dict[str, Any]) -> str:
    """Return what a run had to send; of a figure without data sets, the number of frames."""
    images = row["images"]
    if not {"dataset", "datasets"} & row.keys():
        return f"{images:,} frames"
    datasets, split = _datasets(row), row["split"]
    told = f"{' and '.join(datasets)}, {images:,} {_SPLITS.get(split, f'images of {split}')}"
    return told + " of each" * (len(datasets) > 1)


def _datasets(row: dict[str, Any]) -> tuple[str, ...]:
    """Return the data sets of a run: one, or those of the users."""
    names = json.loads(row["datasets"]) if "datasets" in row else [row["dataset"]]
    return tuple(DATASETS[name].title if name in DATASETS else name for name in names)
