"""How a run stands, once, as plain data: what ``semradio top --once`` prints."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import msgspec

from semradio.flowgraphs.control.client import Control
from semradio.flowgraphs.view.pace import pace

BETWEEN_S = 1.0
"""Seconds between the two looks that rates are worked out from."""


def snapshot(control: Control, seconds: float = BETWEEN_S) -> dict[str, Any]:
    """Return how a run stands as plain data: counts, rates, shares, metrics and parameters.

    Args:
        seconds: between the two looks that it takes.

    Raises:
        ControlError: the run has ended, or does not answer.
    """
    what = control.running()
    before = control.status()
    time.sleep(seconds)
    now = control.status()
    went = pace(before, now)
    found: dict[str, Any] = {
        "flowgraph": what.flowgraph,
        "pid": what.pid,
        "process": what.process,
        "endpoint": control.endpoint,
        "state": now.state,
        "elapsed_s": now.elapsed_s,
        "held_back_by": went.held_back_by,
    }
    for kind, key, parts, paces in (
        ("processes", "name", now.processes, went.processes),
        ("blocks", "name", now.blocks, went.blocks),
        ("edges", "label", now.edges, went.edges),
    ):
        found[kind] = [
            {**msgspec.to_builtins(part), **_told(paces, getattr(part, key))} for part in parts
        ]
    found["metrics"] = now.metrics
    found["parameters"] = msgspec.to_builtins(control.running().parameters)
    return found


def _told(paces: Any, name: str) -> dict[str, Any]:
    """Return rates and shares, rounded to what they are worth."""
    if name not in paces:
        return {}
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(paces[name]).items()}
