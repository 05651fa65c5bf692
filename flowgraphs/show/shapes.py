"""How large a block is drawn, and where on its edges wires begin and end.

A drawing is laid out *along* its direction, in which signals flow, and *across* it. Everything
that depends on whether that is to the right or down stands here and in the drawing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from semradio.flowgraphs.show import font
from semradio.flowgraphs.show.scheme import SchemeBlock, printable

Direction = Literal["right", "down"]

NAME_SIZE, TYPE_SIZE, PORT_SIZE, CAPTION_SIZE, TITLE_SIZE = 13.0, 11.0, 10.0, 9.5, 12.0
FRAME_PAD = 14.0
"""Between the frame of a process and what it holds."""

MARGIN = 12.0
"""Between the edge of a block and its text."""

LONGEST = 230.0
"""Width at which a text is cut off."""

HEADER = 42.0
"""Height of the part of a block that holds its name and type."""

PORT_ROW = 17.0
"""From one port to the next where they stand one above the other."""
PORT_GAP = 14.0
PORT_STRIP = 11.0
"""Between the names of ports beside each other, and what a row of them adds to a block."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A block as it is drawn.

    Attributes:
        length, breadth: its size along and across the direction.
        inputs, outputs: place of each port across the direction, from the block's middle.
        overhang: how far the captions of its outputs reach across, from the block's middle.
    """

    length: float
    breadth: float
    inputs: dict[str, float]
    outputs: dict[str, float]
    overhang: float


def shape_of(
    block: SchemeBlock,
    direction: Direction,
    captions: Mapping[tuple[str, str], str],
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> Shape:
    """Return the shape of a block.

    Args:
        captions: what is written beside the wires of each output, by block and output.
        inputs, outputs: the ports in the order in which they are drawn.
    """
    text = max(
        font.width(printable(block.name), NAME_SIZE, bold=True),
        font.width(printable(block.type), TYPE_SIZE),
    )
    text = min(text, LONGEST) + 2 * MARGIN
    if direction == "down":
        return _downward(block, text, captions, inputs, outputs)
    return _rightward(block, text, inputs, outputs)


def port_width(port: str) -> float:
    """Return the width of a port's name."""
    return min(font.width(printable(port), PORT_SIZE), LONGEST / 2)


def caption_width(caption: str) -> float:
    """Return the width of what stands beside a wire."""
    return min(font.width(caption, CAPTION_SIZE, mono=True), LONGEST)


def _rightward(
    block: SchemeBlock, text: float, inputs: Sequence[str], outputs: Sequence[str]
) -> Shape:
    rows = max(len(inputs) if block.names_inputs else 0, len(outputs) if block.names_outputs else 0)
    unnamed = max(
        0 if block.names_inputs else len(inputs), 0 if block.names_outputs else len(outputs)
    )
    breadth = max(HEADER + (rows * PORT_ROW + 4 if rows else 0), unnamed * PORT_ROW)
    left = max(map(port_width, inputs), default=0.0) if block.names_inputs else 0.0
    right = max(map(port_width, outputs), default=0.0) if block.names_outputs else 0.0

    def place(ports: Sequence[str], named: bool) -> dict[str, float]:
        if named:
            first = HEADER - 3 + PORT_ROW / 2 - breadth / 2
        else:
            first = -(len(ports) - 1) / 2 * PORT_ROW
        return {port: first + k * PORT_ROW for k, port in enumerate(ports)}

    length = max(text, left + right + MARGIN + (10 if left and right else 4))
    return Shape(
        length,
        breadth,
        place(inputs, block.names_inputs),
        place(outputs, block.names_outputs),
        breadth / 2,
    )


def _downward(
    block: SchemeBlock,
    text: float,
    captions: Mapping[tuple[str, str], str],
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> Shape:
    def caption_room(port: str) -> float:
        # A caption stands to the right of its wire, and the next wire beyond it.
        wide = caption_width(captions[block.name, port])
        return wide + 12 if wide else 0.0

    places_in = _in_a_row(inputs, block.names_inputs, lambda port: 0.0)
    places_out = _in_a_row(outputs, block.names_outputs, caption_room)
    length = HEADER
    length += PORT_STRIP if block.names_inputs and inputs else 0
    length += PORT_STRIP if block.names_outputs and outputs else 0
    rows = [(places_in, block.names_inputs), (places_out, block.names_outputs)]
    sides = [
        abs(place) + (port_width(port) / 2 if named else 0.0) + MARGIN / 2
        for places, named in rows
        for port, place in places.items()
    ]
    breadth = max([text, *(2 * side for side in sides)])
    overhang = max((places_out[port] + caption_room(port) for port in outputs), default=0.0)
    return Shape(length, breadth, places_in, places_out, max(overhang, breadth / 2))


def _in_a_row(
    ports: Sequence[str], named: bool, beside: Callable[[str], float]
) -> dict[str, float]:
    """Return the places of ports next to each other, their middle at 0."""
    places = dict.fromkeys(ports, 0.0)
    for port, following in pairwise(ports):
        names = (port_width(port) + port_width(following)) / 2 if named else 0.0
        places[following] = places[port] + max(names + PORT_GAP, beside(port))
    middle = places[ports[-1]] / 2 if ports else 0.0
    return {port: place - middle for port, place in places.items()}
