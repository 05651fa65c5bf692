"""What a figure shows: the mean of each point over the seeds, with a 95 % interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from semradio.flowgraphs.figures.declaration import Figure, X
from semradio.flowgraphs.sweep import SweepError, Table
from semradio.flowgraphs.sweep.summary import mean_and_interval


@dataclass(frozen=True)
class Average:
    """The mean of one point over the seeds.

    half : half the width of the 95 % interval by Student's t; None from a single seed
    """

    mean: float
    half: float | None
    seeds: int


Key = tuple[str, str, X | None]
"""Letter of the panel, label of the curve, and x; None where the curve does not depend on x."""

Averages = Mapping[Key, Average]


def averages(figure: Figure, table: Table, source: Path | None = None) -> dict[Key, Average]:
    """Average a figure's table over the seeds.

    Args:
        source: the file that the table comes from, for messages.

    Raises:
        SweepError: the table is not one of this figure: a column, a curve or a point is missing,
            there is one that the figure does not have, or a value is no number.
    """
    where = f"{source}: " if source else ""
    lacking = [name for name in figure.columns if name not in table.columns]
    if lacking:
        raise SweepError(f"{where}no figure's table: no column {', '.join(lacking)}")
    wanted: dict[Key, list[float]] = {
        (letter, curve.label, x): []
        for letter, panel in figure.lettered.items()
        for curve in panel.curves
        for x in panel.places(curve)
    }
    for number, row in enumerate(table.rows, 2):
        if row["figure"] != figure.name:
            raise SweepError(f"{where}a table of the figure '{row['figure']}', not {figure.name}")
        x = float(row["x"]) if isinstance(row["x"], int) else row["x"]
        key = (row["panel"], row["curve"], x)
        if key not in wanted:
            raise SweepError(f"{where}row {number}: the figure has no {_named(key)}")
        wanted[key].append(row["value"])
    found = {}
    for key, values in wanted.items():
        if not values:
            raise SweepError(f"{where}no row for {_named(key)}")
        mean, half = mean_and_interval(values)
        if mean is None:
            raise SweepError(f"{where}{_named(key)}: a value is no number")
        found[key] = Average(mean, half, len(values))
    return found


def series(known: Averages, panel: str, curve: str, places: Sequence[X | None]) -> list[Average]:
    """Return the averages of a curve at the given values of x."""
    return [known[panel, curve, x] for x in places]


def summary(figure: Figure, known: Averages) -> Table:
    """Return the averages as a table; ``ci95`` is half the width of the interval."""
    axes = ("figure", "panel", "curve", "x")
    columns = [*axes, "mean", "ci95", "n"]
    rows = [
        dict(zip(columns, (figure.name, *key, a.mean, a.half, a.seeds), strict=True))
        for key, a in known.items()
    ]
    return Table(columns, rows, axes)


def _named(key: Key) -> str:
    panel, curve, x = key
    return f"curve '{curve}' in panel ({panel})" + ("" if x is None else f" at {x}")
