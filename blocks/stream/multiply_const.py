"""A stream times a constant."""

from __future__ import annotations

import cmath
from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    Output,
    ParameterError,
    SyncBlock,
    block,
    parameter,
)


@block("multiply_const", category="stream")
class MultiplyConst(SyncBlock):
    """Multiply every value by a constant: ``y = constant * x``.

    A complex constant is written ``"1+2j"`` or ``[1, 2]`` (real and imaginary part). The product
    has the type of ``x``: a complex constant needs a complex stream, and a stream of integers
    (whose product wraps around as in NumPy) a whole number that its type can hold; ItemTypeError
    otherwise.
    """

    constant: float | str | list[float] = parameter(
        live=True, doc="The factor: a number, '1+2j' or [real, imaginary]."
    )

    x = Input("number[...]", doc="Any signal.")
    y = Output(like="x", doc="The signal times the constant.")

    def configure(self) -> None:
        self._constant = _as_complex(self.constant)
        if self.input_types:
            self._fit(self.input_types["x"])

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        self._fit(inputs["x"])
        return {}

    def work(self, x: Array, at: int) -> Array:
        return x * self._factor  # type: ignore[no-any-return]

    def _fit(self, item: ItemType) -> None:
        """Make the factor an array of no axes and the stream's own dtype: the product has it too,
        and NumPy multiplies by one faster than by a scalar, which it has to convert at each call.
        """
        dtype, factor = item.numpy, self._constant
        if factor.imag and dtype.kind != "c":
            raise ItemTypeError(
                f"block '{self.name}': the complex constant {self.constant!r} needs a complex "
                f"stream, not {item}"
            )
        if dtype.kind in "fc":
            with np.errstate(over="ignore"):
                self._factor = dtype.type(factor if dtype.kind == "c" else factor.real)
        else:
            limits = np.iinfo(dtype)
            whole = factor.real.is_integer()
            if not whole or not limits.min <= int(factor.real) <= limits.max:
                raise ItemTypeError(
                    f"block '{self.name}': a stream of {item} needs a whole constant from "
                    f"{limits.min} to {limits.max}, not {self.constant!r}"
                )
            self._factor = np.array(int(factor.real), dtype)
        if not np.isfinite(self._factor):
            raise ItemTypeError(
                f"block '{self.name}': the constant {self.constant!r} is too large for {item}"
            )


def _as_complex(value: float | str | list[float]) -> complex:
    """Read a constant as a user writes it; ParameterError if it is not a finite number."""
    try:
        if isinstance(value, list):
            real, imaginary = value
            number = complex(real, imaginary)
        else:
            number = complex(value.replace(" ", "") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        number = complex("nan")
    if not cmath.isfinite(number):
        raise ParameterError(
            "parameter 'constant' must be a finite number, such as 0.5, '1+2j' or "
            f"[real, imaginary], not {value!r}",
            "constant",
        )
    return number
