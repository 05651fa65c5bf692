"""A flowgraph as an SVG picture that needs no other file and no other program.

The layout is of the layered kind (Sugiyama, Tagawa & Toda 1981): columns by the longest path, few
crossings by medians, straight wires by a linear program. The modules ``layers``, ``crossings``,
``across`` and ``along`` take one step each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from semradio.blocks.api.item_type import ItemType
from semradio.flowgraphs.plan import Plan
from semradio.flowgraphs.show import font
from semradio.flowgraphs.show.layout import Layout, Place, Step
from semradio.flowgraphs.show.palette import (
    CATEGORIES,
    CROSSING,
    MUTED,
    PAGE,
    PROCESSES,
    TEXT,
    WIRE,
    Tint,
    tint_of,
)
from semradio.flowgraphs.show.scheme import Scheme, SchemeBlock, Wire, printable, scheme_of
from semradio.flowgraphs.show.shapes import (
    CAPTION_SIZE,
    FRAME_PAD,
    HEADER,
    LONGEST,
    MARGIN,
    NAME_SIZE,
    PORT_SIZE,
    PORT_STRIP,
    TITLE_SIZE,
    TYPE_SIZE,
    Direction,
)

EDGE = 20.0
"""Between the picture's border and what it holds."""

WIDEST = 1100.0
"""Pixels that fit beside text; a picture that flows to the right may be no wider."""

HEADING_SIZE, DOC_SIZE, LEGEND_SIZE = 16.0, 12.0, 10.5
DOC_LINE, LEGEND_LINE = 16.0, 18.0
NARROWEST = 340.0
"""Width that heading and legend need at least."""

ARROW_LENGTH, ARROW_HALF = 8.0, 3.6


def to_svg(
    plan: Plan,
    types: Mapping[str, ItemType] | None = None,
    *,
    direction: Direction | None = None,
) -> str:
    """Return a plan as an SVG picture.

    Args:
        plan: what to show; that of the checked graph where types are given.
        types: item types of the edges, by their labels.
        direction: where signals flow, ``right`` or ``down``; None: to the right, unless that
            makes the picture too wide to be read on a page and it is narrower the other way.
    """
    scheme = scheme_of(plan, types)
    if direction is not None:
        return _Picture(scheme, direction).svg()
    rightward = _Picture(scheme, "right")
    if rightward.width <= WIDEST:
        return rightward.svg()
    downward = _Picture(scheme, "down")
    return min(rightward, downward, key=lambda picture: picture.width).svg()


