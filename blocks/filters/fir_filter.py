"""A filter of finite impulse response."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from semradio.blocks.api import Array, Input, Output, ParameterError, block, parameter
from semradio.blocks.filters import tap_design
from semradio.blocks.filters.filter_block import FilterBlock
from semradio.blocks.filters.tap_design import Window

Design = Literal["taps", "low_pass", "high_pass", "band_pass", "band_reject", "root_raised_cosine"]

_NEEDS = {
    "taps": ("taps",),
    "low_pass": ("cutoff", "transition"),
    "high_pass": ("cutoff", "transition"),
    "band_pass": ("low", "high", "transition"),
    "band_reject": ("low", "high", "transition"),
    "root_raised_cosine": ("symbol_rate",),
}
"""What each design is told; it refuses the rest."""


@block("fir_filter", category="filters")
class FirFilter(FilterBlock):
    """Filter, and change the rate by I/D: ``y[m] = sum_k taps[k] u[m D - k]``.

    u is x with I - 1 zeros after each sample (I ``interpolation``, D ``decimation``), and zeros
    before the first sample; n samples give ceil(n I / D). The taps are given, or designed as by
    GNU Radio's ``firdes``, at ``sample_rate``, which is that of u: ``low_pass`` and ``high_pass``
    with ``cutoff`` and ``transition``, ``band_pass`` and ``band_reject`` with ``low``, ``high``
    and ``transition``, ``root_raised_cosine`` with ``symbol_rate``, ``rolloff`` and ``num_taps``.
    Same values as GNU Radio's (decimating, interpolating, low-pass, FFT, ...) filters.

    Up to 320 real or 160 complex taps for each input are applied as a matrix product in steps of
    fixed shape; beyond, and without interpolation, by the FFT in fixed blocks, whose outputs come
    when they are complete: eight blocks of some four times the length of the filter. Both are
    aligned to the absolute index, so the output is the same for every cut of the stream.
    ``method`` decides otherwise. A live change of the design counts from the next output on; where
    a longer filter reaches back beyond what is still here, it meets zeros.

    Tags move with the rate to the nearest output, and by ``tag_delay`` more, which is 0 as in GNU
    Radio; the delay of symmetric taps is (number - 1) / 2 items of u.

    Raises:
        ParameterError: no taps, a frequency beyond half the sample rate, a missing or superfluous
            parameter of the design.

    Example:
        >>> FirFilter(taps=[0.5, 0.5])(np.float32([2, 2, 4]))
        array([1., 2., 3.], dtype=float32)
        >>> low = FirFilter(design="low_pass", cutoff=0.1, transition=0.05, decimation=4)
        >>> len(low(np.zeros(100, np.complex64)))
        25
    """

    design: Design = parameter("taps", doc="Where the taps come from.")
    taps: list[float | str] = parameter(
        [], live=True, doc="The taps, h[0] first; a complex one is written '0.5-1j'."
    )
    sample_rate: float = parameter(1.0, above=0, unit="Hz", doc="Rate that the design is for.")
    cutoff: float | None = parameter(
        None, above=0, unit="Hz", live=True, doc="Middle of the transition."
    )
    low: float | None = parameter(
        None, above=0, unit="Hz", live=True, doc="Lower edge of the band."
    )
    high: float | None = parameter(
        None, above=0, unit="Hz", live=True, doc="Upper edge of the band."
    )
    transition: float | None = parameter(
        None,
        above=0,
        unit="Hz",
        live=True,
        doc="Width of the transition, which decides the number of taps.",
    )
    window: Window = parameter("hamming", doc="Window of the design.")
    beta: float = parameter(6.76, low=0, high=100, live=True, doc="Shape of the Kaiser window.")
    symbol_rate: float | None = parameter(
        None,
        above=0,
        unit="Hz",
        live=True,
        doc="Symbols per second of a root-raised-cosine filter.",
    )
    rolloff: float = parameter(
        0.35, above=0, high=1, live=True, doc="Excess bandwidth of the same."
    )
    num_taps: int | None = parameter(
        None, low=1, high=1 << 20, doc="Its length; 11 symbols if not given."
    )
    gain: float = parameter(1.0, live=True, doc="Gain in the pass band of a design.")
    interpolation: int = parameter(1, low=1, high=4096, doc="Outputs for each sample, before D.")
    decimation: int = parameter(1, low=1, high=65536, doc="Of so many outputs one is kept.")
    method: Literal["auto", "direct", "fft"] = parameter("auto", doc="How to compute.")

    x = Input("float32 | complex64", doc="A signal.")
    y = Output(doc="The filtered signal; complex64 if the signal or a tap is complex.")

    def configure(self) -> None:
        self._check_needs()
        self.use_taps(self._designed(), self.interpolation, self.decimation, self.method)

    def _check_needs(self) -> None:
        needed = _NEEDS[self.design]
        for name in ("cutoff", "low", "high", "transition", "symbol_rate"):
            given = getattr(self, name) is not None
            if given != (name in needed):
                verb = "does not use" if given else "needs"
                raise ParameterError(
                    f"design '{self.design}' {verb} parameter '{name}'; it is told by "
                    f"{', '.join(needed)}",
                    name,
                )
        if self.taps and self.design != "taps":
            raise ParameterError(
                f"design '{self.design}' makes its own taps: leave parameter 'taps' out", "taps"
            )
        nyquist = self.sample_rate / 2
        for name in ("cutoff", "low", "high"):
            value = getattr(self, name)
            if value is not None and value > nyquist:
                raise ParameterError(
                    f"parameter '{name}' must be at most half the sample rate, {nyquist:g} Hz, "
                    f"not {value:g} Hz",
                    name,
                )
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ParameterError(
                f"parameter 'low' must be below 'high', {self.high:g} Hz, not {self.low:g} Hz",
                "low",
            )
        if self.symbol_rate is not None and self.symbol_rate > nyquist:
            raise ParameterError(
                f"parameter 'symbol_rate' must be at most half the sample rate, {nyquist:g} Hz, "
                f"not {self.symbol_rate:g} Hz",
                "symbol_rate",
            )

    def _designed(self) -> Array:
        shape = (self.window, self.beta)
        gain, rate, width = self.gain, self.sample_rate, self.transition
        if self.design == "taps":
            return as_taps(self.taps)
        if self.design == "root_raised_cosine":
            assert self.symbol_rate is not None  # by _check_needs
            count = self.num_taps or 11 * math.ceil(rate / self.symbol_rate)
            return tap_design.root_raised_cosine(gain, rate, self.symbol_rate, self.rolloff, count)
        assert width is not None
        if self.design in ("low_pass", "high_pass"):
            assert self.cutoff is not None
            single = tap_design.low_pass if self.design == "low_pass" else tap_design.high_pass
            return single(gain, rate, self.cutoff, width, *shape)
        assert self.low is not None and self.high is not None
        double = tap_design.band_pass if self.design == "band_pass" else tap_design.band_reject
        return double(gain, rate, self.low, self.high, width, *shape)


def as_taps(values: list[float | str], name: str = "taps") -> Array:
    """Read taps as a user writes them: float64, or complex128 if one is complex.

    Raises:
        ParameterError: there are none, or one is not a finite number; ``name`` is the parameter's.
    """
    if not values:
        raise ParameterError(
            f"parameter '{name}' must hold at least one number, such as [0.5, '1-2j']", name
        )
    try:
        found = np.array([complex(t.replace(" ", "") if isinstance(t, str) else t) for t in values])
    except ValueError:
        found = np.array([np.nan + 0j])
    if not np.isfinite(found).all():
        raise ParameterError(
            f"parameter '{name}' must hold finite numbers, such as 0.5 or '1-2j'", name
        )
    return found if found.imag.any() else found.real.copy()
