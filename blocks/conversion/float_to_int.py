"""Floats as int32."""

from __future__ import annotations

from semradio.blocks.api import Output, block
from semradio.blocks.conversion.rounded_floats import RoundedFloats


@block("float_to_int", category="conversion")
class FloatToInt(RoundedFloats):
    """Round to int32: ``y[i] = rint(scale * x[i])``; what lies beyond becomes the limit.

    Halves are rounded to even. The name is GNU Radio's.

    Results:
        ``clipped``, the values that lay beyond the limits.

    Example:
        >>> FloatToInt()(np.float32([1.5, 2.5, -7]))
        array([ 2,  2, -7], dtype=int32)
    """

    integers = "int32"

    y = Output("int32[...]", doc="Integers.")
