"""Items joined to vectors."""

from __future__ import annotations

from collections.abc import Mapping

from semradio.blocks.api import Array, Input, ItemType, Output, RateBlock, block, parameter


@block("stream_to_vector", category="stream")
class StreamToVector(RateBlock):
    """Join every ``length`` items to one: ``float32`` becomes ``float32[length]``.

    Items that have a shape get a new first axis: ``uint8[28]`` becomes ``uint8[length,28]``.
    Items at the end that fill no vector are left out, and a note says so.

    Example:
        >>> StreamToVector(length=2)(np.float32([1, 2, 3, 4, 5]))
        array([[1., 2.],
               [3., 4.]], dtype=float32)
    """

    length: int = parameter(unit="items", low=1, doc="Items in one vector.")

    x = Input("any[...]", doc="Any stream.")
    y = Output(doc="Vectors of ``length`` items.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        item = inputs["x"]
        return {"y": ItemType(item.dtype, (self.length, *item.shape))}

    def rate(self) -> tuple[int, int]:
        return self.length, 1

    def work(self, x: Array, at: int) -> Array:
        return x.reshape(-1, self.length, *x.shape[1:])
