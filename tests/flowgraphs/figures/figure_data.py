"""Made-up data for any figure."""

from __future__ import annotations

import numpy as np

from semradio.flowgraphs.figures.declaration import AXES, Examples, Figure
from semradio.flowgraphs.figures.examples import Sheet, UserPictures
from semradio.flowgraphs.sweep import Table


def made_up(figure: Figure, seeds: int = 3) -> Table:
    """Return a table as measuring gives it; each curve and each seed has values of its own."""
    rows = []
    for letter, panel in figure.lettered.items():
        for number, curve in enumerate(panel.curves):
            for place, x in enumerate(panel.places(curve)):
                for seed in range(seeds):
                    value = 0.9 - 0.1 * number - 0.02 * place + 0.01 * seed
                    row = {
                        "figure": figure.name,
                        "panel": letter,
                        "curve": curve.label,
                        "x": x,
                        "seed": seed,
                        "value": value / 40 if panel.quantity == "quality.mse" else value,
                        "quantity": panel.quantity,
                        "training": "zoo" if figure.zoo else "full",
                        "images": 10_000,
                        **_sets(figure),
                    }
                    rows.append({**dict.fromkeys(figure.columns), **row})
    return Table(list(figure.columns), rows, AXES)


def _sets(figure: Figure) -> dict[str, str]:
    if "datasets" in figure.context:
        return {"datasets": '["mnist", "fashion-mnist"]', "split": "test"}
    return {"dataset": "mnist", "split": "heldout"}


def made_up_sheet(examples: Examples, images: int = 10_000) -> Sheet:
    """Return a sheet as collecting gives it; the pictures are all different."""
    random = np.random.default_rng(0)
    rows = len(examples.rows)
    shape = (10, 28, 28) if examples.pictures is None else (examples.pictures, 24, 36, 3)
    users = tuple(
        UserPictures(
            sent=random.integers(0, 256, shape, np.uint8),
            received=random.integers(0, 256, (rows, *shape), np.uint8),
            values=random.random(rows),
        )
        for _ in examples.users
    )
    labels = tuple(row.label for row in examples.rows)
    return Sheet(examples.name, labels, users, images, "zoo")
