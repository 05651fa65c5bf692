"""The check that a stream carries numbers."""

from __future__ import annotations

from math import isfinite

import numpy as np

from semradio.blocks.api import Array, StreamError


def check_finite(x: Array, at: int, what: str) -> None:
    """Raise StreamError naming the first item of ``x`` that holds NaN or infinity, if any.

    Args:
        x: chunk of shape (n, *item), floating or complex.
        at: absolute index of the first item.
        what: name of the input for the message.
    """
    # One dot product settles the usual case; a sum of squares is finite only if all values are,
    # or overflows, and then the exact look decides.
    if isfinite(abs(np.vdot(x, x))):
        return
    bad = ~np.isfinite(x).reshape(len(x), -1).all(axis=1)
    if bad.any():
        raise StreamError(
            f"input '{what}' carries NaN or infinity, first at item {at + int(bad.argmax())}"
        )
