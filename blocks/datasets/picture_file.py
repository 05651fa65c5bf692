"""One picture file: what its header tells, and its pixels."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from semradio.blocks.errors import DatasetError

if TYPE_CHECKING:
    from PIL.Image import Image

Colour = Literal["grey", "rgb", "rgba"]
Background = Literal["white", "black"]

MOST_PIXELS = 1 << 27
"""Pixels of the largest picture that is opened: below the limit at which Pillow refuses."""

_MODES = {"grey": "L", "rgb": "RGB", "rgba": "RGBA"}
_GREY = ("1", "L", "LA", "La", "I", "F")
_ORIENTATION = 0x0112
"""EXIF tag; from 5 on, rows and columns change places."""


@dataclass(frozen=True)
class PictureHeader:
    """A picture as it is to be seen, so turned as EXIF says.

    colour : what holds all of it. deep : whether a channel has 16 bits
    """

    rows: int
    columns: int
    colour: Colour
    deep: bool


@cache
def suffixes() -> frozenset[str]:
    """Return the suffixes of picture files that can be read, in lower case, with the dot."""
    from PIL import Image

    # Telephones store HEIC; the reader is an extra.
    if importlib.util.find_spec("pillow_heif") is not None:
        import pillow_heif

        pillow_heif.register_heif_opener()
    return frozenset(Image.registered_extensions())


def read_header(file: Path) -> PictureHeader:
    """Read size, colour and depth of a picture without its pixels.

    Raises DatasetError, naming the file, where it is no readable picture, is larger than
    :data:`MOST_PIXELS` (a small file can unpack to any size), or has 32 bits per channel.
    """
    with _opened(file) as image:
        if image.mode in ("I", "F"):
            raise DatasetError(
                f"{file}: more than 16 bits per channel (Pillow's mode {image.mode}); convert it"
                " to 8 bits first"
            )
        rows, columns = image.height, image.width
        if image.getexif().get(_ORIENTATION, 1) >= 5:
            rows, columns = columns, rows
        grey = image.mode in _GREY or image.mode.startswith("I;16")
        colour: Colour = "rgba" if _has_alpha(image) else "grey" if grey else "rgb"
        return PictureHeader(rows, columns, colour, _is_deep(image))


def read_pixels(file: Path, colour: Colour, background: Background) -> NDArray[np.uint8]:
    """Read a picture, turned as its EXIF orientation says.

    colour : "grey" gives [rows, columns], "rgb" [rows, columns, 3], "rgba" [rows, columns, 4]
    background : what is seen through transparent pixels where "rgba" does not keep them

    Of 16 bits per channel the upper eight are taken. Raises DatasetError as
    :func:`read_header`, and where the pixels are damaged.
    """
    from PIL import ImageOps
    from PIL.Image import alpha_composite, fromarray, new

    with _opened(file) as image:
        ImageOps.exif_transpose(image, in_place=True)
        seen: Image = image
        if seen.mode.startswith("I;16"):
            upper = (np.asarray(seen).astype(np.uint16) >> 8).astype(np.uint8)
            seen = fromarray(upper)
        if colour != "rgba" and _has_alpha(seen):
            ground = new("RGBA", seen.size, background)
            seen = alpha_composite(ground, seen.convert("RGBA"))
        return np.asarray(seen.convert(_MODES[colour]))


@contextmanager
def _opened(file: Path) -> Iterator[Image]:
    # Imported late: only these readers need Pillow.
    from PIL import Image

    suffixes()
    try:
        with warnings.catch_warnings():
            # Pillow warns from half its limit on; the limit here is told as an error.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(file) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise DatasetError(
                        f"{file}: {image.width} x {image.height} pixels; at most {MOST_PIXELS:,}"
                        " are unpacked"
                    )
                yield image
    except DatasetError:
        raise
    # Pillow's readers let errors of any kind out of a damaged file (SyntaxError among them).
    except Exception as error:
        raise DatasetError(f"{file}: not a readable picture: {error}") from None


def _has_alpha(image: Image) -> bool:
    return image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info


def _is_deep(image: Image) -> bool:
    # Pillow reads 16 bits of colour into 8; only the raw form of the pixels tells of it.
    raw = [str(part) for tile in getattr(image, "tile", ()) for part in _flat(tile[3])]
    return image.mode.startswith("I;16") or any(";16" in part for part in raw)


def _flat(arguments: object) -> tuple[object, ...]:
    return arguments if isinstance(arguments, tuple) else (arguments,)
