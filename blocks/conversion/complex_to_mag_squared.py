"""Power of each sample."""

from __future__ import annotations

from collections.abc import Mapping

from semradio.blocks.api import Array, Input, ItemType, Output, SyncBlock, block


@block("complex_to_mag_squared", category="conversion")
class ComplexToMagSquared(SyncBlock):
    """Give the squared magnitude: ``y[i] = |x[i]|^2``. The name is GNU Radio's.

    Example:
        >>> ComplexToMagSquared()(np.complex64([3 + 4j, -2]))
        array([25.,  4.], dtype=float32)
    """

    x = Input("complex64[...]", doc="Complex samples.")
    y = Output("float32[...]", doc="The squared magnitude.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType("float32", inputs["x"].shape)}

    def work(self, x: Array, at: int) -> Array:
        y: Array = x.real * x.real + x.imag * x.imag
        return y
