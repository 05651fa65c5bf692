"""A figure as a picture: panels side by side, title above, caption below.

Sizes are in inches, so that text, markers and margins keep their proportions however many panels
there are.
"""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semradio.flowgraphs.figures.averages import Averages
from semradio.flowgraphs.figures.declaration import Figure, Panel
from semradio.flowgraphs.figures.palette import FAINT, INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

_EDGE = 0.18
_TOP, _BOTTOM = 0.78, 0.58
_LEGEND = 0.2
"""Of one row of a legend."""
_CAPTION_LINE = 0.155


@dataclass(frozen=True)
class Room:
    """Widths that a panel takes, in inches: left of its axes, the axes, right of them."""

    left: float
    body: float
    right: float


def draw(figure: Figure, known: Averages, caption: str) -> Picture:
    """Draw a figure; needs matplotlib, and touches none of its global state."""
    from matplotlib.figure import Figure as Picture

    from semradio.flowgraphs.figures.dots import draw_dots, legend_columns
    from semradio.flowgraphs.figures.lines import draw_lines

    rooms = _rooms(figure)
    width = 2 * _EDGE + sum(room.left + room.body + room.right for room in rooms)
    lines = textwrap.wrap(caption, int(width * 17))
    body = _height(figure)
    columns = [
        legend_columns(p, r.left + r.body) for p, r in zip(figure.panels, rooms, strict=True)
    ]
    legends = [
        math.ceil(len(panel.curves) / count)
        for panel, count in zip(figure.panels, columns, strict=True)
        if panel.kind == "dots" and len(panel.curves) > 1
    ]
    top = _TOP + _LEGEND * max(legends, default=0)
    foot = _BOTTOM + _CAPTION_LINE * len(lines) + _EDGE
    height = top + body + foot
    picture = Picture(figsize=(width, height))
    picture.text(
        _EDGE / width, 1 - 0.16 / height, figure.title, size=12, weight="bold", color=INK, va="top"
    )
    picture.text(
        _EDGE / width, _EDGE / height, "\n".join(lines), size=7.5, color=FAINT, linespacing=1.4
    )
    left = _EDGE
    for (letter, panel), room, count in zip(figure.lettered.items(), rooms, columns, strict=True):
        left += room.left
        axes = picture.add_axes((left / width, foot / height, room.body / width, body / height))
        axes.set_label(letter)
        axes.text(
            -room.left / room.body,
            1 + (top - 0.65) / body,
            f"({letter}) {panel.title}",
            transform=axes.transAxes,
            size=9.5,
            weight="bold",
            color=INK,
        )
        if panel.kind == "lines":
            draw_lines(axes, letter, panel, known, (room.body, body))
        else:
            draw_dots(axes, letter, panel, known, room.left / room.body, count)
        left += room.body + room.right
    return picture


def _rooms(figure: Figure) -> list[Room]:
    many = len(figure.panels) > 2
    rooms = []
    for k, panel in enumerate(figure.panels):
        if panel.kind == "lines":
            rooms.append(Room(0.62, 3.5, max(2.0, 0.66 + 0.062 * _longest(panel))))
        else:
            before = figure.panels[k - 1] if k else None
            shared = before is not None and before.kind == "dots" and before.x == panel.x
            rooms.append(Room(0.0 if shared else _name_width(panel), 2.1 if many else 3.6, 0.5))
    return rooms


def _longest(panel: Panel) -> int:
    """Return the letters of the longest label beside the curves."""
    labels = [*(c.label for c in panel.curves), *(r.text for r in panel.references)]
    return max(map(len, labels))


def _name_width(panel: Panel) -> float:
    return 0.35 + 0.068 * max(len(panel.shown(x)) for x in panel.x)


def _height(figure: Figure) -> float:
    rows = [
        len(panel.x) * max(0.42, 0.06 + 0.14 * sum(curve.at != () for curve in panel.curves))
        for panel in figure.panels
        if panel.kind == "dots"
    ]
    lines = [3.5 for panel in figure.panels if panel.kind == "lines"]
    return max([*lines, *(0.3 + height for height in rows)])
