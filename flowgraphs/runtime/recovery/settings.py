"""What a process is told about going on after it was killed."""

from __future__ import annotations

from pathlib import Path

import msgspec

from semradio.flowgraphs.plan import Plan

RESTARTS = 3
"""How often a process is started again within a time, where the file does not say."""

SPARES = 2
"""Workers that wait for a process to die: two neighbours may die at once."""

WHOLE = "run"
"""Name of the folder of a flowgraph that runs in one process."""

RETAINED_BYTES = 1 << 27
"""Bytes that an edge keeps for a receiver that may have to start again, where that is more than
four times what the edge holds."""


class Recovery(msgspec.Struct):
    """How a process keeps itself recoverable."""

    folder: str
    """Where its checkpoints are."""
    every: float | None = None
    """Seconds between two of them; None: by what one costs."""
    recoverable: bool = True
    """Whether it keeps any; others may even where it cannot."""
    ended: list[str] = []
    """Processes that have all they wanted, and are gone."""


def wanted(plan: Plan, state: str | Path | None) -> bool:
    """Whether checkpoints are to be kept.

    Args:
        state: the folder that the user names; None if none.
    """
    if plan.checkpoint is not None:
        return plan.checkpoint > 0
    return state is not None or bool(plan.restart)


def restarts(plan: Plan) -> int:
    """Return how often within a time a process is started again."""
    return RESTARTS if plan.restart is None else int(plan.restart)


def spares(plan: Plan) -> int:
    """Return how many workers are to wait for their job, where processes are started again."""
    return min(SPARES, restarts(plan), len(plan.processes))


def retained(capacity: int, item_bytes: int) -> int:
    """Return how many items the sender of an edge keeps at most; both ends know.

    Args:
        capacity: items that the edge holds. item_bytes: bytes of one.
    """
    return max(4 * capacity, RETAINED_BYTES // max(1, item_bytes))
