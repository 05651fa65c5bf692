"""Carriers that are off, drift and walk: frequency_offset and phase_noise."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.signal import chirp

from semradio.blocks.api import Array, ParameterError
from semradio.blocks.api.harness import Harness
from semradio.blocks.api.item_type import ItemType
from semradio.blocks.channels.frequency_offset import FrequencyOffset
from semradio.blocks.channels.oscillator import Oscillator
from semradio.blocks.channels.phase_noise import PhaseNoise
from semradio.blocks.channels.phase_walk import PhaseWalk

IQ = np.random.default_rng(4).standard_normal(20_000).astype(np.float32).view(np.complex64)
ONES = np.ones(20_000, np.complex64)


def exact(frequency: float, drift: float, n: int) -> complex:
    """One sample of an oscillator, its phase by rational arithmetic."""
    turns = (Fraction(frequency) * n + Fraction(drift) * n * n / 2) % 1
    return complex(np.exp(2j * np.pi * float(turns)))


@pytest.mark.parametrize("at", [0, 4095, 10**6 + 7, 10**10, 10**14])
@pytest.mark.parametrize(("frequency", "drift"), [(0.0123, 0.0), (-0.3, 1e-7), (0.01, -3e-12)])
def test_phase_is_exact_at_any_index(frequency: float, drift: float, at: int) -> None:
    found = Oscillator(frequency, drift).samples(at, 30)
    wanted = [exact(frequency, drift, at + k) for k in range(30)]
    np.testing.assert_allclose(found, wanted, atol=2e-7)


def test_shift_and_drift_are_those_of_scipy() -> None:
    """A linear chirp from f0 at time 0 to f1 at time t1 has the drift (f1 - f0) / t1."""
    rate, n = 48_000.0, 20_000
    y = FrequencyOffset(frequency=200.0, drift=3000.0, sample_rate=rate)(ONES)
    t = np.arange(n) / rate
    np.testing.assert_allclose(y.real, chirp(t, 200.0, 1.0, 3200.0), atol=1e-6)
    np.testing.assert_allclose(y.imag, chirp(t, 200.0, 1.0, 3200.0, phi=-90), atol=1e-6)


@pytest.mark.parametrize("drift", [0.0, 1e-8])
def test_shift_does_not_depend_on_cuts(drift: float) -> None:
    offset = FrequencyOffset(frequency=0.0123, drift=drift, phase=0.2)
    whole = offset(IQ)
    assert whole.tobytes() == offset(IQ, chunk=997).tobytes() == offset(IQ, chunk=4096).tobytes()


def test_a_new_frequency_goes_on_from_the_phase_reached() -> None:
    offset = FrequencyOffset(frequency=0.01)
    with Harness(offset, {"x": ItemType("complex64")}) as harness:
        for frequency in (0.01, 0.03, -0.2):
            harness.change({"frequency": frequency})
            harness.push(ONES[:5000])
        harness.end()
        y = harness.outputs()[0]
    steps = np.angle(y[1:] * y[:-1].conj()) / (2 * np.pi)
    wanted = np.repeat([0.01, 0.03, -0.2], 5000)
    np.testing.assert_allclose(steps, wanted[:-1], atol=1e-6)


def test_nothing_to_shift() -> None:
    assert FrequencyOffset()(IQ).tobytes() == IQ.tobytes()


def test_walk_has_the_stated_line() -> None:
    """E exp(i (theta[n + m] - theta[n])) = exp(-pi linewidth m): a Lorentzian of that width."""
    linewidth = 2e-3
    y = PhaseNoise(linewidth=linewidth, seed=1)(np.ones(400_000, np.complex64))
    y = y.astype(np.complex128)
    for lag in (1, 30, 200):
        found = np.mean(y[lag:] * y[:-lag].conj())
        wanted = np.exp(-np.pi * linewidth * lag)
        # Each 1/linewidth samples tell something new.
        assert found == pytest.approx(wanted, abs=4 * (1 - wanted**2) ** 0.5 / 800**0.5)
    step = np.angle(y[1:] * y[:-1].conj())
    assert np.var(step) == pytest.approx(2 * np.pi * linewidth, rel=0.01)
    assert abs(np.mean(step)) < 5 * np.std(step) / len(step) ** 0.5
    assert abs(np.corrcoef(step[1:], step[:-1])[0, 1]) < 0.01
    np.testing.assert_allclose(abs(y), 1, atol=1e-6)


def test_walk_starts_at_zero_and_does_not_depend_on_cuts() -> None:
    noise = PhaseNoise(linewidth=1e-3, seed=5)
    whole = noise(IQ)
    assert whole[0] == IQ[0]
    for chunk in (1000, 1023, 1024, 1025, 5000):
        assert noise(IQ, chunk=chunk).tobytes() == whole.tobytes()


def test_walk_is_the_sum_of_its_steps() -> None:
    sigma = 0.01
    steps = PhaseWalk(3, "lo", sigma)._noise.normal(0, 5000).astype(np.float64)
    phase = sigma * np.concatenate([[0.0], np.cumsum(steps)[:-1]])
    rotation, _ = PhaseWalk(3, "lo", sigma).rotation(0.0, 0, 5000)
    np.testing.assert_allclose(rotation, np.exp(1j * phase), atol=1e-6)


def test_walks_differ_by_seed_and_name() -> None:
    one = PhaseNoise(seed=1)(ONES)
    assert abs(one - PhaseNoise(seed=2)(ONES)).max() > 0.01
    assert abs(one - PhaseNoise(seed=1, name="other")(ONES)).max() > 0.01


@pytest.mark.parametrize("first", [3000, 3072, 4500])
def test_a_new_linewidth_does_not_jump(first: int) -> None:
    def run(*widths: float) -> Array:
        noise = PhaseNoise(linewidth=widths[0], seed=9)
        with Harness(noise, {"x": ItemType("complex64")}) as harness:
            harness.push(ONES[:first])
            if len(widths) > 1:
                harness.change({"linewidth": widths[1]})
            harness.push(ONES[first:])
            harness.end()
            return harness.outputs()[0]

    plain, changed = run(1e-4), run(1e-4, 4e-4)
    assert (changed[: first + 1] == plain[: first + 1]).all()
    one, two = (np.angle(y[first + 1 :] * y[first:-1].conj()) for y in (plain, changed))
    # The same steps, twice as long.
    np.testing.assert_allclose(two, 2 * one, atol=1e-5)


def test_hertz_need_the_rate() -> None:
    per_sample = PhaseNoise(linewidth=1e-4)(ONES)
    hertz = PhaseNoise(linewidth=100.0, sample_rate=1e6)(ONES)
    assert per_sample.tobytes() == hertz.tobytes()
    with pytest.raises(ParameterError, match="'linewidth' must be at least 0"):
        PhaseNoise(linewidth=-1.0)
