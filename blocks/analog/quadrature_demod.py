"""The demodulator of frequency modulation."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter, state
from semradio.blocks.filters.remembering import Remembering


@block("quadrature_demod", category="analog")
class QuadratureDemod(Remembering, SyncBlock):
    """Tell how far the phase goes on: ``y[n] = gain arg(x[n] x*[n - 1])``, with x[-1] = 0.

    For FM of the deviation d Hz at the sample rate r, the gain ``r / (2 pi d)`` gives a signal
    between -1 and 1. Same values as GNU Radio's Quadrature Demod, whose arc tangent comes from a
    table.

    Example:
        >>> QuadratureDemod(gain=1)(np.exp(0.5j * np.arange(4)).astype(np.complex64)).round(3)
        array([0. , 0.5, 0.5, 0.5], dtype=float32)
    """

    gain: float = parameter(1.0, live=True, doc="Factor; 1 gives radians per sample.")

    x = Input("complex64", doc="A signal of constant magnitude, as good as may be.")
    y = Output("float32", doc="Its frequency.")

    last: complex = state(0j, doc="The sample before.")

    def restart(self, at: int, lost: int) -> None:
        self.last = 0j

    def work(self, x: Array, at: int) -> Array:
        before = np.empty_like(x)
        before[:1] = self.last
        before[1:] = x[:-1]
        self.last = complex(x[-1]) if len(x) else self.last
        turned = x * before.conj()
        y: Array = np.arctan2(turned.imag, turned.real)
        y *= np.float32(self.gain)
        return y
