"""A flowgraph as places: what the page draws, and lets live."""

from __future__ import annotations

from typing import Any

from semradio.blocks.api.item_type import ItemType
from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.runtime.watch import Drawn
from semradio.flowgraphs.show.layout import Layout, Place
from semradio.flowgraphs.show.scheme import scheme_of
from semradio.flowgraphs.show.shapes import Direction

Data = dict[str, Any]


def graph_data(drawn: Drawn) -> Data:
    """Return a flowgraph laid out both ways, with what the page says of its blocks and edges.

    Places are (x, y) in pixels at scale 1.
    """
    types: dict[str, ItemType] = {}
    for edge in drawn.edges:
        try:
            types[edge.label] = ItemType.parse(edge.item)
        except SemradioError:
            # It runs elsewhere, and nobody told.
            continue
    scheme = scheme_of(drawn.plan, types)
    directions: tuple[Direction, Direction] = ("right", "down")
    return {
        "blocks": [
            {
                "name": block.name,
                "type": block.type,
                "category": block.category,
                "process": block.process,
                "inputs": block.inputs,
                "outputs": block.outputs,
                "parameters": {k: str(v) for k, v in block.parameters.items()},
            }
            for block in drawn.blocks
        ],
        "edges": [
            {
                "label": edge.label,
                "source": edge.source,
                "target": edge.target,
                "item": edge.item,
                "crosses": wire.crosses,
            }
            for edge, wire in zip(drawn.edges, scheme.wires, strict=True)
        ],
        "layouts": [_laid_out(Layout(scheme, way), drawn, way) for way in directions],
    }


def _laid_out(layout: Layout, drawn: Drawn, direction: Direction) -> Data:
    def point(place: Place) -> list[float]:
        along, across = place
        x, y = (along, across) if direction == "right" else (across, along)
        return [round(x, 1), round(y, 1)]

    def box(corners: tuple[Place, Place]) -> list[float]:
        (left, top), (right, bottom) = map(point, corners)
        return [left, top, right, bottom]

    def places(block: str, ports: tuple[str, ...], way: str) -> Data:
        find = layout.input if way == "input" else layout.output
        return {port: point(find(block, port)) for port in ports}

    length, breadth = layout.size
    return {
        "direction": direction,
        "size": point((length, breadth)),
        "blocks": {name: box(corners) for name, corners in layout.blocks.items()},
        "frames": {name: box(corners) for name, corners in layout.frames.items()},
        "inputs": {
            name: places(name, block.inputs, "input")
            for name, block in layout.scheme.blocks.items()
        },
        "outputs": {
            name: places(name, block.outputs, "output")
            for name, block in layout.scheme.blocks.items()
        },
        "wires": {
            drawn.edges[number].label: [[point(place) for place in step] for step in steps]
            for number, steps in layout.paths()
        },
    }
