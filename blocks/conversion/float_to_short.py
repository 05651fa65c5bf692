"""Floats as int16."""

from __future__ import annotations

from semradio.blocks.api import Output, block
from semradio.blocks.conversion.rounded_floats import RoundedFloats


@block("float_to_short", category="conversion")
class FloatToShort(RoundedFloats):
    """Round to int16: ``y[i] = rint(scale * x[i])``; what lies beyond becomes the limit.

    Halves are rounded to even. The name is GNU Radio's.

    Results:
        ``clipped``, the values that lay beyond the limits.

    Example:
        >>> FloatToShort(scale=32767)(np.float32([1, -0.5, 9]))
        array([ 32767, -16384,  32767], dtype=int16)
    """

    integers = "int16"

    y = Output("int16[...]", doc="Integers.")
