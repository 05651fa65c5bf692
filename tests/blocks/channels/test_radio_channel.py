"""All impairments in one block: the chain of the blocks that it names, bit for bit."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest

from semradio.blocks.api import Array, ParameterError, find
from semradio.blocks.api.harness import Harness
from semradio.blocks.api.item_type import ItemType
from semradio.blocks.channels.radio_channel import RadioChannel

rng = np.random.default_rng(3)
IQ = (0.25 * rng.standard_normal(60_000)).astype(np.float32).view(np.complex64)

FAULTS = {
    "snr_db": 15.0,
    "frequency_offset": 0.004,
    "frequency_drift": 1e-9,
    "phase": 0.3,
    "linewidth": 1e-5,
    "clock_ppm": 37.0,
    "delay": 12.5,
    "taps": [1.0, 0, "0.3-0.2j"],
    "iq_gain_db": 0.2,
    "iq_phase": 1.0,
    "dc": "0.01+0.02j",
    "clip": 0.6,
    "bits": 8,
    "gap_every": 5000.0,
    "gap_length": 300.0,
    "seed": 6,
}


def chain(x: Array) -> Array:
    """The same by the blocks themselves."""
    tap = 0.3 - 0.2j
    gains = [0.0, 20 * math.log10(abs(tap))]
    turns = [0.0, cmath.phase(tap) / (2 * math.pi)]
    blocks = [
        find("clock_offset")(ppm=37.0, delay=12.5),
        find("multipath_channel")(delays=[0, 2], gains_db=gains, phases=turns),
        find("frequency_offset")(frequency=0.004, drift=1e-9, phase=0.3),
        find("phase_noise")(linewidth=1e-5, seed=6, name="air/phase"),
        find("awgn_channel")(snr_db=15.0, signal_power=4 * 10**-1.2, seed=6, name="air"),
        find("iq_imbalance")(gain_db=0.2, phase=1.0),
        find("dc_offset")(offset="0.01+0.02j"),
        find("clipping")(limit=0.6),
        find("quantiser")(bits=8),
        find("random_gap")(every=5000.0, length=300.0, seed=6, name="air/gaps"),
    ]
    for part in blocks:
        y = part(x)
        x = y[0] if isinstance(y, tuple) else y
    return x


def test_equals_the_chain_of_blocks() -> None:
    air = RadioChannel(name="air", **FAULTS)
    y = air(IQ)
    assert y.tobytes() == chain(IQ).tobytes()
    assert air(IQ, chunk=777).tobytes() == y.tobytes()
    found = air.results()
    assert found["items"] == len(IQ)
    assert found["lost"] > 0 and found["gaps"] > 0 and found["clipped"] > 0


def test_noise_is_that_of_the_symbols_es_n0() -> None:
    """Es / N0: the mean power over the symbol's samples, over the noise power of one sample."""
    silence = np.zeros(200_000, np.complex64)
    air = RadioChannel(snr_db=7.0, level=-9.0, samples_per_symbol=8)
    noise = air(silence)
    n0 = np.mean(np.abs(noise.astype(np.complex128)) ** 2)
    assert 10 * np.log10(8 * 10**-0.9 / n0) == pytest.approx(7.0, abs=0.03)
    assert air.results()["noise_voltage"] == pytest.approx(n0**0.5, rel=0.005)


def test_by_default_it_is_an_awgn_channel() -> None:
    energy = 4 * 10**-1.2
    noisy = find("awgn_channel")(signal_power=energy, seed=2, name="air")(IQ)
    assert RadioChannel(seed=2, name="air")(IQ).tobytes() == noisy.tobytes()


def test_taps_are_scaled_to_energy_one() -> None:
    impulse = np.zeros(10, np.complex64)
    impulse[0] = 1
    y = RadioChannel(snr_db=200.0, taps=[0, "3j", [-4.0, 0.0]])(impulse)
    np.testing.assert_allclose(y, [0, 0.6j, -0.8] + [0] * 7, atol=1e-6)


def test_delay_is_silence_in_front() -> None:
    y = RadioChannel(snr_db=200.0, delay=1234.0)(IQ)
    assert len(y) == len(IQ) + 1234
    np.testing.assert_allclose(y[:1234], 0, atol=1e-6)
    np.testing.assert_allclose(y[1234:], IQ, atol=1e-6)


def test_live_parameters_reach_their_stages() -> None:
    air = RadioChannel(snr_db=200.0)
    ones = np.ones(5000, np.complex64)
    with Harness(air, {"x": ItemType("complex64")}) as harness:
        harness.push(ones)
        harness.change({"frequency_offset": 0.01})
        harness.push(ones)
        harness.change({"snr_db": 0.0, "frequency_offset": 0.0})
        harness.push(ones)
        harness.end()
        y = harness.outputs()[0]
    np.testing.assert_allclose(y[:5001], 1, atol=1e-6)
    np.testing.assert_allclose(y[5000:10_000], np.exp(0.02j * np.pi * np.arange(5000)), atol=1e-5)
    assert np.std(y[10_000:]) == pytest.approx((4 * 10**-1.2) ** 0.5, rel=0.03)


def test_state_is_all_there_is() -> None:
    """A block that is given the state of another goes on as that one would."""
    one, two = RadioChannel(name="air", **FAULTS), RadioChannel(name="air", **FAULTS)
    types = {"x": ItemType("complex64")}
    with Harness(one, types) as first, Harness(two, types) as second:
        first.push(IQ[:20_000])
        one_before = len(first.outputs()[0])
        for key, value in one.state().items():
            setattr(two, key, value)
        y = two.work(IQ[20_000:], 20_000)
        first.push(IQ[20_000:])
        assert first.outputs()[0][one_before:].tobytes() == y.tobytes()
        second.block.tags_out = []


@pytest.mark.parametrize("taps", [[], [0.0, "0j"]])
def test_needs_a_tap(taps: list[object]) -> None:
    with pytest.raises(ParameterError, match="'taps' must have one number at least"):
        RadioChannel(taps=taps)
    with pytest.raises(ParameterError, match="'dc' must be a finite number"):
        RadioChannel(dc="x")
