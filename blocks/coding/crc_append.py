"""A checksum behind each message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, ItemType, Output, SyncBlock, block, parameter
from semradio.blocks.coding.checksum import POLYNOMIALS, checksum


@block("crc_append", category="coding")
class CrcAppend(SyncBlock):
    """Append the cyclic redundancy check of each message: uint8[n] gives uint8[n + 3] (or 2).

    Messages are bytes, sent highest bit first. ``crc_check`` is the other end.

    Example:
        >>> CrcAppend(kind="crc16")(np.frombuffer(b"123456789", np.uint8)[None])[0, -2:]
        array([ 49, 195], dtype=uint8)

    Source:
        3GPP TS 38.212, section 5.1.
    """

    kind: str = parameter("crc24a", choices=tuple(POLYNOMIALS), doc="The polynomial.")

    x = Input("uint8[*]", doc="Messages.")
    y = Output(doc="Messages with their checks.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        kind: Any = self.kind
        return {"y": ItemType("uint8", (inputs["x"].shape[0] + POLYNOMIALS[kind][0] // 8,))}

    def work(self, x: Array, at: int) -> Array:
        kind: Any = self.kind
        check = checksum(np.unpackbits(x, axis=1), kind)
        return np.concatenate([x, np.packbits(check, axis=1)], axis=1)
