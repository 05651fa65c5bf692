"""The resamplers against SciPy and against signals that are known at every time."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from semradio.blocks.api import ItemType, ParameterError
from semradio.blocks.filters.arbitrary_resampler import DEGREE, ArbitraryResampler
from semradio.blocks.filters.rational_resampler import RationalResampler


@pytest.mark.parametrize(("up", "down"), [(1, 1), (3, 2), (2, 3), (48, 250), (147, 160), (10, 1)])
def test_rational_resampler_gives_what_scipy_gives_with_its_taps(up: int, down: int) -> None:
    x = (np.random.default_rng(up).standard_normal((5000, 2)) @ [1, 1j]).astype(np.complex64)
    block = RationalResampler(interpolation=up, decimation=down)
    y = block(x, chunk=777)
    common = np.gcd(up, down)
    taps = block.taps_in_use
    want = scipy.signal.upfirdn(taps, x.astype(complex), up // common, down // common)[: len(y)]
    assert len(y) == -(-5000 * up // down)
    assert np.abs(y - want).max() < 1e-5
    # The same signal by SciPy's own filter, where both have settled.
    time = np.arange(5000)
    smooth = np.cos(0.2 * min(1, up / down) * time).astype(np.float32)
    mine = RationalResampler(interpolation=up, decimation=down)(smooth)
    delay = (len(taps) - 1) / 2 / (up // common)
    known = np.cos(0.2 * min(1, up / down) * (np.arange(len(mine)) * down / up - delay))
    settled = slice(int(2 * delay * up / down) + 2, None)
    assert np.abs(mine - known)[settled].max() < 2e-3


@pytest.mark.parametrize("rate", [1.0, 0.77, 2.3456, 1 / 3, 48 / 250, 7.1, 0.0625])
def test_arbitrary_resampler_follows_a_tone(rate: float) -> None:
    n = 20_000
    frequency = 0.35 * min(1, rate)
    x = np.exp(2j * np.pi * frequency * np.arange(n)).astype(np.complex64)
    block = ArbitraryResampler(rate=rate)
    y = block(x, chunk=3000)
    time = np.arange(len(y)) / rate - block.delay
    error = (y - np.exp(2j * np.pi * frequency * time))[int(2 * block.delay * rate) + 2 :]
    assert len(y) == int(np.ceil(n * rate - 1e-6))
    assert 20 * np.log10(np.abs(error).max()) < -80


def test_arbitrary_resampler_suppresses_what_would_fold() -> None:
    x = np.exp(2j * np.pi * 0.33 * np.arange(30_000)).astype(np.complex64)
    y = ArbitraryResampler(rate=0.5)(x)[500:]
    assert 10 * np.log10(np.mean(np.abs(y) ** 2)) < -75


def test_arbitrary_resampler_is_exact_far_out() -> None:
    """After 10^12 samples the outputs still stand where the rate says."""
    at = 10**12
    rate = 0.3
    n = 500
    place = np.arange(at, at + n) % 1000  # a tone of a period of 1000 samples: exact
    x = np.exp(2j * np.pi * 7 / 1000 * place).astype(np.complex64)
    block = ArbitraryResampler(rate=rate)
    block.resolve({"x": ItemType("complex64")})
    block.start()
    block.sent, block.given = 3 * at // 10, at * (DEGREE + 1)
    y = block.work(x, at)
    assert y is not None
    k = np.arange(len(y))
    time = (k * 10 / 3) - block.delay
    error = (y - np.exp(2j * np.pi * 7 / 1000 * time))[int(2 * block.delay * rate) + 2 :]
    assert len(y) == 150
    assert np.abs(error).max() < 1e-4


def test_errors() -> None:
    with pytest.raises(ParameterError, match="'decimation' must be 1 to 65536, not 0"):
        RationalResampler(interpolation=1, decimation=0)
    with pytest.raises(ParameterError, match="65536/65535 needs too long a filter"):
        RationalResampler(interpolation=65536, decimation=65535)
    with pytest.raises(ParameterError, match=r"'fractional_bw' must be above 0, at most 0\.49"):
        RationalResampler(interpolation=2, decimation=1, fractional_bw=0.5)
    with pytest.raises(ParameterError, match=r"'rate' must be 0\.0625 to 256, not 0\.01"):
        ArbitraryResampler(rate=0.01)
