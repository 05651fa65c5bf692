"""A converter of few bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter, state


def quantised(x: Array, bits: int, full_scale: float) -> tuple[Array, int]:
    """Return samples of so many bits a rail, and how many of ``x``, complex64[n], clipped."""
    half = 2.0 ** (bits - 1)
    codes = np.rint(x.view(np.float32).astype(np.float64) * (half / full_scale))
    kept = codes.clip(-half, half - 1)
    beyond = (codes != kept).reshape(-1, 2).any(axis=1)
    y = (kept * (full_scale / half)).astype(np.float32).view(np.complex64)
    return y, int(beyond.sum())


@block("quantiser", category="channels")
class Quantiser(SyncBlock):
    """Round IQ samples as a converter of ``bits`` bits on each rail does.

    A rail takes the values ``k full_scale / 2^(bits - 1)``, k from ``-2^(bits - 1)`` to ``2^(bits
    - 1) - 1``; the nearest is taken, the even one of two that are equally near, and what lies
    beyond is clipped. The error of a rail has the power ``step^2 / 12`` as long as the signal
    moves over many steps and does not clip.

    Results:
        ``items``; ``clipped``, samples with a rail beyond the outermost codes.

    Example:
        >>> Quantiser(bits=3)(np.complex64([0.3 + 0.6j, -2]))
        array([ 0.25+0.5j, -1.  +0.j ], dtype=complex64)
    """

    bits: int = parameter(12, low=1, high=24, doc="Bits of each rail, the sign included.")
    full_scale: float = parameter(1.0, above=0, doc="Where the most negative code lies.")

    x = Input("complex64", doc="IQ samples.")
    y = Output(like="x", doc="Samples of few values.")

    items: int = state(0, doc="Samples so far.")
    beyond: int = state(0, doc="Samples that clipped so far.")

    def work(self, x: Array, at: int) -> Array:
        y, beyond = quantised(np.ascontiguousarray(x), self.bits, self.full_scale)
        self.items += len(x)
        self.beyond += beyond
        return y

    def results(self) -> dict[str, Any]:
        return {"items": self.items, "clipped": self.beyond}
