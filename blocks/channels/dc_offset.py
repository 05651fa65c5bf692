"""A constant that a mixer adds."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter
from semradio.blocks.stream.complex_value import ComplexValue, as_complex


@block("dc_offset", category="channels")
class DcOffset(SyncBlock):
    """Add a constant to IQ samples: ``y = x + offset``.

    A direct-conversion receiver has one, from its local oscillator that leaks into its input: a
    line in the middle of the spectrum. 0.01 lies at -40 dBFS.

    Example:
        >>> DcOffset(offset="0.5-1j")(np.complex64([0, 1]))
        array([0.5-1.j, 1.5-1.j], dtype=complex64)
    """

    offset: ComplexValue = parameter(
        0.0, live=True, doc="The constant, of full scale: a number, '1+2j' or [real, imaginary]."
    )

    x = Input("complex64", doc="IQ samples.")
    y = Output(like="x", doc="The samples with the constant.")

    def configure(self) -> None:
        self._offset = np.complex64(as_complex(self.offset, "offset"))

    def work(self, x: Array, at: int) -> Array:
        y: Array = x + self._offset
        return y
