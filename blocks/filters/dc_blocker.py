"""A signal without its mean."""

from __future__ import annotations

import numpy as np
from scipy.signal import fftconvolve  # type: ignore[import-untyped]

from semradio.blocks.api import Input, Output, block, parameter
from semradio.blocks.filters.filter_block import FilterBlock


@block("dc_blocker", category="filters")
class DcBlocker(FilterBlock):
    """Take the mean out of a signal: the signal, delayed, less its moving averages of ``length``.

    With ``long_form`` four averages one after the other and a delay of 2 length - 2 samples, else
    two and length - 1. Linear phase. GNU Radio's DC Blocker gives the same but for rounding: here
    it is one filter of finite response, in which no error adds up. Tags stay at their index and
    ``tag_delay`` moves them on; GNU Radio leaves them as well.

    Example:
        >>> x = np.full(200, 3, np.float32)
        >>> bool(abs(DcBlocker(length=32)(x)[-1]) < 0.001)
        True

    Source:
        Yates & Lyons, "DC blocker algorithms", IEEE Signal Processing Magazine, March 2008.
    """

    length: int = parameter(32, low=2, high=65536, unit="items", doc="Length of each average.")
    long_form: bool = parameter(True, doc="Whether to take four averages instead of two.")

    x = Input("float32 | complex64", doc="A signal.")
    y = Output(like="x", doc="The signal without its mean.")

    def configure(self) -> None:
        box = np.ones(self.length)
        mean = np.convolve(box, box) / self.length**2
        if self.long_form:
            mean = fftconvolve(mean, mean)
        taps = -mean
        # So that the taps add up to 0 as nearly as may be.
        taps[len(taps) // 2] -= taps.sum()
        self.use_taps(taps, 1, 1)
