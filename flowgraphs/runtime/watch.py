"""What a running flowgraph shows of itself to those who look: items at a port, and how it stands.

These are the words for it everywhere: in the engine's process, between processes, on control
sockets. Nothing here knows who looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from semradio.blocks.api import registry
from semradio.blocks.api.block import Block
from semradio.blocks.api.kinds import RateBlock, Sink, Source, StreamBlock
from semradio.blocks.errors import ParameterError, nearest
from semradio.flowgraphs.plan import BlockPlan, EdgePlan, Plan, veiled

MAX_PER_S = 1000.0
"""Messages a second that a tap may ask for."""

MAX_ITEMS = 1 << 20
"""Items of one message that a tap may ask for."""

MAX_BYTES = 1 << 22
"""Bytes of the items of one message at most; items so large come one by one."""

_MOST_VALUES = 16
"""Values of a list that are shown one by one."""

LEASE_S = 5.0
"""Seconds after which a tap that is not renewed goes away."""


class Tap(msgspec.Struct, frozen=True):
    """A wish to see some of the items at a port."""

    port: str
    to: str
    """Where whoever looks has bound a PULL socket: ipc, or tcp."""
    number: int
    """Tells the taps of one ``to`` apart."""
    per_s: float = 30.0
    items: int = 1024
    """Of one message at most."""


class Tapped(msgspec.Struct):
    """Where a tap looks."""

    item: str
    """Item type of the port."""
    process: str


class Glimpse(msgspec.Struct):
    """The first frame of what a tap tells; the second are the items, raw and little-endian.

    A message is one such pair, or several one after the other: of taps that looked at a time.
    """

    number: int
    port: str
    item: str
    dtype: str
    shape: list[int]
    """Of one item."""
    index: int
    """Absolute index of the first item."""
    count: int
    skipped: int
    """Items that passed since the message before, or since the tap began, and were left out."""
    chunk: int
    """Items of the chunk in which the first one came."""
    tags: list[tuple[int, str, Any]]
    """Index, key and value."""
    tags_skipped: int
    """Tags on these items that were left out."""
    t_ns: int
    """When the items were there, in nanoseconds since 1970."""
    last: bool
    """Whether the stream has ended."""


class LastWord(msgspec.Struct):
    """The only frame of the last message to whoever looks at ports of a run that fails."""

    ended: str
    """Why."""


Metrics = dict[str, dict[str, Any]]
"""By block and name, what blocks have found out so far: numbers, and small tables of them."""


class BlockStatus(msgspec.Struct):
    """How far a block is."""

    name: str
    process: str
    items_in: int
    items_out: int
    busy_s: float
    """Seconds in its work so far; estimated from samples."""
    finished: bool


class EdgeStatus(msgspec.Struct):
    """How an edge stands.

    Seconds are counted while the process has nothing to do and somebody looks, from the first look
    on: only differences mean something.
    """

    label: str
    source: str
    """The output, as ``block.port``."""
    target: str
    """The input."""
    sent: int = 0
    received: int = 0
    dropped: int = 0
    fill: int = 0
    """Items that wait or are under way."""
    capacity: int | None = None
    """Items at which the sender is held back; None where both blocks run in one call."""
    held_s: float = 0.0
    """Seconds in which the sending process waited for room here."""
    starved_s: float = 0.0
    """Seconds in which the receiving process waited for items from here."""
    kept: int = 0
    """Items that the sender keeps because the receiver may ask for them again."""
    kept_most: int | None = None
    """Items that it keeps at most, where the receiver may have to start again; None: those that
    have not arrived."""


class ProcessStatus(msgspec.Struct):
    """How a process stands."""

    name: str
    pid: int
    cpu_s: float
    """CPU seconds so far."""
    rss_bytes: int
    inside: str | None
    """The block whose code it is in at the moment."""
    waited_s: float
    """Seconds with nothing to do, counted while somebody looks: only differences mean something."""
    silent: bool = False
    """Whether it does not answer; its figures are then the last known ones."""


class Standing(msgspec.Struct):
    """How one process of a flowgraph stands."""

    process: ProcessStatus
    blocks: list[BlockStatus]
    edges: list[EdgeStatus]
    """Of an edge between processes each end tells what it knows."""
    metrics: Metrics


class Status(msgspec.Struct):
    """How a flowgraph stands."""

    state: str
    """``running``, or ``draining`` when its sources have been stopped."""
    elapsed_s: float
    processes: list[ProcessStatus]
    blocks: list[BlockStatus]
    edges: list[EdgeStatus]
    metrics: Metrics


class Ports(msgspec.Struct):
    """Item types of the ports of some blocks, by ``block.port``; inputs that are connected."""

    inputs: dict[str, str]
    outputs: dict[str, str]

    @property
    def types(self) -> dict[str, str]:
        """Of all of them; an output goes before an input of the same name."""
        return {**self.inputs, **self.outputs}


class DrawnBlock(msgspec.Struct):
    """A block as a drawing needs it."""

    name: str
    type: str
    kind: str
    """``source``, ``sync``, ``rate``, ``stream`` or ``sink``."""
    category: str
    process: str | None
    inputs: dict[str, str]
    """Item type of each connected input, by its name; ``""`` where the block runs elsewhere."""
    outputs: dict[str, str]
    parameters: dict[str, Any]
    """As the flowgraph gives them; long lists in words, what may be a key as stars."""


class DrawnEdge(msgspec.Struct):
    """An edge as a drawing needs it."""

    label: str
    source: str
    """The output, as ``block.port``."""
    target: str
    """The input."""
    item: str
    queue: int | None
    policy: str


class Drawn(msgspec.Struct):
    """A flowgraph as data to be drawn."""

    flowgraph: str
    doc: str
    file: str | None
    processes: list[str]
    blocks: list[DrawnBlock]
    edges: list[DrawnEdge]
    plan: Plan
    """The same as a plan, for those who draw plans."""


def drawn(plan: Plan, ports: Ports) -> Drawn:
    """Return a flowgraph as data to be drawn.

    Args:
        ports: of the blocks that run here.
    """
    home = {block: p.name for p in plan.processes.values() for block in p.blocks}
    blocks = [
        _drawn_block(block, home.get(block.name), plan, ports) for block in plan.blocks.values()
    ]
    edges = [_drawn_edge(edge, ports) for edge in plan.edges]
    shown = replace(
        plan,
        doc=veiled(plan.doc),
        variables={name: _shown(value) for name, value in plan.variables.items()},
        blocks={
            b.name: BlockPlan(
                b.name, b.type, b.parameters, comment=veiled(plan.blocks[b.name].comment)
            )
            for b in blocks
        },
        edges=[replace(edge, location=None) for edge in plan.edges],
        processes={n: replace(p, location=None) for n, p in plan.processes.items()},
        view=replace(
            plan.view, panels=[replace(panel, location=None) for panel in plan.view.panels]
        ),
    )
    return Drawn(plan.name, shown.doc, plan.file, list(plan.processes), blocks, edges, shown)


def _drawn_block(block: BlockPlan, process: str | None, plan: Plan, ports: Ports) -> DrawnBlock:
    cls = registry.find(block.type)
    start = f"{block.name}."
    inputs = {edge.input: "" for edge in plan.edges if edge.target == block.name}
    outputs = {edge.output: "" for edge in plan.edges if edge.source == block.name}
    for found, types in ((inputs, ports.inputs), (outputs, ports.outputs)):
        found |= {
            n.removeprefix(start): t for n, t in types.items() if n.rpartition(".")[0] == block.name
        }
    parameters = {key: _shown(value) for key, value in block.parameters.items()}
    return DrawnBlock(
        block.name, block.type, _kind(cls), cls.category, process, inputs, outputs, parameters
    )


def _drawn_edge(edge: EdgePlan, ports: Ports) -> DrawnEdge:
    source, target = f"{edge.source}.{edge.output}", f"{edge.target}.{edge.input}"
    item = ports.outputs.get(source) or ports.inputs.get(target) or ""
    return DrawnEdge(edge.label, source, target, item, edge.queue, edge.policy)


def _kind(cls: type[Block]) -> str:
    kinds = {Source: "source", Sink: "sink", RateBlock: "rate", StreamBlock: "stream"}
    return next((name for kind, name in kinds.items() if issubclass(cls, kind)), "sync")


def _shown(value: Any) -> Any:
    """Return a value as it may be shown: short, and without what may be a key."""
    if isinstance(value, str):
        return veiled(value)
    if isinstance(value, list | tuple):
        return list(map(_shown, value)) if len(value) <= _MOST_VALUES else f"{len(value)} values"
    if isinstance(value, dict):
        return {key: _shown(part) for key, part in value.items()}
    return value


def joined(
    standings: Iterable[Standing],
) -> tuple[list[ProcessStatus], list[BlockStatus], list[EdgeStatus], Metrics]:
    """Join what the processes of a run tell; both ends of an edge make one."""
    processes: list[ProcessStatus] = []
    blocks: list[BlockStatus] = []
    edges: dict[str, EdgeStatus] = {}
    metrics: Metrics = {}
    for standing in standings:
        processes.append(standing.process)
        blocks += standing.blocks
        metrics.update(standing.metrics)
        for edge in standing.edges:
            other = edges.setdefault(edge.label, edge)
            if other is not edge:
                edges[edge.label] = _both_ends(other, edge)
    return processes, blocks, list(edges.values()), metrics


def _both_ends(one: EdgeStatus, other: EdgeStatus) -> EdgeStatus:
    """Return an edge between processes, of which each end knows a part."""
    sent, received = one.sent + other.sent, one.received + other.received
    return EdgeStatus(
        one.label,
        one.source,
        one.target,
        sent,
        received,
        one.dropped + other.dropped,
        one.fill + other.fill + max(0, sent - received),
        (one.capacity or 0) + (other.capacity or 0),
        one.held_s + other.held_s,
        one.starved_s + other.starved_s,
        one.kept + other.kept,
        other.kept_most if one.kept_most is None else one.kept_most,
    )


def ports_of(blocks: Mapping[str, Block]) -> Ports:
    """Return the outputs and connected inputs of checked blocks."""
    return Ports(
        {
            f"{b}.{p}": str(item)
            for b, block in blocks.items()
            for p, item in block.input_types.items()
        },
        {
            f"{b}.{p}": str(item)
            for b, block in blocks.items()
            for p, item in block.output_item_types.items()
        },
    )


def check_tap(tap: Tap, ports: Mapping[str, str], plan: Plan) -> str:
    """Return the item type of the port that a tap wants to see.

    Args:
        ports: item types of those that are here. plan: the whole flowgraph.

    Raises:
        ParameterError: there is no such port here, or a number is out of its limits.
    """
    if tap.port not in ports:
        raise ParameterError(_no_port(tap.port, ports, plan))
    if not 0 < tap.per_s <= MAX_PER_S:
        raise ParameterError(f"per_s must be above 0 and at most {MAX_PER_S:.0f}, not {tap.per_s}")
    if not 1 <= tap.items <= MAX_ITEMS:
        raise ParameterError(f"items must be from 1 to {MAX_ITEMS}, not {tap.items}")
    return ports[tap.port]


def _no_port(name: str, ports: Mapping[str, str], plan: Plan) -> str:
    block = name.rpartition(".")[0]
    home = next((p.name for p in plan.processes.values() if block in p.blocks), None)
    if home is not None and not any(known.rpartition(".")[0] == block for known in ports):
        return f"block '{block}' runs in process '{home}', which was started on its own: ask that"
    return f"no port '{name}'{nearest(name, ports)}"
