"""Complex numbers as users write them."""

from __future__ import annotations

import cmath

from semradio.blocks.api import ParameterError

ComplexValue = float | str | list[float]
"""A number, ``"1+2j"`` or ``[1, 2]``: real and imaginary part."""


def as_complex(value: ComplexValue, parameter: str) -> complex:
    """Read the value of a parameter; ParameterError if it is not a finite number."""
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
            f"parameter '{parameter}' must be a finite number, such as 0.5, '1+2j' or "
            f"[real, imaginary], not {value!r}",
            parameter,
        )
    return number
