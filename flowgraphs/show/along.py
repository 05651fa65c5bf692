"""Fourth step of a drawing: where columns and frames begin and end along the direction of flow."""

from __future__ import annotations

from collections.abc import Mapping

from semradio.flowgraphs.show import font
from semradio.flowgraphs.show.across import Across, joints_of
from semradio.flowgraphs.show.layers import Lane, Layers
from semradio.flowgraphs.show.scheme import Scheme, printable
from semradio.flowgraphs.show.shapes import (
    FRAME_PAD,
    LONGEST,
    TITLE_SIZE,
    Direction,
    Shape,
    caption_width,
)

TITLE_ROOM = 30.0
"""Strip at the start of a frame in which its title stands, if blocks do not stand beside it."""

ARROW = 12.0
"""Straight end of a wire."""

CLEAR = 5.0
"""Between a frame and the curves outside it."""

STUB, CAPTION_STUB = 6.0, 17.0
"""Straight start of a wire: without a caption, with one that stands beside it."""

CURVE_LEAST, CURVE_MOST, CURVE_SLOPE = 28.0, 80.0, 0.15
"""Room for the curves between two columns: more, the further across they lead."""


class Along:
    """Places along the direction of flow, from 0 on.

    Attributes:
        columns: start and end of each column.
        departures: where the wires of each column begin to curve. arrivals: where the curves to
            each column end.
        length: size of the whole.
    """

    def __init__(
        self,
        scheme: Scheme,
        layers: Layers,
        across: Across,
        direction: Direction,
        captions: Mapping[tuple[str, str], str],
    ) -> None:
        self.scheme = scheme
        self.layers = layers
        self.shapes: Mapping[str, Shape] = across.shapes
        self.direction = direction
        self.captions = captions
        self.columns: list[tuple[float, float]] = []
        self.departures: list[float] = []
        self.arrivals: list[float] = []
        lanes = [lane for stage in layers.stages for lane in stage.lanes() if lane.process]
        title = TITLE_ROOM if direction == "down" else FRAME_PAD
        reach = self._reach(scheme, across)
        at = 0.0
        for column in range(layers.count):
            starting = [lane for lane in lanes if layers.span(lane)[0] == column]
            ending = [lane for lane in lanes if layers.span(lane)[1] == column]
            blocks = self._blocks(column)
            length = max(self.shapes[name].length for name in blocks)
            if direction == "right":
                # A title never leaves its first column, behind which wires may cross it.
                length = max([length, *(_title_width(lane) - FRAME_PAD for lane in starting)])
            self.arrivals.append(at)
            at += title + CLEAR if starting else ARROW
            self.columns.append((at, at + length))
            at += length + self._stub(blocks)
            at += FRAME_PAD + CLEAR if ending else 0.0
            self.departures.append(at)
            if column + 1 < layers.count:
                at += min(max(CURVE_LEAST, reach[column] * CURVE_SLOPE), CURVE_MOST)
        self.length = at

    def frame(self, lane: Lane) -> tuple[float, float]:
        """Return both ends of the frame of a lane."""
        first, last = self.layers.span(lane)
        title = TITLE_ROOM if self.direction == "down" else FRAME_PAD
        own = [node for node in lane.columns[last] if self.layers.nodes[node].block is not None]
        stub = self._stub([self.layers.nodes[node].block or "" for node in own])
        return self.columns[first][0] - title, self.columns[last][1] + stub + FRAME_PAD

    def _blocks(self, column: int) -> list[str]:
        nodes = (self.layers.nodes[node] for node in self.layers.column(column))
        return [node.block for node in nodes if node.block is not None]

    def _stub(self, blocks: list[str]) -> float:
        """Return how far wires run straight on behind blocks, so that captions stand clear."""
        outputs = [(name, port) for name in blocks for port in self.scheme.blocks[name].outputs]
        widths = [caption_width(self.captions[output]) for output in outputs]
        widest = max(widths, default=0.0)
        if not outputs:
            return 0.0
        if not widest:
            return STUB
        return CAPTION_STUB if self.direction == "down" else widest + 8

    def _reach(self, scheme: Scheme, across: Across) -> list[float]:
        """Return how far across the wires behind each column lead."""
        reach = [0.0] * self.layers.count
        for wire, route in zip(scheme.wires, self.layers.routes, strict=True):
            for joint in joints_of(wire, route):
                column = self.layers.nodes[joint.source].column
                start = across.output(joint.source, joint.output)
                end = across.input(joint.target, joint.input)
                reach[column] = max(reach[column], abs(end - start))
        return reach


def _title_width(lane: Lane) -> float:
    title = font.width(printable(lane.process or ""), TITLE_SIZE, bold=True)
    return min(title, LONGEST)
