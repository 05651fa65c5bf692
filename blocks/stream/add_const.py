"""A stream plus a constant."""

from __future__ import annotations

from collections.abc import Mapping

from semradio.blocks.api import Array, Input, ItemType, Output, SyncBlock, block, parameter
from semradio.blocks.stream.complex_value import ComplexValue, as_complex
from semradio.blocks.stream.constant import as_item


@block("add_const", category="stream")
class AddConst(SyncBlock):
    """Add a constant to every value: ``y = x + constant``.

    A complex constant is written ``"1+2j"`` or ``[1, 2]`` (real and imaginary part). The sum has
    the type of ``x``: a complex constant needs a complex stream, and a stream of integers (whose
    sum wraps around as in NumPy) a whole number that its type can hold.

    Raises:
        ItemTypeError: the constant does not fit the stream's type.

    Example:
        >>> AddConst(constant=0.5)(np.float32([1, 2]))
        array([1.5, 2.5], dtype=float32)
        >>> AddConst(constant="1j")(np.complex64([1, 2]))
        array([1.+1.j, 2.+1.j], dtype=complex64)
    """

    constant: ComplexValue = parameter(
        live=True, doc="What to add: a number, '1+2j' or [real, imaginary]."
    )

    x = Input("number[...]", doc="Any signal.")
    y = Output(like="x", doc="The signal plus the constant.")

    def configure(self) -> None:
        self._constant = as_complex(self.constant, "constant")
        if self.input_types:
            self._fit(self.input_types["x"])

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        self._fit(inputs["x"])
        return {}

    def work(self, x: Array, at: int) -> Array:
        return x + self._term

    def _fit(self, item: ItemType) -> None:
        self._term = as_item(self._constant, item, self.name, self.constant)
