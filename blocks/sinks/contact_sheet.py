"""Pictures of a stream's images on one sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

Pixels = npt.NDArray[np.uint8]

_PAPER, _INK, _FRAME = "#ffffff", "#57606a", "#d0d7de"
_PLAIN, _RIGHT, _WRONG = "#1f2328", "#1a7f37", "#cf222e"
_MARGIN, _GAP, _ROW_GAP = 16, 8, 24
"""Pixels around the sheet, between pictures, and between the rows of the sheet."""
_TEXT, _SMALLEST = 16, 9
"""Font sizes: the usual one, and the smallest that a long guess is shrunk to."""


@dataclass(frozen=True)
class Cell:
    """One image of the stream.

    pictures : those shown below each other, uint8[rows, columns] or [rows, columns, 3]
    guess : the text below them; None for none
    right : whether the guess is true; None where that is not known
    """

    pictures: tuple[Pixels, ...]
    guess: str | None
    right: bool | None


@dataclass(frozen=True)
class Layout:
    """The measures of a sheet, in pixels, and its headings.

    picture : width and height of one picture on the sheet
    headings : one per line of a row: those of the pictures, then that of the guesses, if any
    """

    columns: int
    picture: tuple[int, int]
    headings: tuple[str, ...]
    scale: int

    def size(self, cells: int, lines: int, heading_width: int) -> tuple[int, int]:
        """Return width and height of a sheet with that many cells and picture lines."""
        rows = -(-cells // self.columns)
        columns = min(cells, self.columns)
        width = 2 * _MARGIN + heading_width + columns * (self.picture[0] + _GAP)
        height = 2 * _MARGIN + rows * (self.row_height(lines) + _ROW_GAP) - _ROW_GAP
        return width, height

    def row_height(self, lines: int) -> int:
        """Return the height of one row of the sheet that has that many picture lines."""
        text = (len(self.headings) - lines) * (_TEXT + _GAP)
        return lines * (self.picture[1] + _GAP) - _GAP + text


def prepare() -> None:
    """Load what drawing takes, so that no stream has to wait for it later."""
    from PIL import Image

    Image.preinit()
    _font(_TEXT)


def draw_sheet(cells: Sequence[Cell], layout: Layout) -> Image:
    """Draw the cells in rows, left to right, under a note of how many guesses were right."""
    from PIL import Image, ImageDraw

    font = _font(_TEXT)
    lines = len(cells[0].pictures)
    heading_width = _GAP + max(round(font.getlength(text)) for text in layout.headings)
    known = [cell.right for cell in cells if cell.right is not None]
    note_height = _ROW_GAP + _TEXT if known else 0
    width, height = layout.size(len(cells), lines, heading_width)
    sheet = Image.new("RGB", (width, height + note_height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    wide, high = layout.picture
    for index, cell in enumerate(cells):
        row, column = divmod(index, layout.columns)
        top = _MARGIN + row * (layout.row_height(lines) + _ROW_GAP)
        left = _MARGIN + heading_width + column * (wide + _GAP)
        for line, pixels in enumerate(cell.pictures):
            y = top + line * (high + _GAP)
            if column == 0:
                middle = (_MARGIN, y + high // 2)
                draw.text(middle, layout.headings[line], _INK, font, anchor="lm")
            _place(sheet, draw, pixels, (left, y), layout)
        if cell.guess is not None:
            y = top + lines * (high + _GAP) + _TEXT // 2
            if column == 0:
                draw.text((_MARGIN, y), layout.headings[-1], _INK, font, anchor="lm")
            colour = _PLAIN if cell.right is None else _RIGHT if cell.right else _WRONG
            text, fitting = _fitted(cell.guess, wide)
            draw.text((left + wide // 2, y), text, colour, fitting, anchor="mm")
    if known:
        note = f"{sum(known)} of {len(known)} guesses are right"
        draw.text((_MARGIN + heading_width, height), note, _INK, font, anchor="lt")
    return sheet


def _place(
    sheet: Image, draw: ImageDraw, pixels: Pixels, corner: tuple[int, int], layout: Layout
) -> None:
    """Draw one picture, enlarged, in the middle of its place, with a hairline around it."""
    from PIL import Image

    size = (pixels.shape[1] * layout.scale, pixels.shape[0] * layout.scale)
    picture = Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST)
    x = corner[0] + (layout.picture[0] - size[0]) // 2
    y = corner[1] + (layout.picture[1] - size[1]) // 2
    draw.rectangle((x - 1, y - 1, x + size[0], y + size[1]), outline=_FRAME)
    sheet.paste(picture, (x, y))


def _fitted(text: str, width: int) -> tuple[str, Font]:
    """Return a text, shortened if need be, and the font in which it is at most ``width`` wide."""
    for size in range(_TEXT, _SMALLEST - 1, -1):
        font = _font(size)
        if font.getlength(text) <= width:
            return text, font
    while len(text) > 1 and font.getlength(f"{text}..") > width:
        text = text[:-1]
    return f"{text}..", font


@cache
def _font(size: int) -> Font:
    from PIL import ImageFont

    return ImageFont.load_default(size)
