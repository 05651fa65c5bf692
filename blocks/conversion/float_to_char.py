"""Floats as int8."""

from __future__ import annotations

from semradio.blocks.api import Output, block
from semradio.blocks.conversion.rounded_floats import RoundedFloats


@block("float_to_char", category="conversion")
class FloatToChar(RoundedFloats):
    """Round to int8: ``y[i] = rint(scale * x[i])``; what lies beyond becomes the limit.

    Halves are rounded to even. The name is GNU Radio's.

    Results:
        ``clipped``, the values that lay beyond the limits.

    Example:
        >>> FloatToChar(scale=127)(np.float32([1, -0.5, 9]))
        array([127, -64, 127], dtype=int8)
    """

    integers = "int8"

    y = Output("int8[...]", doc="Integers.")
