"""A sheet of pictures: what was sent, what arrived, what Eve made of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ParameterError,
    SemradioError,
    Sink,
    block,
    parameter,
    state,
)
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.part_file import check_writable, whole
from semradio.blocks.sinks.contact_sheet import Cell, Layout, Pixels, draw_sheet, prepare

_USUAL_SIDE = 84
"""Pixels that the longer side of a small image is enlarged to, about."""

_MOST_PIXELS = 50_000_000
"""Pixels of a sheet; more than any screen has, and 150 MB while it is drawn."""


@block("image_sink", category="sinks")
class ImageSink(Sink):
    """Draw the first images of a stream on one sheet, a PNG file.

    One column for each image: as sent, as received, and the guess of its class, where those
    inputs are connected. With ``label`` the guess is green where it is right and red where it is
    wrong, and a line below counts them. Images are uint8, 0 to 255, or float32, 0 to 1 (clipped),
    [rows, columns] or [rows, columns, 3].

    The file appears complete or not at all: when ``images`` have come, or at the end of the
    stream.

    Results:
        ``file``, null if no image came, and ``images`` on it.

    Raises:
        ParameterError: the file cannot be written, told at the start.
        StreamError: NaN or infinity in a drawn image.

    Example:
        >>> ramp = np.tile(np.arange(28, dtype=np.uint8) * 9, (8, 28, 1))
        >>> ImageSink(file="sheet.png", images=8)(ramp, 255 - ramp, None, None)
        {'file': 'sheet.png', 'images': 8}
    """

    aligns: ClassVar[bool] = True

    file: str = parameter(doc="Path of the PNG file; an old one is replaced.")
    images: int = parameter(16, low=1, high=10_000, doc="How many images, from the first on.")
    columns: int = parameter(8, low=1, high=1000, doc="Images next to each other.")
    scale: int | None = parameter(
        None, low=1, high=64, doc="Pixels per pixel; chosen by the size of the image if not given."
    )
    class_names: list[str] = parameter(
        [], doc="Names of the classes, in order; a class without a name is shown as its number."
    )

    sent = Input(
        "uint8[*,*] | float32[*,*] | uint8[*,*,3] | float32[*,*,3]",
        optional=True,
        doc="The image as sent.",
    )
    received = Input(
        "uint8[*,*] | float32[*,*] | uint8[*,*,3] | float32[*,*,3]", doc="The image as received."
    )
    guess = Input("floating[*] | integer", optional=True, doc="Logits or label that Eve guessed.")
    label = Input("integer", optional=True, doc="The true label.")

    cells: list[Cell] = state(factory=list, doc="Images gathered so far, as they are drawn.")
    written: int = state(0, doc="Images on the written sheet.")

    def configure(self) -> None:
        self._path = Path(self.file).expanduser()
        if self._path.suffix.lower() != ".png":
            raise ParameterError(f"parameter 'file' must end in .png, not '{self.file}'", "file")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        drawn = [name for name in ("sent", "received") if name in inputs]
        if drawn:
            self._layout = self._plan([inputs[name] for name in drawn], drawn, "guess" in inputs)
        return {}

    def start(self) -> None:
        # Found out now, not after an hour of running.
        try:
            check_writable(self._path)
        except OSError as error:
            raise self._unwritable(error) from None
        prepare()

    def work(
        self,
        sent: Array | None,
        received: Array,
        guess: Array | None,
        label: Array | None,
        at: int,
    ) -> None:
        if self.written:
            return
        count = min(self.images - len(self.cells), len(received))
        lines = [
            _as_bytes(x[:count], at, name)
            for name, x in (("sent", sent), ("received", received))
            if x is not None
        ]
        guessed = None if guess is None else _as_labels(guess[:count], at)
        for k in range(count):
            text = None if guessed is None else self._class_name(int(guessed[k]))
            known = guessed is not None and label is not None
            right = bool(guessed[k] == label[k]) if known else None  # type: ignore[index]
            self.cells.append(Cell(tuple(line[k] for line in lines), text, right))
        if len(self.cells) == self.images:
            self._write()

    def flush(self) -> None:
        if self.cells:
            self._write()
        elif not self.written:
            self.note(f"no image came, so {self._path} was not written")

    def results(self) -> dict[str, Any]:
        return {"file": str(self._path) if self.written else None, "images": self.written}

    def _write(self) -> None:
        try:
            with whole(self._path) as part:
                # Half the time of the usual compression, for a fifth more bytes.
                draw_sheet(self.cells, self._layout).save(part, "PNG", compress_level=1)
        except OSError as error:
            raise self._unwritable(error) from None
        self.written = len(self.cells)
        self.cells = []

    def _plan(self, items: list[ItemType], headings: list[str], guesses: bool) -> Layout:
        rows, columns = (max(item.shape[axis] for item in items) for axis in (0, 1))
        scale = self.scale or max(1, round(_USUAL_SIDE / max(rows, columns)))
        picture = (columns * scale, rows * scale)
        needed = self.images * len(items) * picture[0] * picture[1]
        if needed > _MOST_PIXELS:
            raise ParameterError(
                f"block '{self.name}': {self.images} images of {columns} x {rows} pixels at scale "
                f"{scale} make a sheet of {needed / 1e6:.0f} million pixels; at most "
                f"{_MOST_PIXELS / 1e6:.0f} million are drawn: lower 'images' or 'scale'",
                "images",
            )
        return Layout(self.columns, picture, (*headings, *(["guess"] if guesses else [])), scale)

    def _class_name(self, label: int) -> str:
        return self.class_names[label] if 0 <= label < len(self.class_names) else str(label)

    def _unwritable(self, error: OSError) -> SemradioError:
        return SemradioError(f"cannot write {self._path}: {error.strerror or error}")


def _as_bytes(images: Array, at: int, name: str) -> Pixels:
    """Return a copy of images in uint8; the stream's arrays need not outlive this call."""
    if images.dtype == np.uint8:
        return images.copy()
    check_finite(images, at, name)
    pixels: Pixels = np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)
    return pixels


def _as_labels(guess: Array, at: int) -> Array:
    if guess.ndim == 1:
        return guess
    check_finite(guess, at, "guess")
    labels: Array = guess.argmax(axis=1)
    return labels
