"""Pictures of several sizes, brought to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from semradio.blocks.errors import DatasetError

Fit = Literal["crop", "pad", "resize", "tile"]
Size = tuple[int, int]
"""Rows and columns."""


@dataclass(frozen=True)
class Fitting:
    """How a picture becomes items of one size.

    size : of an item. fit : None where every picture has it already
    overlap : rows and columns that neighbouring tiles have in common
    """

    size: Size
    fit: Fit | None
    overlap: int = 0

    def places(self, rows: int, columns: int) -> list[tuple[int, int]]:
        """Return where each item of a picture begins in it: its row and column."""
        high, wide = self.size
        if self.fit == "crop":
            return [((rows - high) // 2, (columns - wide) // 2)]
        if self.fit != "tile":
            return [(0, 0)]
        return [
            (row, column)
            for row in _starts(rows, high, high - self.overlap)
            for column in _starts(columns, wide, wide - self.overlap)
        ]

    def item(self, pixels: NDArray[np.uint8], place: tuple[int, int]) -> NDArray[np.uint8]:
        """Return the item at a place; what the picture lacks is filled with its last pixels."""
        high, wide = self.size
        if self.fit == "resize" and pixels.shape[:2] != self.size:
            from PIL import Image

            picture = Image.fromarray(pixels)
            return np.asarray(picture.resize((wide, high), Image.Resampling.LANCZOS))
        top, left = place
        part = pixels[top : top + high, left : left + wide]
        lacking = [(0, high - part.shape[0]), (0, wide - part.shape[1])]
        if not lacking[0][1] and not lacking[1][1]:
            return part
        return np.pad(part, [*lacking, (0, 0)][: part.ndim], mode="edge")


def common_size(sizes: Sequence[Size], fit: Fit | None, wanted: Size | None) -> Size:
    """Return the size of the items of pictures of these sizes.

    Without ``wanted``: of "crop" the largest that lies in every picture, of "pad" the smallest
    that holds every picture, else that of the first. Raises DatasetError where "tile" has none.
    """
    if wanted is not None:
        return wanted
    if fit == "tile":
        raise DatasetError("tiles need a size: give 'size: [rows, columns]'")
    chosen = {"crop": min, "pad": max}.get(fit or "")
    if chosen is None:
        return sizes[0]
    return chosen(rows for rows, _ in sizes), chosen(columns for _, columns in sizes)


def misfit(size: Size, fitting: Fitting, first: str) -> str | None:
    """Return why a picture of this size cannot become an item; None if it can.

    first : name of the picture whose size is that of the items where nothing else says
    """
    (rows, columns), (high, wide) = size, fitting.size
    told = f"{columns} x {rows} pixels"
    if fitting.fit is None and size != fitting.size:
        return (
            f"{told}, but {first} has {wide} x {high}; 'fit' (crop, pad, resize or tile) brings"
            " pictures to one size"
        )
    if fitting.fit == "crop" and (rows < high or columns < wide):
        return f"{told}: too small to crop {wide} x {high} from it; pad, resize or tile"
    if fitting.fit == "pad" and (rows > high or columns > wide):
        return f"{told}: too large to be padded to {wide} x {high}; crop, resize or tile"
    return None


def _starts(length: int, size: int, step: int) -> range:
    return range(0, max(1, length - size + step), step)
