"""Bits as QAM symbols."""

from __future__ import annotations

from collections.abc import Mapping

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    Output,
    SyncBlock,
    block,
    parameter,
)
from semradio.blocks.coding.constellation import ORDERS, modulate


@block("qam_mapper", category="coding")
class QamMapper(SyncBlock):
    """Map the bits of each item to QAM symbols of mean power 1, Gray coded.

    ``order`` points take log2(order) bits each: uint8[n], one bit (0 or 1) to a byte, gives
    complex64[n / log2(order)]. The first, third, ... bit of a symbol make its real part, the
    others its imaginary part.

    Raises:
        ItemTypeError: the bits of an item are not whole symbols.

    Example:
        >>> y = QamMapper(order=16)(np.uint8([[0, 0, 0, 0, 1, 1, 1, 1]]))
        >>> (y * np.sqrt(10)).round(3)
        array([[ 1.+1.j, -3.-3.j]])

    Source:
        3GPP TS 38.211, section 5.1.
    """

    order: int = parameter(16, choices=ORDERS, doc="Points of the constellation.")

    x = Input("uint8[*]", doc="Bits.")
    y = Output(doc="Symbols.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        (bits,), each = inputs["x"].shape, self.order.bit_length() - 1
        if bits % each:
            raise ItemTypeError(
                f"block '{self.name}': {bits} bits are not whole symbols of {each} bits"
            )
        return {"y": ItemType("complex64", (bits // each,))}

    def work(self, x: Array, at: int) -> Array:
        bits: Array = x & 1
        return modulate(bits, self.order)
