"""A change of rate by a ratio of whole numbers."""

from __future__ import annotations

import math

import numpy as np

from semradio.blocks.api import Input, Output, ParameterError, block, parameter
from semradio.blocks.filters.filter_block import FilterBlock
from semradio.blocks.filters.tap_design import MOST_TAPS, resampler_taps


@block("rational_resampler", category="filters")
class RationalResampler(FilterBlock):
    """Change the rate by I/D: I - 1 zeros after each sample, a low pass, and one output of D.

    Without ``taps`` the filter is the one that GNU Radio designs: Kaiser, beta 7, passing
    ``fractional_bw`` of the lower of the two rates, with gain I. Its delay is (taps - 1) / (2 D)
    outputs. n samples give ceil(n I / D); zeros stand before the first. Same values as GNU
    Radio's Rational Resampler, which leaves out the outputs that those zeros have a part in: the
    first ceil(taps / I) - 1 samples give none there. Tags move with the rate to the nearest
    output, and by ``tag_delay`` more, which is 0 as in GNU Radio.

    Raises:
        ParameterError: a ratio that needs more than a million taps.

    Example:
        >>> len(RationalResampler(interpolation=3, decimation=2)(np.zeros(100, np.float32)))
        150
    """

    interpolation: int = parameter(low=1, high=65536, doc="I.")
    decimation: int = parameter(low=1, high=65536, doc="D.")
    taps: list[float] = parameter([], doc="Taps at I times the input's rate; designed if empty.")
    fractional_bw: float = parameter(
        0.4, above=0, high=0.49, doc="Part of the lower rate that passes; 0.5 is half of it."
    )

    x = Input("float32 | complex64", doc="A signal.")
    y = Output(like="x", doc="The signal at the new rate.")

    def configure(self) -> None:
        common = math.gcd(self.interpolation, self.decimation)
        ratio = self.interpolation // common, self.decimation // common
        if self.taps:
            # Given for I and D as they stand; those between are never met.
            self.use_taps(np.array(self.taps, np.float64), self.interpolation, self.decimation)
            return
        if max(ratio) / (0.5 - self.fractional_bw) * 3.3 > MOST_TAPS:
            raise ParameterError(
                f"the ratio {ratio[0]}/{ratio[1]} needs too long a filter: use smaller numbers, "
                "two resamplers, or arbitrary_resampler",
                "interpolation",
            )
        self.use_taps(resampler_taps(*ratio, self.fractional_bw), *ratio)
