"""Taps of the usual filters, by the window method.

The formulas are those of GNU Radio's ``firdes``, so that a filter of the same parameters has the
same taps: length from the window's attenuation and the transition width, gain exact at the middle
of the pass band. Frequencies are in the unit of the sample rate.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.signal import get_window  # type: ignore[import-untyped]

from semradio.blocks.api import ParameterError

Taps = npt.NDArray[np.float64]

Window = Literal[
    "hamming", "hann", "blackman", "blackmanharris", "bartlett", "flattop", "rectangular", "kaiser"
]

_ATTENUATION = {
    "rectangular": 21.0,
    "bartlett": 27.0,
    "hann": 44.0,
    "hamming": 53.0,
    "blackman": 74.0,
    "blackmanharris": 92.0,
    "flattop": 93.0,
}
"""Stop-band attenuation in dB that a window reaches; Kaiser's depends on beta."""

MOST_TAPS = 1 << 20


def window_of(name: Window, size: int, beta: float, *, periodic: bool = False) -> Taps:
    """Return a window of ``size`` values; symmetric, or ``periodic`` for spectra."""
    if name == "rectangular":
        return np.ones(size)
    kind = ("kaiser", beta) if name == "kaiser" else name
    return np.asarray(get_window(kind, size, fftbins=periodic), np.float64)


def tap_count(rate: float, transition: float, window: Window, beta: float) -> int:
    """Return the odd number of taps that a transition width needs."""
    attenuation = beta / 0.1102 + 8.7 if window == "kaiser" else _ATTENUATION[window]
    needed = attenuation * rate / (22.0 * transition)
    if needed > MOST_TAPS:
        raise ParameterError(
            f"parameter 'transition' of {transition:g} Hz would need {needed:.3g} taps; at least "
            f"{attenuation * rate / (22.0 * MOST_TAPS):.3g} Hz is possible at this rate",
            "transition",
        )
    count = int(needed)
    return count + 1 if count % 2 == 0 else count


def low_pass(
    gain: float, rate: float, cutoff: float, transition: float, window: Window, beta: float
) -> Taps:
    """Return the taps of a low-pass filter; ``cutoff`` is the middle of the transition."""
    n, w = _grid(rate, transition, window, beta)
    taps = _sinc(2 * cutoff / rate, n) * w
    return _scaled(taps, gain / taps.sum())


def high_pass(
    gain: float, rate: float, cutoff: float, transition: float, window: Window, beta: float
) -> Taps:
    """Return the taps of a high-pass filter; the gain is that at half the sample rate."""
    n, w = _grid(rate, transition, window, beta)
    taps = ((n == 0) - _sinc(2 * cutoff / rate, n)) * w
    return _scaled(taps, gain / (taps * np.cos(np.pi * n)).sum())


def band_pass(
    gain: float,
    rate: float,
    low: float,
    high: float,
    transition: float,
    window: Window,
    beta: float,
) -> Taps:
    """Return the taps of a band-pass filter; the gain is that in the middle of the band."""
    n, w = _grid(rate, transition, window, beta)
    taps = (_sinc(2 * high / rate, n) - _sinc(2 * low / rate, n)) * w
    return _scaled(taps, gain / (taps * np.cos(np.pi * n * (low + high) / rate)).sum())


def band_reject(
    gain: float,
    rate: float,
    low: float,
    high: float,
    transition: float,
    window: Window,
    beta: float,
) -> Taps:
    """Return the taps of a band-stop filter; the gain is that at zero frequency."""
    n, w = _grid(rate, transition, window, beta)
    taps = ((n == 0) + _sinc(2 * low / rate, n) - _sinc(2 * high / rate, n)) * w
    return _scaled(taps, gain / taps.sum())


def root_raised_cosine(
    gain: float, rate: float, symbol_rate: float, rolloff: float, count: int
) -> Taps:
    """Return ``count`` taps (one more if that is even) of a root-raised-cosine filter.

    Their sum is ``gain``, as in GNU Radio.
    """
    count |= 1
    sps = rate / symbol_rate
    t = (np.arange(count) - count // 2) / sps
    taps = np.empty(count)
    # The two places where the formula is 0/0: the middle, and where 4 rolloff t = 1.
    middle = t == 0
    edge = np.abs(np.abs(4 * rolloff * t) - 1) < 1e-9
    rest = ~(middle | edge)
    taps[middle] = 1 - rolloff + 4 * rolloff / np.pi
    if edge.any():
        a = np.pi / (4 * rolloff)
        taps[edge] = (
            rolloff / np.sqrt(2) * ((1 + 2 / np.pi) * np.sin(a) + (1 - 2 / np.pi) * np.cos(a))
        )
    r = t[rest]
    taps[rest] = (
        np.sin(np.pi * r * (1 - rolloff)) + 4 * rolloff * r * np.cos(np.pi * r * (1 + rolloff))
    ) / (np.pi * r * (1 - (4 * rolloff * r) ** 2))
    return _scaled(taps, gain / taps.sum())


def resampler_taps(interpolation: int, decimation: int, bandwidth: float = 0.4) -> Taps:
    """Return the low-pass taps of a rational resampler, as GNU Radio designs them.

    ``bandwidth`` is the part of the narrower side's rate that passes, below 0.5.
    """
    rate = interpolation / decimation
    scale = min(rate, 1.0)
    transition = scale * (0.5 - bandwidth)
    middle = scale * 0.5 - transition / 2
    return low_pass(interpolation, interpolation, middle, transition, "kaiser", 7.0)


def _scaled(taps: Taps, factor: float) -> Taps:
    return np.asarray(taps * factor, np.float64)


def _grid(rate: float, transition: float, window: Window, beta: float) -> tuple[Taps, Taps]:
    """The places of the taps, 0 in the middle, and the window over them."""
    count = tap_count(rate, transition, window, beta)
    places = np.arange(count, dtype=np.float64) - count // 2
    return places, window_of(window, count, beta)


def _sinc(width: float, n: Taps) -> Taps:
    """Return the ideal low pass of ``width`` in units of half the sample rate."""
    return np.asarray(width * np.sinc(width * n), np.float64)
