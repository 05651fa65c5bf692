"""Which messages arrived whole."""

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
from semradio.blocks.coding.checksum import POLYNOMIALS, checksum


@block("crc_check", category="coding")
class CrcCheck(SyncBlock):
    """Take the check of ``crc_append`` off each message, and tell whether it fits.

    Results:
        ``messages``; ``failed``, how many of them did not fit; ``bler``, their share (null where
        no message came).

    Raises:
        ItemTypeError: messages are shorter than the check.

    Example:
        >>> sent = CrcAppend()(np.arange(20, dtype=np.uint8).reshape(2, 10))
        >>> sent[1, 3] ^= 64
        >>> message, good = CrcCheck()(sent)
        >>> good
        array([1, 0], dtype=uint8)

    Source:
        3GPP TS 38.212, section 5.1.
    """

    kind: str = parameter("crc24a", choices=tuple(POLYNOMIALS), doc="The polynomial.")

    x = Input("uint8[*]", doc="Messages with their checks.")
    y = Output(doc="Messages.")
    good = Output("uint8", doc="1 where the check fits, else 0.")

    messages: int = state(0, doc="Messages so far.")
    failed: int = state(0, doc="Messages whose check did not fit.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        kind: Any = self.kind
        length = inputs["x"].shape[0] - POLYNOMIALS[kind][0] // 8
        if length < 1:
            raise ItemTypeError(
                f"block '{self.name}': {inputs['x']} has no room for a message before {kind}"
            )
        return {"y": ItemType("uint8", (length,)), "good": ItemType("uint8")}

    def work(self, x: Array, at: int) -> tuple[Array, Array]:
        kind: Any = self.kind
        length = x.shape[1] - POLYNOMIALS[kind][0] // 8
        message = x[:, :length]
        check = np.packbits(checksum(np.unpackbits(message, axis=1), kind), axis=1)
        good = (check == x[:, length:]).all(axis=1).astype(np.uint8)
        self.messages += len(x)
        self.failed += int(len(x) - good.sum())
        return message, good

    def results(self) -> dict[str, Any]:
        share = self.failed / self.messages if self.messages else None
        return {"messages": self.messages, "failed": self.failed, "bler": share}
