"""Our impairments against GNU Radio's: channel_model and iqbal_gen on the same samples."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import Channels

from semradio.blocks.api import Array
from semradio.blocks.channels.iq_imbalance import IqImbalance
from semradio.blocks.channels.radio_channel import RadioChannel

N = 20_000
EARLY = 3
"""Samples by which GNU Radio's interpolator comes early: it has eight taps and no history."""

TAPS = [1.0, 0.0, 0.3 + 0.2j]
ENERGY = 1.13


def signal() -> Array:
    """Thirty tones within a fifth of the rate, of power 1 together."""
    draw = np.random.default_rng(0)
    turns = np.outer(draw.uniform(-0.2, 0.2, 30), np.arange(N)) + draw.random((30, 1))
    return (np.exp(2j * np.pi * turns).sum(axis=0) / 30**0.5).astype(np.complex64)


def decibels(x: Array) -> float:
    return float(10 * np.log10(np.mean(np.abs(x.astype(np.complex128)) ** 2)))


def aligned(ours: Array, theirs: Array, frequency: float) -> tuple[Array, Array]:
    """The same stretch of both; GNU Radio turns the carrier by its own, early index."""
    part = slice(1000, 15_000)
    turned = theirs[part] * np.exp(2j * np.pi * frequency * EARLY)
    return ours[part.start + EARLY : part.stop + EARLY], turned


def test_taps_and_carrier(channels: Channels) -> None:
    x, taps = signal(), [[tap.real, tap.imag] for tap in map(complex, TAPS)]
    (theirs,) = channels([("channel_model", [0.0, 0.0123, 1.0, taps, 1], x)])
    ours = RadioChannel(snr_db=200.0, frequency_offset=0.0123, taps=taps)(x)
    ours, theirs = aligned(ours * np.float32(ENERGY**0.5), theirs, 0.0123)
    assert decibels(ours - theirs) < -90


@pytest.mark.parametrize("ppm", [100.0, -20.0])
def test_clock(channels: Channels, ppm: float) -> None:
    """As far as eight taps go, which is why theirs are not ours."""
    x = signal()
    (theirs,) = channels([("channel_model", [0.0, 0.0, 1 + ppm * 1e-6, [[1.0, 0.0]], 1], x)])
    ours = RadioChannel(snr_db=200.0, clock_ppm=ppm)(x)
    ours, theirs = aligned(ours, theirs, 0.0)
    assert decibels(ours - theirs) < -50


def test_noise(channels: Channels) -> None:
    """The ``noise_voltage`` that the block reports makes noise of the same power there."""
    air = RadioChannel(snr_db=6.0, level=-10.0, samples_per_symbol=8)
    silence = np.zeros(100_000, np.complex64)
    ours = air(silence)
    voltage = air.results()["noise_voltage"]
    (theirs,) = channels([("channel_model", [voltage, 0.0, 1.0, [[1.0, 0.0]], 1], silence)])
    assert decibels(ours) == pytest.approx(decibels(theirs), abs=0.06)


@pytest.mark.parametrize(("side", "mode"), [("transmitter", 0), ("receiver", 1)])
def test_imbalance(channels: Channels, side: str, mode: int) -> None:
    x = signal()
    (theirs,) = channels([("iqbal_gen", [0.7, 3.0, mode], x)])
    ours = IqImbalance(gain_db=0.7, phase=3.0, side=side)(x)
    np.testing.assert_allclose(ours, theirs[:N], atol=2e-6)
