"""Packets as pictures, and what becomes of those that are lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    Output,
    SyncBlock,
    block,
    parameter,
    state,
)
from semradio.blocks.coding.image_codec_encoder import HEADER, check_picture
from semradio.blocks.coding.picture_codec import CODECS, codec_named, decode


@block("image_codec_decoder", category="coding")
class ImageCodecDecoder(SyncBlock):
    """Unpack the packets of ``image_codec_encoder``: uint8[bytes] gives uint8[shape].

    A packet is lost where ``good`` (such as that of ``crc_check``) is 0, where it is empty, or
    where its bytes are no picture of this shape. ``lost`` says what then stands in for the
    picture: mid-grey, the ``last`` picture that arrived (grey before the first), or zeros. Each is
    a picture like any other to what follows, so that metrics count the loss.

    Results:
        ``pictures``; ``lost``, how many of them were.

    Raises:
        ParameterError: the codec's library is missing.
        ItemTypeError: the shape is not that of a picture.

    Example:
        >>> packets = np.zeros((1, 100), np.uint8)
        >>> ImageCodecDecoder(shape=[2, 3])(packets)
        array([[[128, 128, 128],
                [128, 128, 128]]], dtype=uint8)
    """

    codec: str = parameter("jpeg", choices=tuple(CODECS), doc="How pictures were compressed.")
    shape: list[int] = parameter(doc="[rows, columns] or [rows, columns, 3] of a picture.")
    lost: str = parameter(
        "grey", choices=("grey", "last", "zeros"), doc="What stands in for a lost picture."
    )

    x = Input("uint8[*]", doc="Packets.")
    good = Input("uint8", optional=True, doc="0 where a packet is damaged.")
    y = Output(doc="Pictures.")

    pictures: int = state(0, doc="Pictures so far.")
    missing: int = state(0, doc="Lost pictures so far.")
    latest: Array | None = state(None, doc="The last picture that arrived.")

    def configure(self) -> None:
        self._codec = codec_named(self.codec)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        check_picture(tuple(self.shape), self.name)
        return {"y": ItemType("uint8", tuple(self.shape))}

    def work(self, x: Array, good: Array | None, at: int) -> Array:
        pictures = np.empty((len(x), *self.shape), np.uint8)
        for k, packet in enumerate(x):
            found = None if good is not None and not good[k] else self._picture(packet)
            self.pictures += 1
            if found is not None:
                pictures[k] = found
                if self.lost == "last":
                    self.latest = pictures[k].copy()
                continue
            self.missing += 1
            if self.lost == "last" and self.latest is not None:
                pictures[k] = self.latest
            else:
                pictures[k] = 0 if self.lost == "zeros" else 128
        return pictures

    def results(self) -> dict[str, Any]:
        return {"pictures": self.pictures, "lost": self.missing}

    def _picture(self, packet: Array) -> Array | None:
        length = int.from_bytes(packet[:HEADER].tobytes(), "big")
        if not 0 < length <= len(packet) - HEADER:
            return None
        data = packet[HEADER : HEADER + length].tobytes()
        return decode(data, self._codec, tuple(self.shape))
