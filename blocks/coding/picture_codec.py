"""Still pictures as bytes, by the codecs of Pillow."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semradio.blocks.errors import ParameterError

if TYPE_CHECKING:
    from PIL.Image import Image

SHRINKS = (1, 2, 4, 8)
"""By how much a picture is made smaller where even the lowest quality does not fit."""


class Encoded(NamedTuple):
    """A picture as bytes, the place of its quality in the codec's list, and how it was shrunk."""

    data: bytes
    quality: float
    shrink: int


@dataclass(frozen=True)
class Codec:
    """A codec: its name in Pillow, its qualities from low to high, and what each one asks for."""

    format: str
    qualities: tuple[float, ...]
    options: Callable[[float], dict[str, Any]]


def _jpeg2000(rate: float) -> dict[str, Any]:
    return {"quality_mode": "rates", "quality_layers": [rate], "irreversible": True}


_RATIOS = tuple(float(2000 * 0.96**k) for k in range(188))
"""Compression ratios, each 4 % below the one before, down to about 1."""

CODECS: dict[str, Codec] = {
    "jpeg": Codec("JPEG", tuple(range(1, 96)), lambda q: {"quality": int(q), "optimize": True}),
    "jpeg2000": Codec("JPEG2000", _RATIOS, _jpeg2000),
    "webp": Codec("WEBP", tuple(range(101)), lambda q: {"quality": int(q), "method": 4}),
    "avif": Codec("AVIF", tuple(range(101)), lambda q: {"quality": int(q), "speed": 6}),
    "hevc": Codec("HEIF", tuple(range(101)), lambda q: {"quality": int(q)}),
}
"""By the names under which blocks know them."""


def codec_named(name: str) -> Codec:
    """Return a codec that can be used here; ParameterError where its library is missing."""
    from PIL import Image, features

    codec = CODECS[name]
    if name == "hevc":
        if importlib.util.find_spec("pillow_heif") is None:
            raise ParameterError(
                'the codec hevc needs the package pillow-heif: pip install "semradio[heif]"',
                "codec",
            )
        import pillow_heif

        pillow_heif.register_heif_opener()
    elif name != "jpeg":
        feature = "jpg_2000" if name == "jpeg2000" else name
        if not features.check(feature):
            raise ParameterError(
                f"this build of Pillow has no {name}; 'pip install -U pillow' has", "codec"
            )
    Image.init()
    return codec


def encode(pixels: NDArray[np.uint8], codec: Codec, room: int) -> Encoded | None:
    """Encode a picture with the highest quality that fits into ``room`` bytes.

    Where none does, the picture is first made smaller, by 2, 4, or 8 (area average); None where
    that is not enough either. The quality is found by bisection, so where a codec's sizes do not
    grow with it everywhere, a higher one may fit as well.
    """
    from PIL import Image

    whole = Image.fromarray(pixels)
    for shrink in SHRINKS:
        picture = whole.reduce(shrink) if shrink > 1 else whole
        low, high, best = 0, len(codec.qualities) - 1, None
        if len(data := _saved(picture, codec, codec.qualities[0])) > room:
            continue
        best = Encoded(data, codec.qualities[0], shrink)
        while low < high:
            middle = (low + high + 1) // 2
            data = _saved(picture, codec, codec.qualities[middle])
            if len(data) <= room:
                low, best = middle, Encoded(data, codec.qualities[middle], shrink)
            else:
                high = middle - 1
        return best
    return None


def decode(data: bytes, codec: Codec, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
    """Return the picture of ``shape`` that ``data`` holds; None where it holds none.

    A picture that was made smaller is scaled up again (bicubic).
    """
    from PIL import Image

    rows, columns = shape[:2]
    try:
        with Image.open(BytesIO(data), formats=(codec.format,)) as image:
            # Damaged bytes may announce a picture of any size, which must not be unpacked.
            sizes = [(-(-columns // k), -(-rows // k)) for k in SHRINKS]
            if image.size not in sizes:
                return None
            seen = image.convert("L" if len(shape) == 2 else "RGB")
            if seen.size != (columns, rows):
                seen = seen.resize((columns, rows), Image.Resampling.BICUBIC)
            return np.asarray(seen)
    # Pillow's readers let errors of any kind out of damaged bytes.
    except Exception:
        return None


def _saved(picture: Image, codec: Codec, quality: float) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, format=codec.format, **codec.options(quality))
    return buffer.getvalue()
