"""The layout of a drawing, from a scheme to places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from semradio.flowgraphs.show.across import WIRE_GAP, Across, Joint, joints_of
from semradio.flowgraphs.show.along import Along
from semradio.flowgraphs.show.crossings import port_orders, reduce_crossings
from semradio.flowgraphs.show.layers import layers_of
from semradio.flowgraphs.show.scheme import Scheme, Wire
from semradio.flowgraphs.show.shapes import Direction, shape_of

Place = tuple[float, float]
"""A place along and across the direction of flow."""

Step = tuple[Place] | tuple[Place, Place, Place]
"""A straight line to a place, or a cubic curve: two places that pull it, and its end."""

CORNER = 10.0
"""How far from its block a wire that leads back turns."""


class Layout:
    """Where everything in a drawing stands, along and across the direction of flow.

    Attributes:
        blocks: both corners of each block, by name.
        frames: both corners of the frame of each process, by name.
        size: length and breadth of the whole.
    """

    def __init__(self, scheme: Scheme, direction: Direction) -> None:
        self.scheme = scheme
        self.layers = layers_of(scheme)
        reduce_crossings(self.layers)
        inputs, outputs = port_orders(scheme, self.layers)
        captions = scheme.captions()
        self.shapes = {
            name: shape_of(block, direction, captions, inputs[name], outputs[name])
            for name, block in scheme.blocks.items()
        }
        self.across = Across(scheme, self.layers, self.shapes, direction)
        self.along = Along(scheme, self.layers, self.across, direction, captions)
        self.node = {n.block: k for k, n in enumerate(self.layers.nodes) if n.block is not None}
        self.blocks = {name: self._corners(name) for name in scheme.blocks}
        self.frames = {
            lane.process: _box(self.along.frame(lane), edges)
            for lane, edges in self.across.frames
            if lane.process is not None
        }
        back = [k for k, route in enumerate(self.layers.routes) if not route]
        self._returns = {k: self.across.breadth + (i + 1) * WIRE_GAP for i, k in enumerate(back)}
        self.size = self.along.length, max([self.across.breadth, *self._returns.values()])

    def output(self, block: str, port: str) -> Place:
        """Return where the wires of an output begin."""
        return self.blocks[block][1][0], self.across.output(self.node[block], port)

    def input(self, block: str, port: str) -> Place:
        """Return where the wire of an input ends."""
        return self.blocks[block][0][0], self.across.input(self.node[block], port)

    def paths(self) -> Iterator[tuple[int, list[Step]]]:
        """Yield the number of each wire and its way, up to the tip of its arrow.

        Wires of one output share the way up to where they part: only the first has all of it.
        Those that stay in a process come first, so that what is shared with them is theirs.
        """
        drawn: set[Joint | Place] = set()
        wires = self.scheme.wires
        for number in sorted(range(len(wires)), key=lambda number: wires[number].crosses):
            wire, route = wires[number], self.layers.routes[number]
            if not route:
                yield number, self._back(wire, self._returns[number])
                continue
            joints = list(joints_of(wire, route))
            new = [joint for joint in joints if joint not in drawn] or joints[-1:]
            start = self.output(wire.source, wire.output)
            steps: list[Step] = [(self._departure(new[0]) if start in drawn else start,)]
            for joint in new:
                steps += self._bend(joint)
            drawn |= {start, *new}
            yield number, [*steps, (self.input(wire.target, wire.input),)]

    def _back(self, wire: Wire, beside: float) -> list[Step]:
        start, end = self.output(wire.source, wire.output), self.input(wire.target, wire.input)
        turn, back = start[0] + CORNER, end[0] - CORNER
        return _rounded(
            [start, (turn, start[1]), (turn, beside), (back, beside), (back, end[1]), end]
        )

    def _departure(self, joint: Joint) -> Place:
        column = self.layers.nodes[joint.source].column
        return self.along.departures[column], self.across.output(joint.source, joint.output)

    def forks(self) -> list[Place]:
        """Return the places where wires of one output part."""
        found: dict[Place, set[Joint]] = {}
        for wire, route in zip(self.scheme.wires, self.layers.routes, strict=True):
            for joint in joints_of(wire, route):
                found.setdefault(self._departure(joint), set()).add(joint)
        return [place for place, joints in found.items() if len(joints) > 1]

    def _bend(self, joint: Joint) -> list[Step]:
        first, start = self._departure(joint)
        last = self.along.arrivals[self.layers.nodes[joint.target].column]
        end = self.across.input(joint.target, joint.input)
        if start == end:
            return [((last, end),)]
        middle = (first + last) / 2
        return [((first, start),), ((middle, start), (middle, end), (last, end))]

    def _corners(self, block: str) -> tuple[Place, Place]:
        node = self.node[block]
        middle, half = self.across.nodes[node], self.shapes[block].breadth / 2
        return _box(
            self.along.columns[self.layers.nodes[node].column], (middle - half, middle + half)
        )


def _box(along: Place, across: Place) -> tuple[Place, Place]:
    return (along[0], across[0]), (along[1], across[1])


def _rounded(points: Sequence[Place]) -> list[Step]:
    """Return a way along straight lines whose corners are rounded off."""
    steps: list[Step] = [(points[0],)]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        first, last = _towards(corner, before), _towards(corner, after)
        steps += [(first,), (corner, corner, last)]
    return [*steps, (points[-1],)]


def _towards(start: Place, end: Place) -> Place:
    """Return the place a few steps from ``start``, no further than half the way to ``end``."""
    distance = abs(end[0] - start[0]) + abs(end[1] - start[1])
    share = min(CORNER / 2 / distance, 0.5) if distance else 0.0
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
