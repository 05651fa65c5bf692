"""The conjugate of a stream."""

from __future__ import annotations

from semradio.blocks.api import Array, Input, Output, SyncBlock, block


@block("conjugate", category="stream")
class Conjugate(SyncBlock):
    """Give the complex conjugate: ``y = x*``, which mirrors a signal's frequencies.

    Example:
        >>> Conjugate()(np.complex64([3 + 4j, 1 - 2j]))
        array([3.-4.j, 1.+2.j], dtype=complex64)
    """

    x = Input("complex64[...] | complex128[...]", doc="A complex signal.")
    y = Output(like="x", doc="Its conjugate.")

    def work(self, x: Array, at: int) -> Array:
        return x.conj()
