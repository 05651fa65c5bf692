"""mu_law_compressor and mu_law_expander."""

from __future__ import annotations

import math

import numpy as np
import pytest

from semradio.blocks.analog.mu_law_compressor import MuLawCompressor
from semradio.blocks.analog.mu_law_expander import MuLawExpander
from semradio.blocks.api import ParameterError

RAMP = np.linspace(-1, 1, 2001, dtype=np.float32)


def test_the_codes_of_g711_lie_along_the_curve() -> None:
    """G.711 approaches the curve by eight chords of sixteen steps, each twice as wide as the last.

    A logarithm leaves its chord over an octave by 0.0861 of an octave at most, which is 16 codes;
    where the chords meet, the curve is ahead by up to 0.72 (G.711's scale ends at 8159, not 8415).
    """
    code = np.arange(128)
    value = ((2 * (code % 16) + 33) * 2 ** (code // 16) - 33) / 8159
    y = MuLawCompressor()(value.astype(np.float32))
    ahead = 128 * y - code
    assert ahead.min() >= 0
    assert ahead[::16].max() <= 0.72
    assert ahead.max() <= 0.72 + 16 * 0.0861
    np.testing.assert_allclose(MuLawExpander()(y), value, rtol=1e-6)


@pytest.mark.parametrize("mu", [0.25, 1.0, 255.0, 65535.0])
def test_values_are_those_of_exact_arithmetic(mu: float) -> None:
    want = [math.copysign(math.log(1 + mu * abs(v), 1 + mu), v) for v in RAMP.tolist()]
    y = MuLawCompressor(mu=mu)(RAMP)
    np.testing.assert_allclose(y, want, rtol=1e-6)
    assert y[[0, 1000, 2000]].tolist() == [-1, 0, 1]
    back = [math.copysign(((1 + mu) ** abs(v) - 1) / mu, v) for v in RAMP.tolist()]
    np.testing.assert_allclose(MuLawExpander(mu=mu)(RAMP), back, rtol=1e-6)


def test_next_to_no_mu_changes_next_to_nothing() -> None:
    for block in (MuLawCompressor(mu=1e-9), MuLawExpander(mu=1e-9)):
        np.testing.assert_allclose(block(RAMP), RAMP, rtol=1e-7)


def test_weak_values_keep_their_digits() -> None:
    """Both curves are straight at 0, with slopes whose product is 1."""
    x = np.float32([1e-30, -1e-12, 1e-7, -0.0])
    y = MuLawCompressor()(x)
    np.testing.assert_allclose(y, x * (255 / math.log(256)), rtol=2e-5)
    np.testing.assert_allclose(MuLawExpander()(y), x, rtol=1e-6)
    assert np.signbit(y).tolist() == [False, True, False, True]


def test_beyond_full_scale_the_curve_goes_on() -> None:
    largest = np.finfo(np.float32).max
    x = np.float32([2, -50, 1e30, -largest, np.inf, np.nan])
    y = MuLawCompressor()(x)
    assert y[0] == pytest.approx(math.log(511, 256))
    assert np.isfinite(y).tolist() == [True, True, True, True, False, False]
    np.testing.assert_allclose(MuLawExpander()(y[:3]), x[:3], rtol=1e-5)


@pytest.mark.filterwarnings("error")
def test_what_a_float_cannot_hold_is_infinite_and_nobody_is_warned() -> None:
    y = MuLawExpander()(np.float32([15.9, -17, 1e38, np.nan]))
    assert np.isinf(y).tolist() == [False, True, True, False]
    assert y[1] < 0 < y[2]


@pytest.mark.parametrize("level", [1.0, 0.3, 0.1])
def test_quantising_noise_is_what_the_slope_of_the_curve_says(level: float) -> None:
    """A step on the compressed signal is one of ``1 / slope`` on the signal (Bennett)."""
    mu, step = 255.0, 2 / 256
    x = np.random.default_rng(3).uniform(-level, level, 200_000).astype(np.float32)
    y = MuLawCompressor(mu=mu)(x)
    rounded = (np.floor(y / step) + 0.5).astype(np.float32) * np.float32(step)
    noise = np.mean((MuLawExpander(mu=mu)(rounded) - x).astype(float) ** 2)
    # The mean of (1 / slope)^2 = (ln(1 + mu) (1 + mu |x|) / mu)^2 over 0 to level.
    mean = (math.log1p(mu) / mu) ** 2 * ((1 + mu * level) ** 3 - 1) / (3 * mu * level)
    assert noise == pytest.approx(mean * step**2 / 12, rel=0.02)


@pytest.mark.parametrize("block", [MuLawCompressor, MuLawExpander])
def test_mu_is_above_zero(block: type[MuLawCompressor]) -> None:
    for mu in (0, -1, math.inf, math.nan):
        with pytest.raises(ParameterError, match="mu"):
            block(mu=mu)
