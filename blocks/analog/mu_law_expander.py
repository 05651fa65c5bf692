"""The receiver's half of mu-law companding."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter


@block("mu_law_expander", category="analog")
class MuLawExpander(SyncBlock):
    """Undo ``mu_law_compressor``: ``x = sgn(y) ((1 + mu)^|y| - 1) / mu``.

    With the same ``mu`` the signal comes back but for rounding, also beyond full scale. Noise that
    was added in between comes out in proportion to the signal: small where it is weak. What would
    be larger than a float32 holds becomes infinite.

    Example:
        >>> MuLawExpander()(MuLawCompressor()(np.float32([1, 0.1, -0.001]))).round(4)
        array([ 1.   ,  0.1  , -0.001], dtype=float32)

    Source:
        That of ``mu_law_compressor``.
    """

    mu: float = parameter(255.0, above=0, live=True, doc="That of the compressor.")

    x = Input("float32[...]", doc="A compressed signal whose full scale is 1.")
    y = Output(like="x", doc="The signal as it was.")

    def work(self, x: Array, at: int) -> Array:
        with np.errstate(over="ignore"):
            y = np.expm1(np.abs(x, dtype=np.float64) * np.log1p(self.mu)) / self.mu
            return np.asarray(np.copysign(y, x), np.float32)
