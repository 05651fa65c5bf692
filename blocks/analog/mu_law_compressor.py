"""The transmitter's half of mu-law companding."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter


@block("mu_law_compressor", category="analog")
class MuLawCompressor(SyncBlock):
    """Make weak values stronger than strong ones: ``y = sgn(x) ln(1 + mu |x|) / ln(1 + mu)``.

    -1 to 1 becomes -1 to 1; before a quantiser of few bits, weak values then keep as many of its
    steps as strong ones, in proportion. This is the continuous curve that G.711 approaches by
    straight pieces, with its ``mu`` of 255; it does not make the bytes of G.711. What lies beyond 1
    is not clipped, but goes on along the curve. ``mu_law_expander`` with the same ``mu`` undoes it.

    Example:
        >>> MuLawCompressor()(np.float32([1, 0.1, 0.01, -0.01])).round(3)
        array([ 1.   ,  0.591,  0.228, -0.228], dtype=float32)

    Source:
        B. Smith, "Instantaneous companding of quantized signals", Bell System Technical Journal
        36, 1957; ITU-T Recommendation G.711.
    """

    mu: float = parameter(255.0, above=0, live=True, doc="How much weak values are favoured.")

    x = Input("float32[...]", doc="A signal whose full scale is 1.")
    y = Output(like="x", doc="The compressed signal.")

    def work(self, x: Array, at: int) -> Array:
        # In double precision no float32 overflows here, and what is rounded is the result alone.
        y = np.log1p(self.mu * np.abs(x, dtype=np.float64)) / np.log1p(self.mu)
        return np.asarray(np.copysign(y, x), np.float32)
