"""Means and confidence intervals over one axis of a table."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

from semradio.flowgraphs.sweep.table import Table, is_finite, is_number

CONFIDENCE = 0.95

ELAPSED, ERROR = "elapsed_s", "error"
"""Columns of a sweep's table that are no results of a block."""


def summarised(table: Table, over: str) -> Table:
    """Return the groups of a table's rows that differ in nothing but the axis ``over``.

    See :meth:`Table.summary`, which checks that there is such an axis.
    """
    others = tuple(axis for axis in table.axes if axis != over)
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in table.rows:
        if row.get(ERROR) is None:
            groups.setdefault(tuple(row[name] for name in others), []).append(row)
    results = [name for name in table.columns if _is_result(table, name)]
    rows = []
    for key, members in groups.items():
        row = {**dict(zip(others, key, strict=True)), "n": len(members)}
        for name in results:
            row[name], row[f"{name}.ci95"] = mean_and_interval([m[name] for m in members])
        rows.append(row)
    columns = [*others, "n", *(c for name in results for c in (name, f"{name}.ci95"))]
    return Table(columns, rows, others)


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


def _is_result(table: Table, name: str) -> bool:
    """Whether a column is a numeric result of a block: those have a dot, and are no axes."""
    if "." not in name or name in table.axes:
        return False
    found = [row[name] for row in table.rows if row[name] is not None]
    return bool(found) and all(map(is_number, found))
