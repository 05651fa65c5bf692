"""The line below a figure: on what it was measured, and how often."""

from __future__ import annotations

from semradio.blocks.datasets.catalogue import DATASETS
from semradio.flowgraphs.figures.declaration import Figure
from semradio.flowgraphs.sweep import Table

_SPLITS = {"heldout": "held-out images", "test": "test images", "train": "training images"}


def caption(figure: Figure, table: Table) -> str:
    """Return a figure's caption, told by its table."""
    runs = [row for row in table.rows if row["images"] is not None]
    sets = [
        f"{_title(dataset)}, {images:,} {_SPLITS.get(split, f'images of {split}')}"
        for dataset, split, images in dict.fromkeys(
            (row["dataset"], row["split"], row["images"]) for row in runs
        )
    ]
    seeds = len({row["seed"] for row in table.rows})
    if seeds > 1:
        drawn = (
            f"Mean and 95\u00a0% interval (Student's t) over {seeds} seeds of weights, batches and "
            "noise."
        )
    else:
        drawn = "One seed, so no intervals."
    parts = [f"{'; '.join([*sets, figure.note])}.", drawn]
    if any(row["training"] == "quick" for row in table.rows):
        parts.insert(0, "Quick training, which shows the course of things, not their size.")
    return " ".join(parts)


def _title(dataset: str) -> str:
    return DATASETS[dataset].title if dataset in DATASETS else dataset