class _Picture:
    def __init__(self, scheme: Scheme, direction: Direction) -> None:
        self.scheme = scheme
        self.direction = direction
        self.layout = Layout(scheme, direction)
        length, breadth = self.layout.size
        across, down = (length, breadth) if direction == "right" else (breadth, length)
        inner = max(across, NARROWEST)
        self.width = inner + 2 * EDGE
        self.doc = _wrapped(printable(scheme.doc), inner)
        self.legend = _legend_rows(scheme, inner)
        self.left = EDGE + (inner - across) / 2
        self.top = EDGE + HEADING_SIZE + DOC_LINE * len(self.doc) + 16
        self.below = self.top + down + 14
        self.height = self.below + LEGEND_LINE * len(self.legend) + EDGE - 4

    def svg(self) -> str:
        """Return the picture."""
        width, height = round(self.width), round(self.height)
        root = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img"'
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {root} font-family="{font.SANS}">',
            f"<title>{escape(printable(self.scheme.name))}</title>",
            _rectangle((0.5, 0.5), (width - 0.5, height - 0.5), 10, PAGE, 1.0),
            *self._heading(),
            *self._frames(),
            *self._wires(),
            *self._captions(),
            *(self._block(block) for block in self.scheme.blocks.values()),
            *self._legend(),
            "</svg>",
        ]
        return "\n".join(lines) + "\n"

    # Places ----------------------------------------------------------------------------------

    def _point(self, place: Place) -> Place:
        along, across = place
        x, y = (along, across) if self.direction == "right" else (across, along)
        return self.left + x, self.top + y

    # Parts -----------------------------------------------------------------------------------

    def _heading(self) -> Iterator[str]:
        room = self.width - 2 * EDGE
        name = font.fitted(printable(self.scheme.name), HEADING_SIZE, room, bold=True)
        y = EDGE + HEADING_SIZE * 0.8
        yield _text(EDGE, y, name, HEADING_SIZE, TEXT, weight="bold")
        for k, line in enumerate(self.doc):
            yield _text(EDGE, y + 6 + DOC_LINE * (k + 1) - 2, line, DOC_SIZE, MUTED)

    def _frames(self) -> Iterator[str]:
        for k, (process, corners) in enumerate(self.layout.frames.items()):
            tint = PROCESSES[k % len(PROCESSES)]
            first, last = map(self._point, corners)
            x, y = first
            room = min(last[0] - x - FRAME_PAD, LONGEST)
            title = font.fitted(printable(process), TITLE_SIZE, room, bold=True)
            yield f"<g data-process={_quoted(process)}>"
            yield _rectangle(first, last, 10, tint, 1.2)
            yield _text(x + 12, y + 18, title, TITLE_SIZE, tint.text, weight="bold")
            yield "</g>"

    def _wires(self) -> Iterator[str]:
        for number, steps in self.layout.paths():
            yield from self._wire(self.scheme.wires[number], steps)
        for place in self.layout.forks():
            x, y = self._point(place)
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.3" fill="{WIRE}"/>'

    def _wire(self, wire: Wire, steps: list[Step]) -> Iterator[str]:
        tip = steps[-1][-1]
        steps[-1] = ((tip[0] - ARROW_LENGTH + 1, tip[1]),)
        about = f"{wire.label}: {wire.caption}" if wire.caption else wire.label
        yield f"<g data-edge={_quoted(wire.label)}>"
        yield f"<title>{escape(printable(about))}</title>"
        yield _line(self._way(steps), wire.crosses)
        head = [
            tip,
            (tip[0] - ARROW_LENGTH, tip[1] - ARROW_HALF),
            (tip[0] - ARROW_LENGTH, tip[1] + ARROW_HALF),
        ]
        color = CROSSING if wire.crosses else WIRE
        yield f'<path d="{self._way([(place,) for place in head])}Z" fill="{color}"/>'
        yield "</g>"

    def _way(self, steps: Sequence[Step]) -> str:
        parts = []
        for k, step in enumerate(steps):
            letter = "M" if k == 0 else "L" if len(step) == 1 else "C"
            points = (self._point(place) for place in step)
            parts.append(letter + " ".join(f"{x:.1f},{y:.1f}" for x, y in points))
        return "".join(parts)

    def _captions(self) -> Iterator[str]:
        for (block, output), caption in self.scheme.captions().items():
            if not caption:
                continue
            x, y = self._point(self.layout.output(block, output))
            dx, dy = (5, -4.5) if self.direction == "right" else (5, 12)
            text = font.fitted(printable(caption), CAPTION_SIZE, LONGEST, mono=True)
            yield _text(x + dx, y + dy, text, CAPTION_SIZE, MUTED, family=font.MONO)

    def _block(self, block: SchemeBlock) -> str:
        corners = self.layout.blocks[block.name]
        (left, top), (right, bottom) = map(self._point, corners)
        tint = tint_of(block.category)
        named_in = block.inputs if block.names_inputs else ()
        named_out = block.outputs if block.names_outputs else ()
        middle = (left + right) / 2
        if self.direction == "right":
            head = top + HEADER / 2 if named_in or named_out else (top + bottom) / 2
        else:
            head = (top + bottom) / 2 + PORT_STRIP / 2 * (bool(named_in) - bool(named_out))
        room = max(right - left - MARGIN, 0.0)
        name = font.fitted(printable(block.name), NAME_SIZE, room, bold=True)
        kind = font.fitted(printable(block.type), TYPE_SIZE, room)
        parts = [
            f"<g data-block={_quoted(block.name)}>",
            f"<title>{escape(_about(block))}</title>",
            _rectangle((left, top), (right, bottom), 7, tint, 1.3),
            _text(middle, head - 2, name, NAME_SIZE, TEXT, anchor="middle", weight="bold"),
            _text(middle, head + 12.5, kind, TYPE_SIZE, MUTED, anchor="middle"),
            *(self._port(self.layout.input(block.name, port), port, 1) for port in named_in),
            *(self._port(self.layout.output(block.name, port), port, -1) for port in named_out),
            "</g>",
        ]
        return "\n".join(part for part in parts if part)

    def _port(self, place: Place, port: str, inward: int) -> str:
        x, y = self._point(place)
        text = font.fitted(printable(port), PORT_SIZE, LONGEST / 2)
        if self.direction == "right":
            anchor = "start" if inward > 0 else "end"
            return _text(x + 7 * inward, y + 3.5, text, PORT_SIZE, TEXT, anchor=anchor)
        return _text(x, y + (12 if inward > 0 else -5), text, PORT_SIZE, TEXT, anchor="middle")

    def _legend(self) -> Iterator[str]:
        for row, entries in enumerate(self.legend):
            y = self.below + LEGEND_LINE * (row + 0.5)
            x = EDGE
            for word, wide in entries:
                yield from _legend_entry(x, y, word)
                x += wide


