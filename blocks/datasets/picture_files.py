"""Picture files as items of one shape, read one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from semradio.blocks.datasets.folder import Listing, list_pictures
from semradio.blocks.datasets.picture_file import (
    Background,
    Colour,
    PictureHeader,
    read_header,
    read_pixels,
)
from semradio.blocks.datasets.picture_fit import Fit, Fitting, Size, common_size, misfit
from semradio.blocks.errors import DatasetError


@dataclass(frozen=True, kw_only=True)
class Handling:
    """What the user wants of pictures.

    colour : None: "grey" where all are, else "rgb"
    deep : whether pictures of 16 bits per channel are refused, or lose their lower eight
    damaged : whether a picture that cannot be read is an error, or left out
    turn : whether pictures higher than wide are turned by a quarter, to the left
    """

    colour: Colour | None = None
    background: Background = "white"
    deep: Literal["refuse", "upper"] = "refuse"
    damaged: Literal["error", "skip"] = "error"
    fit: Fit | None = None
    size: Size | None = None
    overlap: int = 0
    turn: bool = False


class PictureFiles:
    """The pictures of a folder, a single one, or those listed: pixels are read when asked for.

    Attributes:
        shape: of an item, [rows, columns] or [rows, columns, channels].
        labels: uint8[n] of the pictures, None without classes. origin: where they are, in words.
        refused: files whose headers could not be read, and that are left out.

    Raises DatasetError, naming the file: a picture cannot be read, has 16 bits per channel or a
    size that does not fit, and nothing in ``handling`` says what then.
    """

    def __init__(self, path: str | Path | Listing, handling: Handling) -> None:
        listing = path if isinstance(path, Listing) else list_pictures(path)
        self._handling = handling
        self.origin = listing.origin
        self.refused: list[str] = []
        kept, headers = [], []
        for number, file in enumerate(listing.files):
            header = self._header(file)
            if header is not None:
                kept.append(number)
                headers.append(header)
        if not kept:
            where = listing.origin if isinstance(path, Listing) else path
            raise DatasetError(f"{where}: none of its pictures can be read")
        self._files = [listing.files[number] for number in kept]
        self.labels: NDArray[np.uint8] | None = None
        if listing.labels is not None:
            self.labels = listing.labels[kept]
        self._sizes = [self._size(header) for header in headers]
        grey = all(header.colour == "grey" for header in headers)
        self._colour: Colour = handling.colour or ("grey" if grey else "rgb")
        size = common_size(self._sizes, handling.fit, handling.size)
        self._fitting = Fitting(size, handling.fit, handling.overlap)
        for file, own in zip(self._files, self._sizes, strict=True):
            if why := misfit(own, self._fitting, self._files[0].name):
                raise DatasetError(f"{file}: {why}")
        self.shape: tuple[int, ...] = size
        if self._colour != "grey":
            self.shape = (*size, {"rgb": 3, "rgba": 4}[self._colour])
        self._latest: tuple[int, NDArray[np.uint8] | None] = (-1, None)

    def __len__(self) -> int:
        """Return the number of pictures, damaged ones among them as far as headers do not tell."""
        return len(self._files)

    def places(self, number: int) -> Sequence[tuple[int, int]]:
        """Return where the items of a picture begin in it: row and column of each."""
        return self._fitting.places(*self._sizes[number])

    def item(self, number: int, place: tuple[int, int]) -> NDArray[np.uint8] | None:
        """Return an item of a picture; None where the picture is damaged and may be."""
        if self._latest[0] != number:
            self._latest = number, self._pixels(self._files[number])
        pixels = self._latest[1]
        return None if pixels is None else self._fitting.item(pixels, place)

    def file(self, number: int) -> str:
        """Return the path of a picture."""
        return str(self._files[number])

    def told(self, number: int, place: tuple[int, int]) -> dict[str, Any]:
        """Return what a tag tells of an item: its picture, and where it lies in it."""
        (rows, columns), (top, left) = self._sizes[number], place
        name = self._files[number].name
        return {"file": name, "rows": rows, "columns": columns, "top": top, "left": left}

    def _size(self, header: PictureHeader) -> Size:
        lies = (header.columns, header.rows)
        upright = self._handling.turn and header.rows > header.columns
        return lies if upright else (header.rows, header.columns)

    def _header(self, file: Path) -> PictureHeader | None:
        try:
            header = read_header(file)
        except DatasetError:
            if self._handling.damaged == "error":
                raise
            self.refused.append(str(file))
            return None
        if header.deep and self._handling.deep == "refuse":
            raise DatasetError(
                f"{file}: 16 bits per channel; 'deep: upper' takes the upper eight of them"
            )
        return header

    def _pixels(self, file: Path) -> NDArray[np.uint8] | None:
        try:
            pixels = read_pixels(file, self._colour, self._handling.background)
        except DatasetError:
            if self._handling.damaged == "error":
                raise
            return None
        if self._handling.turn and pixels.shape[0] > pixels.shape[1]:
            pixels = np.ascontiguousarray(np.rot90(pixels))
        return pixels
