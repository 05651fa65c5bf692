"""What keeping a process recoverable needs to know of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from semradio.blocks.engine.queue import Queue
from semradio.blocks.engine.weaving import Weave
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.plan import Plan
from semradio.flowgraphs.runtime.change import Taken
from semradio.flowgraphs.runtime.edges.crossing import Crossing
from semradio.flowgraphs.runtime.edges.receiver import EdgeReceiver
from semradio.flowgraphs.runtime.edges.sender import EdgeSender, SenderHub


class Held(Protocol):
    """A process's share of a flowgraph: its blocks, its chains, its ends of the edges."""

    graph: Graph
    plan: Plan
    name: str | None
    chunk: int
    weave: Weave
    arriving: dict[str, Queue]
    receivers: dict[int, EdgeReceiver]
    senders: dict[int, EdgeSender]
    hub: SenderHub | None
    outgoing: list[Crossing]

    def is_gone(self, number: int) -> bool:
        """Whether the receiver of an edge has ended, with all it wanted."""

    def places(self) -> str:
        """Say at which item the blocks are."""

    def plan_changes(self, changes: Iterable[Taken]) -> None:
        """Let changes take place where they did before."""
