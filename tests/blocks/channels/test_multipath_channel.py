"""The tapped delay line."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import j0

from semradio.blocks.api import Array, ParameterError
from semradio.blocks.channels.multipath_channel import MultipathChannel


def samples(n: int) -> Array:
    """White complex samples of power 1."""
    rails = np.random.default_rng(n).standard_normal((n, 2)) * np.sqrt(0.5)
    return rails.view(np.complex128)[:, 0].astype(np.complex64)


def naive(x: Array, h: Array, delays: list[int]) -> Array:
    """The sum over taps, sample by sample."""
    y = np.zeros(len(x), np.complex128)
    for n in range(len(x)):
        for tap, delay in enumerate(delays):
            y[n] += h[n, tap] * x[n - delay] if n >= delay else 0
    return y


@pytest.mark.parametrize("delays", [[0], [4], [0, 1, 2], [7, 0, 7], [300, 2]])
@pytest.mark.parametrize("fading", ["static", "rayleigh"])
def test_equals_the_sum_over_taps(delays: list[int], fading: str) -> None:
    x = samples(200)
    channel = MultipathChannel(delays=delays, gains_db=[-3.0] * len(delays), fading=fading)
    y, h = channel(x, chunk=17)
    assert y.dtype == h.dtype == np.complex64 and h.shape == (200, len(delays))
    np.testing.assert_allclose(y, naive(x, h, delays), atol=1e-5)


def test_static_response() -> None:
    impulse = np.zeros(8, np.complex64)
    impulse[0] = 1
    y, h = MultipathChannel(delays=[1, 4], gains_db=[7.0, 7.0 - 10 * math.log10(3)])(impulse)
    np.testing.assert_allclose(y, [0, 0.75**0.5, 0, 0, 0.5, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(h[3], [0.75**0.5, 0.5], atol=1e-6)


@pytest.mark.parametrize("doppler", [None, 0.05])
def test_fading_taps_are_independent_and_of_the_stated_power(doppler: float | None) -> None:
    x = samples(60_000)
    channel = MultipathChannel(
        delays=[0, 3, 9], gains_db=[0.0, -3.0, -10.0], fading="rayleigh", doppler=doppler
    )
    y, h = channel(x)
    power = np.array([1, 10**-0.3, 0.1]) / (1.1 + 10**-0.3)
    np.testing.assert_allclose(np.mean(abs(h) ** 2, axis=0), power, rtol=0.06)
    assert np.mean(abs(y) ** 2) == pytest.approx(1, abs=0.05)
    unit = h / np.sqrt(power)
    products = abs(unit.T @ unit.conj()) / len(h)
    assert (products - np.diag(np.diag(products))).max() < 0.08
    lag = np.mean(unit[4:] * unit[:-4].conj(), axis=0)
    expected = 0 if doppler is None else j0(2 * np.pi * doppler * 4)
    np.testing.assert_allclose(lag, expected, atol=0.06)


def test_coherence_holds_all_taps() -> None:
    h = MultipathChannel(fading="rayleigh", coherence=10)(samples(100))[1]
    assert (h.reshape(10, 10, 3) == h[::10, None]).all()
    assert len(np.unique(h)) == 30


def test_seed_makes_other_taps() -> None:
    one, two = (MultipathChannel(fading="rayleigh", seed=s)(samples(5))[1] for s in (1, 2))
    assert (one != two).all()


def test_refuses_what_is_not_a_delay_line() -> None:
    with pytest.raises(ParameterError, match="3 delays and 1 gains"):
        MultipathChannel(gains_db=[0.0])
    with pytest.raises(ParameterError, match="one at least, not 0 delays"):
        MultipathChannel(delays=[], gains_db=[])
    with pytest.raises(ParameterError, match="at least 0 samples each, not -1"):
        MultipathChannel(delays=[0, -1], gains_db=[0.0, 0.0])
    with pytest.raises(ParameterError, match="'doppler' needs 'fading: rayleigh'"):
        MultipathChannel(doppler=0.1)


def test_static_taps_may_have_phases() -> None:
    impulse = np.zeros(4, np.complex64)
    impulse[0] = 1
    y, h = MultipathChannel(delays=[0, 2], gains_db=[0.0, 0.0], phases=[0.25, 0.5])(impulse)
    np.testing.assert_allclose(y, np.array([1j, 0, -1, 0]) * 0.5**0.5, atol=1e-6)
    np.testing.assert_allclose(h[1], np.array([1j, -1]) * 0.5**0.5, atol=1e-6)
    for values in ({"phases": [0.5]}, {"phases": [0.0, 0.1, 0.2], "fading": "rayleigh"}):
        with pytest.raises(ParameterError, match="one phase for each of the static taps, 3, not"):
            MultipathChannel(**values)
