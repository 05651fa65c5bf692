"""frequency_shift, frequency_modulator, quadrature_demod and fm_deemphasis."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import scipy.signal

from semradio.blocks.analog.fm_deemphasis import FmDeemphasis
from semradio.blocks.analog.frequency_modulator import FrequencyModulator
from semradio.blocks.analog.frequency_shift import FrequencyShift
from semradio.blocks.analog.oscillator import Oscillator, phase_step
from semradio.blocks.analog.quadrature_demod import QuadratureDemod
from semradio.blocks.api import ItemType, ParameterError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.testing import check_block


@pytest.mark.parametrize("frequency", [0.0, 12_345.6, -400e3, 500e3])
def test_shift(frequency: float) -> None:
    x = (np.random.default_rng(1).standard_normal((5000, 2)) @ [1, 1j]).astype(np.complex64)
    y = FrequencyShift(frequency=frequency, sample_rate=1e6)(x, chunk=333)
    want = x * np.exp(2j * np.pi * frequency / 1e6 * np.arange(5000))
    assert np.abs(y - want).max() < 2e-6


@pytest.mark.parametrize("at", [0, 10**9 + 7, 2**53 + 1, 10**18])
def test_the_phase_is_exact_far_out(at: int) -> None:
    found = Oscillator(phase_step(0.1, 1.0)).samples(0, at, 300)
    turns = [float(Fraction(0.1) * (at + k) % 1) for k in range(300)]
    # The step itself is right to 2^-65 turns.
    error = 2 * np.pi * at * 2.0**-65
    np.testing.assert_allclose(found, np.exp(2j * np.pi * np.array(turns)), atol=3e-7 + error)


def test_a_live_change_goes_on_from_the_phase_reached() -> None:
    x = np.ones(1000, np.complex64)
    block = FrequencyShift(frequency=0.01, name="tune")
    with Harness(block, {"x": ItemType.of(x)}) as harness:
        harness.push(x[:333])
        harness.change({"frequency": -0.03})
        harness.push(x[333:])
        harness.end()
        (y,), ((tag,),) = harness.outputs(), harness.tags()
    assert tag == Tag(333, "tune.frequency", -0.03)
    steps = np.r_[np.full(333, 0.01), np.full(667, -0.03)]
    phase = np.r_[0, np.cumsum(steps)[:-1]]
    np.testing.assert_allclose(y, np.exp(2j * np.pi * phase), atol=1e-6)


def test_a_frequency_beyond_half_the_rate() -> None:
    with pytest.raises(ParameterError, match="from -24000 to 24000 Hz, half the sample rate, not"):
        FrequencyShift(frequency=24_001, sample_rate=48e3)


def test_fm_there_and_back() -> None:
    sound = np.sin(np.arange(4000) * 0.05).astype(np.float32)
    deviation = 0.3
    air = FrequencyModulator(sensitivity=deviation)(sound)
    back = QuadratureDemod(gain=1 / deviation)(air)
    np.testing.assert_allclose(
        air, np.exp(1j * deviation * np.cumsum(sound, dtype=float)), atol=1e-5
    )
    np.testing.assert_allclose(back[1:], sound[1:], atol=2e-6)
    assert back[0] == 0


def test_modulator_takes_any_angle_and_no_numbers() -> None:
    x = np.array([0.5, 1e6, -1e6, np.nan, np.inf, 7.0, -0.5], np.float32)
    good = np.where(np.isfinite(x), x, 0).astype(float)
    y = FrequencyModulator(sensitivity=2 * np.pi)(x)
    np.testing.assert_allclose(y, np.exp(2j * np.pi * np.cumsum(good)), atol=1e-6)
    check_block(lambda: FrequencyModulator(sensitivity=0.7), [x[:3].repeat(20)])


@pytest.mark.parametrize("tau", [50e-6, 75e-6])
def test_deemphasis_has_the_response_of_its_circuit(tau: float) -> None:
    x = np.zeros(4096, np.float32)
    x[0] = 1
    y = FmDeemphasis(sample_rate=192e3, tau=tau)(x, chunk=100)
    frequencies, response = scipy.signal.freqz(y, worN=512, fs=192e3)
    want = 1 / (1 + 2j * np.pi * frequencies * tau)
    heard = frequencies < 15e3
    assert np.abs(20 * np.log10(np.abs(response / want)))[heard].max() < 0.3


def test_deemphasis_needs_a_rate_that_holds_its_corner() -> None:
    with pytest.raises(ParameterError, match=r"'tau' must be above 3\.98e-05 s at this"):
        FmDeemphasis(sample_rate=8000, tau=1e-5)
