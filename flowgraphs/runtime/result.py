"""What a run found out and what it counted."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.plan import Plan


@dataclass(slots=True)
class RunResult:
    """Results and counts of one run; ``result["quality"]["mse"]`` reads a block's result."""

    flowgraph: str
    variables: dict[str, Any] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    edges: dict[str, dict[str, int]] = field(default_factory=dict)
    blocks: dict[str, dict[str, Any]] = field(default_factory=dict)
    elapsed_s: float = 0.0
    processes: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    interrupted: bool = False
    """Whether the user stopped the run; the streams were still drained."""

    def __getitem__(self, block: str) -> dict[str, Any]:
        return self.results[block]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, in the form that ``--json`` writes."""
        return {
            "flowgraph": self.flowgraph,
            "variables": self.variables,
            "results": self.results,
            "edges": self.edges,
            "blocks": self.blocks,
            "elapsed_s": self.elapsed_s,
            "processes": self.processes,
            "notes": self.notes,
            "interrupted": self.interrupted,
        }

    def to_json(self) -> str:
        """Return :meth:`as_dict` as JSON text; numbers that JSON lacks become null."""
        return json.dumps(_plain(self.as_dict()), indent=2)


def merge(plan: Plan, reports: Mapping[str, Mapping[str, Any]]) -> RunResult:
    """Join the reports of all processes of a run.

    Raises:
        SemradioError: the two ends of an edge disagree on what was delivered.
    """
    result = RunResult(plan.name, dict(plan.variables))
    found: dict[str, dict[str, int]] = {}
    for name, report in reports.items():
        result.results.update(report["results"])
        result.blocks.update(report["blocks"])
        result.notes.update(report["notes"])
        result.processes[name] = report["process"]
        for label, counts in report["edges"].items():
            found.setdefault(label, {}).update(counts)
    result.blocks = {name: result.blocks[name] for name in plan.blocks if name in result.blocks}
    result.results = {n: result.results[n] for n in plan.blocks if n in result.results}
    for edge in plan.edges:
        if edge.label in found:
            result.edges[edge.label] = _edge(edge.label, found[edge.label])
    return result


def _edge(label: str, counts: dict[str, int]) -> dict[str, int]:
    sent = counts.pop("sent", None)
    received = counts.setdefault("items", sent or 0)
    if sent is not None and received > sent:
        raise SemradioError(f"edge {label}: {sent} items were sent, but {received} arrived")
    return {key: counts.get(key, 0) for key in ("items", "dropped", "messages", "bytes")}


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return value
