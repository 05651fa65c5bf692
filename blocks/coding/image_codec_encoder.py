"""Pictures as packets of one size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    Output,
    SyncBlock,
    block,
    parameter,
    state,
)
from semradio.blocks.coding.picture_codec import CODECS, codec_named, encode

HEADER = 3
"""Bytes before the picture's own: how many these are, highest byte first."""


@block("image_codec_encoder", category="coding")
class ImageCodecEncoder(SyncBlock):
    """Compress each picture with the highest quality that fits into a packet of ``bytes``.

    Pictures are uint8[rows, columns] or uint8[rows, columns, 3]; a packet is three bytes that tell
    how many follow, these, and a fixed random sequence, as zeros would make symbols of less than
    their mean power. Where even the lowest quality is too large, the picture is
    first made smaller, by 2, 4 or 8, and ``image_codec_decoder`` scales it up again; where that is
    not enough either, the packet is empty, and the decoder takes it for lost.

    ``codec`` is jpeg, jpeg2000, webp, avif (as Pillow writes them) or hevc (HEIF, with the package
    pillow-heif).

    Results:
        ``pictures``; ``shrunk``, how many were made smaller; ``empty``, how many did not fit;
        ``bytes``, the mean filling of a packet; ``quality``, the mean quality in the codec's own
        numbers (of jpeg2000 the compression ratio); both null where no picture came.

    Raises:
        ParameterError: the codec's library is missing.
        ItemTypeError: the items are no pictures.

    Example:
        >>> x, y = np.arange(64), np.arange(48)[:, None]
        >>> picture = np.uint8(2 * x + y)[None]
        >>> packet = ImageCodecEncoder(codec="jpeg", bytes=1000)(picture)
        >>> got = ImageCodecDecoder(codec="jpeg", shape=[48, 64])(packet)
        >>> int(np.abs(got.astype(int) - picture).max()) < 10
        True
    """

    codec: str = parameter("jpeg", choices=tuple(CODECS), doc="How pictures are compressed.")
    bytes: int = parameter(low=HEADER + 1, high=1 << 24, unit="bytes", doc="Size of a packet.")

    x = Input("uint8[...]", doc="Pictures.")
    y = Output(doc="Packets.")

    pictures: int = state(0, doc="Pictures so far.")
    shrunk: int = state(0, doc="Pictures that were made smaller.")
    empty: int = state(0, doc="Pictures that did not fit.")
    filled: int = state(0, doc="Bytes so far, without what fills packets.")
    qualities: float = state(0.0, doc="Sum of the qualities of pictures that fitted.")

    def configure(self) -> None:
        self._codec = codec_named(self.codec)

    def start(self) -> None:
        words = np.random.Philox(key=0).random_raw(self.bytes // 8 + 1)
        self._filling = words.astype("<u8").view(np.uint8)[: self.bytes]

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        check_picture(inputs["x"].shape, self.name)
        return {"y": ItemType("uint8", (self.bytes,))}

    def work(self, x: Array, at: int) -> Array:
        packets = np.tile(self._filling, (len(x), 1))
        for packet, pixels in zip(packets, x, strict=True):
            found = encode(np.ascontiguousarray(pixels), self._codec, self.bytes - HEADER)
            self.pictures += 1
            if found is None:
                packet[:HEADER] = 0
                self.empty += 1
                continue
            length = len(found.data)
            packet[:HEADER] = np.frombuffer(length.to_bytes(HEADER, "big"), np.uint8)
            packet[HEADER : HEADER + length] = np.frombuffer(found.data, np.uint8)
            self.shrunk += found.shrink > 1
            self.filled += HEADER + length
            self.qualities += found.quality
        return packets

    def results(self) -> dict[str, Any]:
        fitted = self.pictures - self.empty
        return {
            "pictures": self.pictures,
            "shrunk": self.shrunk,
            "empty": self.empty,
            "bytes": self.filled / fitted if fitted else None,
            "quality": self.qualities / fitted if fitted else None,
        }


def check_picture(shape: tuple[int, ...], name: str) -> None:
    """Raise ItemTypeError where a shape is not that of a grey or a colour picture."""
    if not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)) or min(shape) < 1:
        raise ItemTypeError(
            f"block '{name}': pictures are [rows, columns] or [rows, columns, 3], not {list(shape)}"
        )
