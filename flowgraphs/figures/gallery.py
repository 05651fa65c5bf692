"""A sheet of examples as a picture: a row for each scheme, the pictures of the users side by side.

Sizes are in inches.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from semradio.flowgraphs.figures.caption import sheet_caption
from semradio.flowgraphs.figures.declaration import Examples
from semradio.flowgraphs.figures.examples import Pictures, Sheet
from semradio.flowgraphs.figures.palette import FAINT, INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

_EDGE, _TOP = 0.18, 0.84
_CAPTION_LINE = 0.155
_GAP = 2
"""Pixels between two pictures."""
_VALUE = 0.62
"""Width of the column with the values."""
_SENT = "sent"


def draw_sheet(examples: Examples, sheet: Sheet) -> Picture:
    """Draw a sheet of examples; needs matplotlib, and touches none of its global state."""
    from matplotlib.figure import Figure as Picture

    rows = (_SENT, *sheet.labels)
    names = 0.15 + 0.062 * max(map(len, rows))
    widths = [_across(user.sent, examples.high) for user in sheet.users]
    width = 2 * _EDGE + names + sum(body + _VALUE for body in widths)
    lines = textwrap.wrap(sheet_caption(examples, sheet), int(width * 17))
    body = examples.high * len(rows)
    foot = 0.2 + _CAPTION_LINE * len(lines) + _EDGE
    height = _TOP + body + foot
    picture = Picture(figsize=(width, height))

    def write(text: str, x: float, y: float, **look: Any) -> None:
        picture.text(x / width, y / height, text, **{"color": INK, **look})

    write(examples.title, _EDGE, height - 0.16, size=12, weight="bold", va="top")
    write("\n".join(lines), _EDGE, _EDGE, size=7.5, color=FAINT, linespacing=1.4)
    middles = [foot + body - (number + 0.45) * examples.high for number in range(len(rows))]
    for text, y in zip(rows, middles, strict=True):
        write(text, _EDGE, y, size=8, va="center")
    left = _EDGE + names
    for title, user, across in zip(examples.users, sheet.users, widths, strict=True):
        axes = picture.add_axes((left / width, foot / height, across / width, body / height))
        axes.imshow(
            _tiled([user.sent, *user.received]),
            cmap="gray",
            vmin=0,
            vmax=255,
            aspect="auto",
            interpolation="nearest",
        )
        axes.set(xticks=[], yticks=[])
        axes.axis("off")
        write(title, left, foot + body + 0.1, size=9.5, weight="bold")
        right = left + across + _VALUE - 0.2
        write(examples.quantity_label, right, foot + body + 0.1, size=7.5, color=FAINT, ha="right")
        for value, y in zip(user.values, middles[1:], strict=True):
            write(f"{value:.{examples.digits}f}", right, y, size=8, va="center", ha="right")
        left += across + _VALUE
    return picture


def _across(pictures: Pictures, high: float) -> float:
    """Return the width of a row of pictures of this height, gaps included."""
    count, rows, columns = pictures.shape[:3]
    return float(count * high * (columns + _GAP) / (rows + _GAP))


def _tiled(rows: list[Pictures]) -> Pictures:
    """Return rows of pictures as one picture, with white between them."""
    stacked = np.stack(rows)
    gaps = [(0, 0), (0, 0), (0, _GAP), (0, _GAP), (0, 0)][: stacked.ndim]
    padded = np.pad(stacked, gaps, constant_values=255)
    count, across, high, wide, *colour = padded.shape
    tiled: Pictures = padded.swapaxes(1, 2).reshape(count * high, across * wide, *colour)
    return tiled
