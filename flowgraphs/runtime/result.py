"""What a run found out and what it counted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.plain import for_json
from semradio.flowgraphs.plan import Plan
from semradio.flowgraphs.runtime.profile import Profile


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
    latency: dict[str, dict[str, float]] = field(default_factory=dict)
    """By ``source -> sink``, where it was asked for: seconds ``p50_s``, ``p99_s``, ``worst_s``."""
    interrupted: bool = False
    """Whether the user stopped the run; the streams were still drained."""
    stopped_by: int | None = None
    """The number of the signal that did (2 also for a control socket); not part of the JSON."""
    profiles: dict[str, Profile] = field(default_factory=dict)
    """Where the time of each process went, if that was asked for; not part of the JSON."""
    reports: dict[str, Any] = field(default_factory=dict)
    """What each process told, from which :func:`merge` made this; not part of the JSON."""

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
            "latency": self.latency,
            "interrupted": self.interrupted,
        }

    def to_json(self) -> str:
        """Return :meth:`as_dict` as JSON text; numbers that JSON lacks become null."""
        return json.dumps(for_json(self.as_dict()), indent=2)


def merge(plan: Plan, reports: Mapping[str, Mapping[str, Any]]) -> RunResult:
    """Join the reports of all processes of a run.

    Raises:
        SemradioError: the two ends of an edge disagree on what was delivered.
    """
    result = RunResult(plan.name, dict(plan.variables), reports=dict(reports))
    found: dict[str, dict[str, int]] = {}
    for name, report in reports.items():
        result.results.update(report["results"])
        result.blocks.update(report["blocks"])
        result.notes.update(report["notes"])
        result.latency.update(report["latency"])
        result.processes[name] = report["process"]
        if report["profile"] is not None:
            result.profiles[name] = msgspec.convert(report["profile"], Profile)
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
