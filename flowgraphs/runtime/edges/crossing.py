"""Which edges of a plan cross a process border, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from semradio.blocks.api.item_type import ItemType
from semradio.blocks.engine.queue import Policy
from semradio.flowgraphs.plan import EdgePlan, Plan

QUEUE_BYTES = 1 << 22
"""Memory that the items waiting on one edge may take where the plan states no queue size."""

HERE_BYTES = 1 << 19
"""The same within a process, where both ends take turns: what waits there is then still in the
cache, and little of it has to be saved."""

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


def capacity_of(edge: EdgePlan, item: ItemType, chunk: int, most: int = QUEUE_BYTES) -> int:
    """Return how many items may wait on an edge: as stated, or what the default limits allow.

    Args:
        most: bytes of memory.
    """
    if edge.queue is not None:
        return edge.queue
    # Bounded in bytes and in chunks, for each chunk that waits has a price of its own.
    chunks = max(QUEUE_CHUNKS * chunk, QUEUE_ITEMS)
    return max(4 * chunk, min(chunks, most // max(1, item.nbytes)))


def crossings(
    plan: Plan, types: Mapping[str, ItemType], chunk: int, process: str
) -> list[Crossing]:
    """Return the streams into and out of a process, numbered the same way in all processes.

    Lossless edges from one output to one process share a crossing, so the items travel once; an
    edge that may drop has one of its own.

    Args:
        types: item types of the edges of the process, by label.
    """
    home = {block: p.name for p in plan.processes.values() for block in p.blocks}
    numbers: dict[tuple[str, str, str, str], int] = {}
    found: dict[int, Crossing] = {}
    for edge in plan.edges:
        sender, receiver = home[edge.source], home[edge.target]
        if sender == receiver:
            continue
        alone = edge.label if edge.policy != "block" else ""
        key = (edge.source, edge.output, receiver, alone)
        number = numbers.setdefault(key, len(numbers))
        if process not in (sender, receiver):
            continue
        item = types[edge.label]
        room = capacity_of(edge, item, chunk)
        if number not in found:
            found[number] = Crossing(
                number, edge.source, edge.output, sender, receiver, item, room, edge.policy
            )
        found[number].capacity = max(found[number].capacity, room)
        found[number].edges.append(edge)
    return list(found.values())