SAMPLE = 26.0
"""Width of what stands before a word of the legend."""

_OTHER, _WITHIN, _BETWEEN = "other", "within a process", "between processes"


def _legend_rows(scheme: Scheme, room: float) -> list[list[tuple[str, float]]]:
    """Return the words of the legend, each with its width, in rows that fit."""
    used = {block.category for block in scheme.blocks.values()}
    words = [category for category in CATEGORIES if category in used]
    words += [_OTHER] if used - set(CATEGORIES) else []
    lines = [_WITHIN, _BETWEEN] if any(wire.crosses for wire in scheme.wires) else []
    if sum(map(_legend_width, words + lines)) <= room:
        return [[(word, _legend_width(word)) for word in words + lines]]
    rows: list[list[tuple[str, float]]] = []
    for part in (words, lines):
        left = 0.0
        for word in part:
            if left < _legend_width(word):
                rows.append([])
                left = room
            rows[-1].append((word, _legend_width(word)))
            left -= _legend_width(word)
    return rows


def _legend_width(word: str) -> float:
    return SAMPLE + font.width(word, LEGEND_SIZE) + 12


def _legend_entry(x: float, y: float, word: str) -> Iterator[str]:
    if word in (_WITHIN, _BETWEEN):
        yield _line(f"M{x:.1f},{y:.1f}h20", word == _BETWEEN)
    else:
        tint = tint_of(word)
        yield _rectangle((x + 2, y - 6), (x + 18, y + 6), 3, tint, 1.0)
    yield _text(x + SAMPLE, y + 3.6, word, LEGEND_SIZE, MUTED)


def _rectangle(first: Place, last: Place, radius: int, tint: Tint, thickness: float) -> str:
    (x, y), (right, bottom) = first, last
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{right - x:.1f}" height="{bottom - y:.1f}" '
        f'rx="{radius}" fill="{tint.fill}" stroke="{tint.line}" '
        f'stroke-width="{thickness}"/>'
    )


def _line(way: str, crosses: bool) -> str:
    color, dashes = (CROSSING, ' stroke-dasharray="6 4"') if crosses else (WIRE, "")
    return f'<path d="{way}" fill="none" stroke="{color}" stroke-width="1.5"{dashes}/>'


def _text(
    x: float,
    y: float,
    text: str,
    size: float,
    color: str,
    *,
    anchor: str = "start",
    weight: str = "",
    family: str = "",
) -> str:
    more = f' text-anchor="{anchor}"' if anchor != "start" else ""
    more += f' font-weight="{weight}"' if weight else ""
    more += f' font-family="{family}"' if family else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{color}"{more}>'
        f"{escape(text)}</text>"
    )


def _quoted(text: str) -> str:
    return quoteattr(printable(text))


def _about(block: SchemeBlock) -> str:
    values = ", ".join(f"{printable(key)}={value}" for key, value in block.parameters)
    about = f"{printable(block.name)}: {printable(block.type)}"
    return f"{about} ({values})" if values else about


def _wrapped(text: str, room: float) -> list[str]:
    """Return a text in lines that are no wider than ``room``, three at most."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.width(longer, DOC_SIZE) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > 3:
        lines = [*lines[:2], " ".join(lines[2:])]
    return [font.fitted(line, DOC_SIZE, room) for line in lines]
