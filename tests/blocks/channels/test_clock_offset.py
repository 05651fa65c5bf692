"""The clock that is off: against band-limited signals whose value is known at any instant."""

from __future__ import annotations

import numpy as np
import pytest

from semradio.blocks.api import Array, ParameterError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.api.item_type import ItemType
from semradio.blocks.channels.clock_offset import ClockOffset

N = 20_000
EDGE = 40
"""Samples at either end whose neighbours are not all there."""


def tones(t: Array) -> Array:
    """Fifty tones up to 0.4 cycles per sample, of power 1 together, at the instants ``t``."""
    draw = np.random.default_rng(8)
    frequencies, phases = draw.uniform(-0.4, 0.4, 50), draw.uniform(0, 1, 50)
    turns = frequencies[:, None] * t + phases[:, None]
    return np.exp(2j * np.pi * turns).sum(axis=0) / 50**0.5


def decibels(error: Array) -> float:
    return float(10 * np.log10(np.mean(np.abs(error) ** 2)))


@pytest.mark.parametrize("ppm", [-1000.0, -100.0, 0.0, 20.0, 137.0, 1000.0])
def test_samples_are_those_of_the_other_clock(ppm: float) -> None:
    y = ClockOffset(ppm=ppm)(tones(np.arange(N)).astype(np.complex64))
    instants = np.arange(len(y)) * (1 + ppm * 1e-6)
    assert instants[-1] <= N - 1 < instants[-1] + 1 + ppm * 1e-6
    assert decibels((y - tones(instants))[EDGE:-EDGE]) < -85


@pytest.mark.parametrize("delay", [0.25, 17.0, 1000.7])
def test_delay_may_be_a_fraction(delay: float) -> None:
    y = ClockOffset(ppm=50.0, delay=delay)(tones(np.arange(N)).astype(np.complex64))
    instants = np.arange(len(y)) * (1 + 50e-6) - delay
    assert decibels((y - tones(instants))[int(delay) + EDGE : -EDGE]) < -85
    assert np.abs(y[: max(0, int(delay) - EDGE)]).max(initial=0) == 0


@pytest.mark.parametrize("frequency", [0.05, 0.2, 0.4])
def test_images_and_jitter_of_a_tone(frequency: float) -> None:
    """All that is not the tone itself, as a spectrum of its own: nothing above -80 dB."""
    n = np.arange(1 << 14)
    y = ClockOffset(ppm=311.0)(np.exp(2j * np.pi * frequency * n).astype(np.complex64))
    y = y[EDGE:][: 1 << 13] * np.exp(-2j * np.pi * frequency * (1 + 311e-6) * np.arange(1 << 13))
    spectrum = np.abs(np.fft.fft(y * np.blackman(len(y)))) / np.blackman(len(y)).sum()
    assert 20 * np.log10(spectrum[0]) == pytest.approx(0, abs=0.001)
    assert 20 * np.log10(spectrum[4:-4].max()) < -80


def test_a_right_clock_changes_nothing() -> None:
    x = tones(np.arange(777)).astype(np.complex64)
    assert ClockOffset()(x).tobytes() == x.tobytes()


@pytest.mark.parametrize("ppm", [-333.0, 20.0, 1000.0])
def test_does_not_depend_on_cuts(ppm: float) -> None:
    x = tones(np.arange(5000)).astype(np.complex64)
    clock = ClockOffset(ppm=ppm, delay=2.5)
    whole = clock(x)
    for chunk in (1, 17, 64, 4099):
        assert clock(x, chunk=chunk).tobytes() == whole.tobytes()


def test_tags_keep_to_their_instant() -> None:
    marks = [Tag(i, "mark", i) for i in (0, 1, 4999, 5000, 9999)]
    clock = ClockOffset(ppm=500.0, delay=3.0)
    with Harness(clock, {"x": ItemType("complex64")}) as harness:
        harness.push(np.ones(10_000, np.complex64), tags=marks)
        harness.end()
        found = harness.tags()[0]
    assert [tag.value for tag in found] == [0, 1, 4999, 5000, 9999]
    for tag in found:
        instant = tag.index * (1 + 500e-6) - 3
        assert instant <= tag.value < instant + 1.001


def test_a_new_offset_goes_on_from_the_instant_reached() -> None:
    x = tones(np.arange(N)).astype(np.complex64)
    clock = ClockOffset(ppm=100.0)
    with Harness(clock, {"x": ItemType("complex64")}) as harness:
        harness.push(x[:8000])
        changed = harness.items_out
        harness.change({"ppm": -200.0})
        harness.push(x[8000:])
        harness.end()
        y = harness.outputs()[0]
    m = np.arange(len(y))
    instants = m * (1 + 100e-6)
    late = m >= changed
    instants[late] = changed * (1 + 100e-6) + (m[late] - changed) * (1 - 200e-6)
    assert 7900 < changed < 8000
    assert decibels((y - tones(instants))[EDGE:-EDGE]) < -85


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65])
def test_short_streams(n: int) -> None:
    x = np.ones(n, np.complex64)
    assert ClockOffset()(x).tobytes() == x.tobytes()
    assert len(ClockOffset(delay=0.5)(x)) == n


def test_limits() -> None:
    with pytest.raises(ParameterError, match="'ppm' must be -1000 to 1000 ppm, not 1200"):
        ClockOffset(ppm=1200.0)
