"""A stream times a constant."""

from __future__ import annotations

from collections.abc import Mapping

from semradio.blocks.api import Array, Input, ItemType, Output, SyncBlock, block, parameter
from semradio.blocks.stream.complex_value import ComplexValue, as_complex
from semradio.blocks.stream.constant import as_item


@block("multiply_const", category="stream")
class MultiplyConst(SyncBlock):
    """Multiply every value by a constant: ``y = constant * x``.

    A complex constant is written ``"1+2j"`` or ``[1, 2]`` (real and imaginary part). The product
    has the type of ``x``: a complex constant needs a complex stream, and a stream of integers
    (whose product wraps around as in NumPy) a whole number that its type can hold.

    Raises:
        ItemTypeError: the constant does not fit the stream's type.

    Example:
        >>> MultiplyConst(constant=0.5)(np.float32([1, 2]))
        array([0.5, 1. ], dtype=float32)
    """

    constant: ComplexValue = parameter(
        live=True, doc="The factor: a number, '1+2j' or [real, imaginary]."
    )

    x = Input("number[...]", doc="Any signal.")
    y = Output(like="x", doc="The signal times the constant.")

    def configure(self) -> None:
        self._constant = as_complex(self.constant, "constant")
        if self.input_types:
            self._fit(self.input_types["x"])

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        self._fit(inputs["x"])
        return {}

    def work(self, x: Array, at: int) -> Array:
        return x * self._factor

    def _fit(self, item: ItemType) -> None:
        self._factor = as_item(self._constant, item, self.name, self.constant)
