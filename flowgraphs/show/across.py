"""Third step of a drawing: where nodes and frames stand across the direction of flow.

The places are the solution of a linear program: wires bend as little as they can, nothing comes
nearer to its neighbour than it may, and the frame of a process holds all that the process owns
and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from semradio.flowgraphs.show import font
from semradio.flowgraphs.show.layers import Lane, Layers, Stage
from semradio.flowgraphs.show.scheme import Scheme, Wire, printable
from semradio.flowgraphs.show.shapes import FRAME_PAD, LONGEST, TITLE_SIZE, Direction, Shape

BLOCK_GAP, WIRE_GAP, FRAME_GAP, LANE_GAP = 20.0, 16.0, 18.0, 10.0
"""Between blocks; beside passing wires; between frames; between frames of one group."""

TITLE_ROOM = 28.0
"""Strip of a frame in which its title stands."""

THROUGH, MAIN, OTHER = 8.0, 3.0, 1.0
"""What a bend costs: where a wire only passes, at the ends of the first wire of an output, at the
ends of others. So the main line of a flowgraph, which is written first, is drawn straight."""

COMPACT, UPWARD = 0.01, 0.001
"""What the breadth of a frame costs, and how strongly all that is free to move stays near the
start; little, so that bends decide."""


@dataclass(frozen=True, slots=True)
class Joint:
    """A piece of wire from one column to the next; ports are empty where it only passes."""

    source: int
    output: str
    target: int
    input: str


def joints_of(wire: Wire, route: Sequence[int]) -> Iterator[Joint]:
    """Yield the pieces of a wire, given the nodes it runs through."""
    last = len(route) - 2
    for k, (source, target) in enumerate(pairwise(route)):
        yield Joint(source, wire.output if k == 0 else "", target, wire.input if k == last else "")


class Across:
    """Places across the direction of flow, from 0 on.

    Attributes:
        nodes: middle of each node.
        frames: each framed lane with both its edges.
        breadth: size of the whole.
    """

    def __init__(
        self,
        scheme: Scheme,
        layers: Layers,
        shapes: Mapping[str, Shape],
        direction: Direction,
    ) -> None:
        self.layers = layers
        self.shapes = shapes
        self.direction = direction
        self._costs = [UPWARD] * len(layers.nodes)
        self._rows: list[tuple[dict[int, float], float]] = []
        self._edges: list[tuple[Lane, int, int]] = []
        for stage in layers.stages:
            self._add_stage(stage)
        self._add_joints(scheme)
        places = self._solved()
        self.nodes = places[: len(layers.nodes)]
        self.frames = [
            (lane, (places[start], places[end]))
            for lane, start, end in self._edges
            if lane.process is not None
        ]
        ends = [places[end] for _, _, end in self._edges]
        self.breadth = max([*ends, *(place + WIRE_GAP / 2 for place in self.nodes)], default=0.0)

    def output(self, node: int, port: str) -> float:
        """Return where wires of an output begin, or where they pass."""
        return self.nodes[node] + self._offset(node, port, "output")

    def input(self, node: int, port: str) -> float:
        """Return where wires of an input end, or where they pass."""
        return self.nodes[node] + self._offset(node, port, "input")

    def _offset(self, node: int, port: str, way: str) -> float:
        block = self.layers.nodes[node].block
        if block is None:
            return 0.0
        shape = self.shapes[block]
        return (shape.outputs if way == "output" else shape.inputs)[port]

    # The program -----------------------------------------------------------------------------

    def _variable(self, cost: float) -> int:
        self._costs.append(cost)
        return len(self._costs) - 1

    def _order(self, first: int, second: int, distance: float) -> None:
        """Let one variable be greater than another by a distance at least."""
        self._rows.append(({first: 1.0, second: -1.0}, -distance))

    def _add_stage(self, stage: Stage) -> None:
        edges: dict[int, tuple[int, int]] = {}
        for lane in stage.lanes():
            if not lane.passing:
                edges[id(lane)] = self._add_lane(lane)
        lanes = [(lane, k) for k, group in enumerate(stage.groups) for lane in group]
        for column in stage.columns:
            # Lanes that share no column need no room beside each other.
            here = [(lane, k) for lane, k in lanes if column in lane.extent()]
            for (one, group), (other, other_group) in pairwise(here):
                if one.passing or other.passing:
                    gap = WIRE_GAP
                else:
                    gap = LANE_GAP if group == other_group else FRAME_GAP
                self._order(
                    one.columns[column][-1] if one.passing else edges[id(one)][1],
                    other.columns[column][0] if other.passing else edges[id(other)][0],
                    gap,
                )

    def _add_lane(self, lane: Lane) -> tuple[int, int]:
        start, end = self._variable(-COMPACT), self._variable(COMPACT)
        self._edges.append((lane, start, end))
        framed = lane.process is not None
        before = after = FRAME_PAD if framed else 0.0
        if framed and self.direction == "right":
            before = TITLE_ROOM
        title = min(font.width(printable(lane.process or ""), TITLE_SIZE, bold=True), LONGEST)
        if framed and self.direction == "down":
            self._order(start, end, title + 2 * FRAME_PAD)
        first, _ = self.layers.span(lane)
        for column, nodes in lane.columns.items():
            self._order(start, nodes[0], before + self._half(nodes[0]))
            for node, next_node in pairwise(nodes):
                gap = BLOCK_GAP if self._half(node) and self._half(next_node) else WIRE_GAP
                distance = max(self._half(node) + gap, self._overhang(node) + 4)
                self._order(node, next_node, distance + self._half(next_node))
            room = max(self._half(nodes[-1]) + after, self._overhang(nodes[-1]) + 6)
            self._order(nodes[-1], end, room)
            if framed and self.direction == "down" and column == first:
                # Wires that enter the frame come down beside its title, not through it.
                self._order(start, nodes[0], title + FRAME_PAD + 6 - self._first_input(nodes[0]))
        return start, end

    def _half(self, node: int) -> float:
        block = self.layers.nodes[node].block
        return 0.0 if block is None else self.shapes[block].breadth / 2

    def _overhang(self, node: int) -> float:
        block = self.layers.nodes[node].block
        return 0.0 if block is None else self.shapes[block].overhang

    def _first_input(self, node: int) -> float:
        block = self.layers.nodes[node].block
        return min(self.shapes[block].inputs.values(), default=0.0) if block is not None else 0.0

    def _add_joints(self, scheme: Scheme) -> None:
        weights: dict[Joint, float] = {}
        seen: set[tuple[str, str]] = set()
        for wire, route in zip(scheme.wires, self.layers.routes, strict=True):
            first = (wire.source, wire.output) not in seen
            seen.add((wire.source, wire.output))
            for joint in joints_of(wire, route):
                ends = (joint.source, joint.target)
                passing = all(self.layers.nodes[node].block is None for node in ends)
                weight = THROUGH if passing else MAIN if first else OTHER
                weights[joint] = max(weights.get(joint, 0.0), weight)
        for joint, weight in weights.items():
            bend = self._variable(weight)
            offset = self._offset(joint.source, joint.output, "output") - self._offset(
                joint.target, joint.input, "input"
            )
            # The bend is at least as large as the difference of both ends, either way.
            self._rows += [
                ({joint.source: 1.0, joint.target: -1.0, bend: -1.0}, -offset),
                ({joint.source: -1.0, joint.target: 1.0, bend: -1.0}, offset),
            ]

    def _solved(self) -> list[float]:
        from scipy.optimize import linprog  # type: ignore[import-untyped]
        from scipy.sparse import coo_array  # type: ignore[import-untyped]

        entries = [(r, v, f) for r, (row, _) in enumerate(self._rows) for v, f in row.items()]
        if not entries:
            return [0.0] * len(self._costs)
        rows, variables, factors = zip(*entries, strict=True)
        matrix = coo_array(
            (factors, (rows, variables)), shape=(len(self._rows), len(self._costs))
        ).tocsr()
        limits = [limit for _, limit in self._rows]
        found = linprog(self._costs, matrix, limits, method="highs-ds")
        return [round(float(place), 1) for place in found.x]
