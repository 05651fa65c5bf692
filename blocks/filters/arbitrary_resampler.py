"""A change of rate by any factor."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from semradio.blocks.api import Array, Input, Output, block, parameter, state
from semradio.blocks.filters.filter_block import FilterBlock

DEGREE = 7
"""Of the polynomials between two samples: their error is below -100 dB."""

_GROUP = 4096
"""Outputs whose places are reckoned from one exact place."""


@block("arbitrary_resampler", category="filters")
class ArbitraryResampler(FilterBlock):
    """Change the rate by any factor: ``y[k]`` is the signal at the time ``k / rate`` of the input.

    The low-pass filter between is a sinc in Kaiser's window, which passes ``fractional_bw`` of
    the lower of the two rates and suppresses by ``attenuation`` what would fold into that; it is
    applied as polynomials of degree 7 in the time since the latest sample (Farrow). Output k
    comes with input floor(k / rate), half the length of the filter late: some 13 samples at the
    default settings, and 13 / rate for a rate below 1. The time of output k is exact for every k,
    in whole numbers, so no rounding adds up: the rate is taken for the fraction next to it whose
    denominator is at most 10^9.

    For rates below 1/16 put a ``rational_resampler`` before it.

    Tags go to the first output at or after the time of their sample, and by ``tag_delay`` more;
    GNU Radio's Polyphase Arbitrary Resampler takes the nearest output, without a delay as well.

    Example:
        >>> ramp = np.arange(200, dtype=np.float32)
        >>> y = ArbitraryResampler(rate=np.pi / 2)(ramp)
        >>> len(y), round(float(y[200] - y[199]) * np.pi / 2, 3)
        (315, 0.999)

    Source:
        Farrow, "A continuously variable digital delay element", ISCAS 1988.
    """

    rate: float = parameter(low=1 / 16, high=256, doc="Outputs for each sample.")
    fractional_bw: float = parameter(
        0.4, above=0, high=0.49, doc="Part of the lower rate that passes; 0.5 is half of it."
    )
    attenuation: float = parameter(
        80.0, low=30, high=100, unit="dB", doc="Suppression of what would fold into the band."
    )

    x = Input("float32 | complex64", doc="A signal.")
    y = Output(like="x", doc="The signal at the new rate.")

    sent: int = state(0, doc="Outputs so far, and those missing for losses.")

    def configure(self) -> None:
        scale = min(1.0, self.rate)
        width = 2 * (0.5 - self.fractional_bw) * scale
        span = math.ceil((self.attenuation - 7.95) / (2.285 * 2 * math.pi * width)) + 1
        polynomials = _polynomials(span, 0.5 * scale, 0.1102 * (self.attenuation - 8.7))
        self.use_taps(polynomials.reshape(-1), DEGREE + 1, 1)
        self.delay = span / 2
        """Of the filter, in input samples."""
        self._ratio = Fraction(self.rate).limit_denominator(10**9)
        self._places: tuple[int, Array, Array] | None = None

    def work(self, x: Array, at: int) -> Array | None:
        values = super().work(x, at)
        if values is None:
            return None
        coefficients = values.reshape(len(x), DEGREE + 1)
        parts, begin = [], at + self.lost
        while True:
            sample, time = self._group(self.sent // _GROUP)
            first = self.sent % _GROUP
            last = int(np.searchsorted(sample, begin + len(x)))
            parts.append(_evaluated(coefficients, sample[first:last] - begin, time[first:last]))
            self.sent += last - first
            if last < _GROUP:
                return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def restart(self, at: int, lost: int) -> None:
        super().restart(at, lost)
        self.sent = self._first_at(at + self.lost)

    def moved(self, index: int) -> int | None:
        moved = self._first_at(index + self.lost) - self.skipped
        return max(self._begins(), moved + self.tag_delay)

    def _first_at(self, sample: int) -> int:
        return math.ceil(sample * self._ratio)

    def _group(self, number: int) -> tuple[Array, Array]:
        """The places of a group of outputs: latest sample, and time since then, -1 to 1."""
        if self._places is None or self._places[0] != number:
            outputs, inputs = self._ratio.numerator, self._ratio.denominator
            whole, part = divmod(number * _GROUP * inputs, outputs)
            time = part + np.arange(_GROUP, dtype=np.int64) * inputs
            latest = time // outputs
            since = (2 * (time - latest * outputs) / outputs - 1).astype(np.float32)
            self._places = number, latest + whole, since
        return self._places[1:]


def _evaluated(coefficients: Array, sample: Array, time: Array) -> Array:
    """Return the polynomials of the given samples at the given times, by Horner's rule."""
    rows = coefficients.take(sample, axis=0)
    y = np.ascontiguousarray(rows[:, DEGREE])
    for power in range(DEGREE - 1, -1, -1):
        y *= time
        y += rows[:, power]
    return y


def _polynomials(span: int, cutoff: float, beta: float) -> npt.NDArray[np.float64]:
    """Return the polynomial of each of the ``span`` stretches of the filter, lowest power first.

    Stretch q is the filter at the times q + (v + 1) / 2 after the sample that it weighs.
    """
    nodes = np.cos(np.pi * (np.arange(4 * DEGREE) + 0.5) / (4 * DEGREE))
    time = np.arange(span)[:, None] + (nodes + 1) / 2 - span / 2
    shape = np.i0(beta * np.sqrt(np.maximum(0, 1 - (2 * time / span) ** 2))) / np.i0(beta)
    values = 2 * cutoff * np.sinc(2 * cutoff * time) * shape
    # The weights add up to 1 at every time, so that a constant stays what it is.
    values /= values.sum(axis=0)
    chebyshev = np.polynomial.chebyshev.chebfit(nodes, values.T, DEGREE)
    return np.array([np.polynomial.chebyshev.cheb2poly(column) for column in chebyshev.T])
