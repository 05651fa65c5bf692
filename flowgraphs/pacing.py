"""A flowgraph at a pace that people can watch."""

from __future__ import annotations

from dataclasses import replace

from semradio.blocks.api import registry
from semradio.blocks.api.kinds import Source
from semradio.flowgraphs.plan import BlockPlan, EdgePlan, Plan, ProcessPlan

NAME = "pace"


def paced(plan: Plan, rate: float) -> Plan:
    """Return a plan whose sources give ``rate`` items a second, which a knob changes.

    Behind the first output of each source of a signal that has no pace of its own stands a
    ``throttle``; what depends on nothing but other outputs of it waits in its queues. The items
    are the same.
    """
    blocks, edges, processes = dict(plan.blocks), list(plan.edges), dict(plan.processes)
    for name in plan.blocks:
        cls = registry.find(plan.blocks[name].type)
        fed = [edge for edge in edges if edge.source == name]
        if not issubclass(cls, Source) or not fed:
            continue
        output = fed[0].output
        if any(plan.blocks[e.target].type == "throttle" for e in fed):
            continue
        inserted = f"{NAME}_{name}"
        blocks[inserted] = BlockPlan(inserted, "throttle", {"rate": rate})
        edges = [
            replace(edge, source=inserted, output="y")
            if (edge.source, edge.output) == (name, output)
            else edge
            for edge in edges
        ]
        edges.append(EdgePlan(name, output, inserted, "x"))
        for key, process in processes.items():
            if name in process.blocks:
                processes[key] = _with(process, inserted)
    return replace(plan, blocks=blocks, edges=edges, processes=processes)


def _with(process: ProcessPlan, block: str) -> ProcessPlan:
    return replace(process, blocks=[*process.blocks, block])
