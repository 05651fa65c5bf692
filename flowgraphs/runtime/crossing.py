"""Which edges of a plan cross a process border, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from semradio.blocks.api.item_type import ItemType
from semradio.blocks.api.queue import Policy
from semradio.flowgraphs.plan import EdgePlan, Plan

QUEUE_BYTES = 1 << 22
"""Memory that the items waiting on one edge may take where the plan states no queue size."""

QUEUE_CHUNKS = 64
"""Chunks that may wait on such an edge, if that is more than QUEUE_ITEMS."""

QUEUE_ITEMS = 4096
"""Items that may wait on such an edge however small the chunks are."""


@dataclass(slots=True)
class Crossing:
    """One stream from an output to another process; it feeds one or several inputs there."""

    number: int
    source: str
    output: str
    sender: str
    receiver: str
    item: ItemType
    capacity: int
    policy: Policy
    edges: list[EdgePlan] = field(default_factory=list)


def capacity_of(edge: EdgePlan, item: ItemType, chunk: int) -> int:
    """Return how many items may wait on an edge: as stated, or what the default limits allow."""
    if edge.queue is not None:
        return edge.queue
    # Bounded in bytes and in chunks, for each chunk that waits has a price of its own.
    chunks = max(QUEUE_CHUNKS * chunk, QUEUE_ITEMS)
    return max(4 * chunk, min(chunks, QUEUE_BYTES // max(1, item.nbytes)))


def crossings(plan: Plan, types: Mapping[str, ItemType], chunk: int) -> list[Crossing]:
    """Return the streams between processes, numbered the same way wherever the plan is read.

    Lossless edges from one output to one process share a crossing, so the items travel once; an
    edge that may drop has one of its own.
    """
    home = {block: p.name for p in plan.processes.values() for block in p.blocks}
    found: dict[tuple[str, str, str, str], Crossing] = {}
    for edge in plan.edges:
        sender, receiver = home[edge.source], home[edge.target]
        if sender == receiver:
            continue
        alone = edge.label if edge.policy != "block" else ""
        key = (edge.source, edge.output, receiver, alone)
        item = types[edge.label]
        room = capacity_of(edge, item, chunk)
        if key not in found:
            found[key] = Crossing(
                len(found), edge.source, edge.output, sender, receiver, item, room, edge.policy
            )
        found[key].capacity = max(found[key].capacity, room)
        found[key].edges.append(edge)
    return list(found.values())
