"""automatic_gain_control, power_squelch and iq_balance."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from semradio.blocks.analog.automatic_gain_control import AutomaticGainControl
from semradio.blocks.analog.iq_balance import IqBalance
from semradio.blocks.analog.power_squelch import PowerSquelch
from semradio.blocks.api import Array, ParameterError
from semradio.blocks.channels.iq_imbalance import IqImbalance


def noise(n: int) -> Array:
    return (np.random.default_rng(n).standard_normal((n, 2)) @ [1, 1j]).astype(np.complex64)


@pytest.mark.parametrize("limit", [0.0, 1.1, 0.6])
def test_gain_control_equals_the_loop_over_samples(limit: float) -> None:
    x = noise(3000) * np.repeat(np.float32([1, 0.1, 2, 0.5, 0.02, 1]), 500)
    gain, gains = 0.4, []
    for magnitude in np.abs(x).astype(float):
        gains.append(gain)
        gain += 0.1 * (0.8 - gain * magnitude)
        gain = min(gain, limit or np.inf)
    block = AutomaticGainControl(rate=0.1, reference=0.8, gain=0.4, max_gain=limit)
    y = block(x, chunk=700)
    np.testing.assert_allclose(y, x * np.array(gains), rtol=1e-5, atol=1e-7)
    assert block.results() == {"items": 3000, "gain": pytest.approx(gain)}


def test_gain_control_brings_a_carrier_to_the_reference() -> None:
    x = (0.01 * np.exp(0.1j * np.arange(20_000))).astype(np.complex64)
    y = AutomaticGainControl(rate=1e-1, reference=0.7)(x)
    assert np.abs(y[15_000:]) == pytest.approx(0.7, rel=1e-4)


@pytest.mark.parametrize("threshold", [-20.0, -3.0, 6.0])
def test_squelch_passes_what_is_strong_enough(threshold: float) -> None:
    x = noise(5000) * np.repeat(np.float32([1, 0.01, 1, 0.3, 0.01]), 1000)
    power = scipy.signal.lfilter([0.01], [1, -0.99], np.abs(x).astype(float) ** 2)
    y = PowerSquelch(threshold=threshold, alpha=0.01)(x, chunk=777)
    np.testing.assert_array_equal(y, np.where(power >= 10 ** (threshold / 10), x, 0))


def test_squelch_counts_and_fades() -> None:
    x = np.repeat(np.float32([0, 1, 0]), 100)
    block = PowerSquelch(threshold=-10.0, alpha=1.0, ramp=10)
    y = block(x)
    fade = 0.5 - np.cos(np.pi * np.arange(11) / 10) / 2
    np.testing.assert_allclose(y[100:111], fade, atol=1e-6)
    assert (y[111:200] == 1).all()
    assert (y[:100] == 0).all()
    assert (y[200:] == 0).all()
    assert block.results() == {"items": 300, "open": 110}


def unbalanced(x: Array, gain: float, phase: float) -> Array:
    y: Array = IqImbalance(gain_db=gain, phase=phase)(x)
    return y


def image_db(y: Array, x: Array) -> float:
    """The power of the mirrored signal against the signal itself."""
    return float(20 * np.log10(abs(np.vdot(x.conj(), y) / np.vdot(x, y))))


@pytest.mark.parametrize(("gain", "phase"), [(1.5, 5.0), (-2.0, -10.0)])
def test_a_known_imbalance_is_undone(gain: float, phase: float) -> None:
    x = noise(2000)
    y = IqBalance(gain_db=gain, phase=phase)(unbalanced(x, gain, phase))
    np.testing.assert_allclose(y, x, atol=3e-6)


def test_an_unknown_imbalance_is_found() -> None:
    n = 200_000
    x = (noise(n) + 2 * np.exp(0.3j * np.arange(n))).astype(np.complex64)
    received = unbalanced(x, 1.0, 4.0)
    block = IqBalance(estimate=True)
    y = block(received, chunk=10_000)
    assert image_db(received, x) > -25
    assert image_db(y[n // 2 :], x[n // 2 :]) < -45
    found = block.results()
    assert found["gain_db"] == pytest.approx(1.0, abs=0.05)
    assert found["phase"] == pytest.approx(4.0, abs=0.4)


def test_errors() -> None:
    with pytest.raises(ParameterError, match="'rate' must be above 0, at most 1, not 0"):
        AutomaticGainControl(rate=0)
    with pytest.raises(ParameterError, match="'alpha' must be above 0, at most 1, not 2"):
        PowerSquelch(alpha=2)
    with pytest.raises(ParameterError, match="'block_size' must be 16 to 16777216 items, not 3"):
        IqBalance(estimate=True, block_size=3)
