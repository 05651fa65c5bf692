"""Room for labels that stand beside the ends of their curves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def spread(wanted: Sequence[float], gap: float, low: float = 0.0, high: float = 1.0) -> list[float]:
    """Move positions apart by at least ``gap``, as little as possible (least squares).

    Returns the new positions, in the order of ``wanted``, within ``low`` and ``high`` if there is
    room for that. Source: the distances past the gaps are an isotonic regression.
    """
    from scipy.optimize import isotonic_regression  # type: ignore[import-untyped]

    if not wanted:
        return []
    order = np.argsort(np.asarray(wanted), kind="stable")
    steps = gap * np.arange(len(wanted))
    free = isotonic_regression(np.asarray(wanted)[order] - steps).x
    placed = np.empty(len(wanted))
    placed[order] = np.clip(free, low, max(low, high - steps[-1])) + steps
    return [float(position) for position in placed]
