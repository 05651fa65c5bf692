"""Means and confidence intervals over one axis of a table."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

from semradio.flowgraphs.sweep.numbers import is_finite, is_number

CONFIDENCE = 0.95

ELAPSED, ERROR = "elapsed_s", "error"
"""Columns of a sweep's table that are no results of a block."""


Row = dict[str, Any]


def summarised(
    columns: Sequence[str], rows: Sequence[Row], others: Sequence[str], axes: Sequence[str]
) -> tuple[list[str], list[Row]]:
    """Return columns and rows of a table's summary: one row for each value of the ``others``.

    See :meth:`semradio.flowgraphs.sweep.table.Table.summary`.

    Args:
        columns, rows, axes: of the table. others: the axes that are left.
    """
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row.get(ERROR) is None:
            groups.setdefault(tuple(row[name] for name in others), []).append(row)
    results = [name for name in columns if name not in axes and _is_result(rows, name)]
    told = []
    for key, members in groups.items():
        row = {**dict(zip(others, key, strict=True)), "n": len(members)}
        for name in results:
            row[name], row[f"{name}.ci95"] = mean_and_interval([m[name] for m in members])
        told.append(row)
    names = [*others, "n", *(c for name in results for c in (name, f"{name}.ci95"))]
    return names, told


def mean_and_interval(values: Sequence[Any]) -> tuple[float | None, float | None]:
    """Return the mean and the half-width of its 95 % interval by Student's t.

    t(0.975, n - 1) s / sqrt(n), with s the sample standard deviation; the values are taken to be
    independent and normal. None for what cannot be told: both where a value is no finite
    number, the half-width where there is one value only.
    """
    if not all(map(is_finite, values)):
        return None, None
    mean, n = statistics.fmean(values), len(values)
    if n == 1:
        return mean, None
    # Imported late: it takes longer than everything else here.
    from scipy.special import stdtrit  # type: ignore[import-untyped]

    quantile = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2))
    return mean, quantile * statistics.stdev(values) / math.sqrt(n)


def _is_result(rows: Sequence[Row], name: str) -> bool:
    """Whether a column that is no axis is a numeric result of a block: those have a dot."""
    if "." not in name:
        return False
    found = [row[name] for row in rows if row[name] is not None]
    return bool(found) and all(map(is_number, found))
