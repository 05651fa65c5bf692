"""Made-up data for any figure."""

from __future__ import annotations

from semradio.flowgraphs.figures.declaration import Figure
from semradio.flowgraphs.figures.measuring import AXES, COLUMNS
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
                        "training": "full",
                        "images": 10_000,
                        "dataset": "mnist",
                        "split": "heldout",
                    }
                    rows.append({**dict.fromkeys(COLUMNS), **row})
    return Table(list(COLUMNS), rows, AXES)
