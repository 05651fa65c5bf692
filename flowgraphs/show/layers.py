"""First step of a drawing: which column each block stands in, and where long wires pass.

Processes are kept together. Where one process feeds another, the second one starts a new *stage*
behind the first; processes that would make the drawing much longer that way, or that feed each
other, stand beside one another in one stage. A wire that skips columns passes through each of
them as a node of its own, and wires of one output share these nodes: they are drawn as one wire
that forks.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from semradio.flowgraphs.show.scheme import Scheme, Wire

STRETCH = 1
"""Columns that a drawing may become longer for one process to stand behind another."""

T = TypeVar("T", bound=Hashable)


@dataclass(slots=True)
class Node:
    """A block, or the place where wires of one output pass through a column."""

    column: int
    block: str | None = None


@dataclass(slots=True)
class Lane:
    """What stays together in every column: the blocks of a process, or passing wires."""

    process: str | None = None
    passing: bool = False
    columns: dict[int, list[int]] = field(default_factory=dict)
    """Nodes in each column, in the order in which they are drawn."""

    def extent(self) -> range:
        """Return the columns from the first node to the last."""
        return range(min(self.columns), max(self.columns) + 1)


@dataclass(slots=True)
class Stage:
    """A range of columns, and the groups of lanes that stand beside one another in it."""

    columns: range
    groups: list[list[Lane]] = field(default_factory=list)

    def lanes(self) -> Iterator[Lane]:
        """Yield all lanes in order."""
        for group in self.groups:
            yield from group


@dataclass(slots=True)
class Layers:
    """Nodes in columns, and the nodes that each wire runs through.

    Attributes:
        routes: for each wire of the scheme its nodes, one per column; empty for a wire that leads
            back, as one does in a graph with a circle.
    """

    nodes: list[Node]
    stages: list[Stage]
    routes: list[list[int]]

    @property
    def count(self) -> int:
        """The number of columns."""
        return self.stages[-1].columns.stop if self.stages else 0

    def span(self, lane: Lane) -> tuple[int, int]:
        """Return the first and the last column in which a lane has blocks."""
        nodes = (self.nodes[node] for nodes in lane.columns.values() for node in nodes)
        columns = [node.column for node in nodes if node.block is not None]
        return min(columns), max(columns)

    def links(self) -> list[tuple[int, int]]:
        """Return each pair of nodes that wires join, once."""
        pairs = {p: None for r in self.routes for p in pairwise(r)}
        return list(pairs)

    def column(self, number: int) -> list[int]:
        """Return the nodes of a column, in order."""
        stage = next(stage for stage in self.stages if number in stage.columns)
        return [node for lane in stage.lanes() for node in lane.columns.get(number, ())]


def layers_of(scheme: Scheme) -> Layers:
    """Put the blocks of a scheme into columns."""
    return _Layering(scheme).layers


class _Layering:
    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        rank = {name: k for k, name in enumerate(scheme.blocks)}
        # The blocks stand in topological order, so only a wire of a circle leads back.
        self.forward = [wire for wire in scheme.wires if rank[wire.source] < rank[wire.target]]
        self.group = self._groups()
        inner = longest_paths(
            scheme.blocks,
            [(w.source, w.target) for w in self.forward if self._same_group(w)],
        )
        self.stage = longest_paths(
            dict.fromkeys(self.group.values()),
            [
                (self._group_of(w.source), self._group_of(w.target))
                for w in self.forward
                if not self._same_group(w)
            ],
        )
        stages = self._stages(inner)
        self.nodes = [
            Node(stages[self._stage_of(name)].columns.start + inner[name], name)
            for name in scheme.blocks
        ]
        self.at = {name: k for k, name in enumerate(scheme.blocks)}
        self.lanes: dict[str | None, Lane] = {}
        grouped: dict[int, list[Lane]] = {}
        for process, blocks in scheme.processes.items():
            lane = self.lanes[process] = Lane(process)
            for name in blocks:
                self._into(lane, self.at[name])
            grouped.setdefault(self.group[process], []).append(lane)
        for group, lanes in grouped.items():
            stages[self.stage[group]].groups.append(lanes)
        self.passing: dict[tuple[object, ...], int] = {}
        self.passing_lanes: dict[tuple[int, str, str], Lane] = {}
        self.layers = Layers(self.nodes, stages, [])
        forward = {id(wire) for wire in self.forward}
        self.layers.routes = [
            self._route(wire) if id(wire) in forward else [] for wire in scheme.wires
        ]

    def _group_of(self, block: str) -> int:
        return self.group[self.scheme.blocks[block].process]

    def _stage_of(self, block: str) -> int:
        return self.stage[self._group_of(block)]

    def _same_group(self, wire: Wire) -> bool:
        return self._group_of(wire.source) == self._group_of(wire.target)

    def _groups(self) -> dict[str | None, int]:
        """Return for each process the number of the group in whose columns it stands."""
        processes = list(self.scheme.processes)
        number = {process: k for k, process in enumerate(processes)}
        column = longest_paths(self.scheme.blocks, [(w.source, w.target) for w in self.forward])
        first = [min(column[b] for b in blocks) for blocks in self.scheme.processes.values()]
        last = [max(column[b] for b in blocks) for blocks in self.scheme.processes.values()]
        owner = {name: number[block.process] for name, block in self.scheme.blocks.items()}
        after: list[set[int]] = [set() for _ in processes]
        for wire in self.forward:
            source, target = owner[wire.source], owner[wire.target]
            if source != target:
                after[source].add(target)
                if last[source] + 1 - first[target] > STRETCH:
                    # As if they fed each other: neither can stand behind the other.
                    after[target].add(source)
        reached = [_reachable(start, after) for start in range(len(processes))]
        return {
            process: min(j for j in reached[k] if k in reached[j])
            for k, process in enumerate(processes)
        }

    def _stages(self, inner: dict[str, int]) -> list[Stage]:
        lengths = [0] * (max(self.stage.values(), default=-1) + 1)
        for name in self.scheme.blocks:
            number = self._stage_of(name)
            lengths[number] = max(lengths[number], inner[name] + 1)
        stages: list[Stage] = []
        for length in lengths:
            start = stages[-1].columns.stop if stages else 0
            stages.append(Stage(range(start, start + length)))
        return stages

    def _route(self, wire: Wire) -> list[int]:
        """Return the nodes of a wire, made where it is the first of its output to pass."""
        source, target = self.at[wire.source], self.at[wire.target]
        route = [source]
        for column in range(self.nodes[source].column + 1, self.nodes[target].column):
            lane = self._lane_at(wire, column)
            key = (wire.source, wire.output, column, id(lane))
            if key not in self.passing:
                self.passing[key] = len(self.nodes)
                self.nodes.append(Node(column))
                self._into(lane, self.passing[key])
            route.append(self.passing[key])
        return [*route, target]

    def _lane_at(self, wire: Wire, column: int) -> Lane:
        """Return the lane in which a wire passes: of its source, of its target, or its own."""
        for end in (wire.source, wire.target):
            if column in self.layers.stages[self._stage_of(end)].columns:
                return self.lanes[self.scheme.blocks[end].process]
        number = next(k for k, s in enumerate(self.layers.stages) if column in s.columns)
        key = (number, wire.source, wire.output)
        if key not in self.passing_lanes:
            self.passing_lanes[key] = Lane(passing=True)
            self.layers.stages[number].groups.append([self.passing_lanes[key]])
        return self.passing_lanes[key]

    def _into(self, lane: Lane, node: int) -> None:
        lane.columns.setdefault(self.nodes[node].column, []).append(node)


def longest_paths(names: Iterable[T], links: Iterable[tuple[T, T]]) -> dict[T, int]:
    """Return the layer of each name: the longest way to it, in links that form no circle.

    What nothing links to stands right before the first that it links to, not at the start.
    """
    after: dict[T, list[T]] = {name: [] for name in names}
    waits_for = dict.fromkeys(after, 0)
    for source, target in links:
        after[source].append(target)
        waits_for[target] += 1
    starts = [name for name in after if not waits_for[name]]
    layer = dict.fromkeys(after, 0)
    free = list(starts)
    for name in free:
        for target in after[name]:
            layer[target] = max(layer[target], layer[name] + 1)
            waits_for[target] -= 1
            if not waits_for[target]:
                free.append(target)
    for name in starts:
        if after[name]:
            layer[name] = min(layer[target] for target in after[name]) - 1
    return layer


def _reachable(start: int, after: list[set[int]]) -> set[int]:
    found = {start}
    border = [start]
    while border:
        new = after[border.pop()] - found
        found |= new
        border += new
    return found
