"""How close the receiver comes to a plain noisy channel, on a channel simulated here.

Few bursts, for time; measure.py does the same with many.
"""

from __future__ import annotations

import numpy as np
import pytest
from burst_air import Air, Outcome, ideal_linear_loss_db, outcome, transmission

from semradio.blocks.phy import NAMED, Receiver, Waveform

WAVE = NAMED["burst256"]


def received(air: Air, bursts: int = 24, wave: Waveform = WAVE, seed: int = 5) -> Outcome:
    found = outcome(wave, air, bursts, seed)
    assert (found.missed, found.refused, found.wrong, found.false) == (0, 0, 0, 0)
    assert len(found.errors) == bursts
    return found


def loss(found: Outcome, snr_db: float) -> float:
    """The loss, less twice its standard error: what a bound is broken by is no accident."""
    mean, error = found.loss_db(snr_db)
    assert error < 0.2
    return mean - 2 * error


@pytest.mark.parametrize("snr_db", [0, 5, 10, 15, 20])
def test_loss_against_plain_noise(snr_db: int) -> None:
    """Random delay and phase, frequency offsets within 2 % of the symbol rate."""
    found = received(Air(snr_db=snr_db))
    mean, error = found.loss_db(snr_db)
    assert -3 * error < mean < 0.25
    assert abs(np.mean(found.snrs) - snr_db) < 0.2 and np.std(found.snrs) < 0.6
    assert not found.doubtful
    assert np.sqrt(np.mean(np.square(found.cfo_errors))) < 1e-5
    assert abs(np.mean(found.delay_errors)) < 0.05


@pytest.mark.parametrize("ppm", [-100, 100])
def test_clock_offset(ppm: float) -> None:
    found = received(Air(clock_ppm=ppm))
    assert loss(found, 20) < 0.30
    assert np.mean(found.clocks) == pytest.approx(-ppm, abs=3)


@pytest.mark.parametrize(("snr_db", "bar"), [(0, 0.4), (10, 0.4), (20, 0.9)])
def test_phase_noise(snr_db: int, bar: float) -> None:
    assert loss(received(Air(snr_db=snr_db, linewidth=1e-5)), snr_db) < bar


@pytest.mark.parametrize("echo", [(1.25, -8.0), (0.75, -6.0)])
@pytest.mark.parametrize("snr_db", [0, 10, 20])
def test_two_paths(echo: tuple[float, float], snr_db: int) -> None:
    air = Air(snr_db=snr_db, echo=echo)
    assert loss(received(air), snr_db) - ideal_linear_loss_db(WAVE, air) < 0.6


@pytest.mark.parametrize(
    "wave",
    [
        Waveform(frames=64),
        Waveform(frames=64, item="complex64[3,5]", rolloff=0.25, span=16),
        Waveform(frames=100, item="float32[7]", samples_per_symbol=2, span=14),
        Waveform(frames=64, samples_per_symbol=8, preamble=96, pilot_spacing=40, pilots=3, tail=96),
        Waveform(frames=64, preamble=224),
    ],
)
def test_other_waveforms(wave: Waveform) -> None:
    """Of any item type, rate, pulse and frame of known symbols."""
    assert loss(received(Air(snr_db=10, clock_ppm=20), 12, wave), 10) < 0.25


def test_low_signal_to_noise_ratios() -> None:
    """At -2 dB at most 1 % are missed, at 0 dB none of 60."""
    found = outcome(NAMED["burst16"], Air(snr_db=-2, gap=(200, 600)), 100, 11)
    assert found.missed <= 1 and found.refused <= 2
    assert (found.wrong, found.false) == (0, 0)
    received(Air(snr_db=0, gap=(200, 600)), 60, NAMED["burst16"])


def test_frames_of_any_energy_come_without_bias() -> None:
    """The decoder was trained on x + n: x must come back with factor 1."""
    found = []
    for snr_db in (0, 10):
        sent = transmission(WAVE, Air(snr_db=snr_db, echo=(0.75, -6.0)), 10, 3)
        receiver = Receiver(WAVE)
        bursts = receiver.push(sent.samples) + receiver.flush()
        got = np.stack([burst.frames for burst in bursts]).astype(float)
        found.append(np.sum(got * sent.frames) / np.sum(sent.frames.astype(float) ** 2))
    np.testing.assert_allclose(found, 1, atol=0.02)
