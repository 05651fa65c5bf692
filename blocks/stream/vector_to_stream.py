"""Vectors taken apart to items."""

from __future__ import annotations

from collections.abc import Mapping

from semradio.blocks.api import Array, Input, ItemType, ItemTypeError, Output, RateBlock, block


@block("vector_to_stream", category="stream")
class VectorToStream(RateBlock):
    """Take every vector apart along its first axis: ``float32[23]`` becomes 23 ``float32``.

    ``uint8[28,28]`` becomes 28 ``uint8[28]``. A tag goes to the first item of its vector.

    Raises:
        ItemTypeError: the items are single values.

    Example:
        >>> VectorToStream()(np.float32([[1, 2], [3, 4]]))
        array([1., 2., 3., 4.], dtype=float32)
    """

    x = Input("any[...]", doc="Vectors, of any shape.")
    y = Output(doc="What the vectors are made of.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        item = inputs["x"]
        if not item.shape:
            raise ItemTypeError(
                f"input 'x' of block '{self.name}' takes vectors, such as {item}[23], not {item}"
            )
        return {"y": ItemType(item.dtype, item.shape[1:])}

    def rate(self) -> tuple[int, int]:
        return 1, self.input_types["x"].shape[0]

    def work(self, x: Array, at: int) -> Array:
        return x.reshape(-1, *x.shape[2:])
