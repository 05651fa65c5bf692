"""Bursts of several antennas: against the channel on frames, and against the theory of pilots."""

from __future__ import annotations

import numpy as np
import pytest

from semradio.blocks.api import Array, ItemTypeError, ParameterError
from semradio.blocks.mimo.mimo_demodulator import MimoDemodulator
from semradio.blocks.mimo.mimo_interference_channel import MimoInterferenceChannel
from semradio.blocks.mimo.mimo_modulator import MimoModulator

BURSTS, FRAMES, SLOTS = 60, 8, 16
POWER = 4 * 10**-1.2
"""Es of a symbol at -12 dBFS and four samples."""


def normal(*shape: int) -> Array:
    draw = np.random.default_rng(list(shape)).standard_normal((*shape, 2)) * 0.5**0.5
    found: Array = draw.view(np.complex128)[..., 0].astype(np.complex64)
    return found


def sent(users: int, antennas: int, **values: int) -> tuple[list[Array], list[Array]]:
    """Frames of each user, and their bursts."""
    frames = [normal(BURSTS * FRAMES + k, antennas, SLOTS)[k:] for k in range(users)]
    bursts = [
        MimoModulator(users=users, user=k, frames=FRAMES, **values)(x) for k, x in enumerate(frames)
    ]
    return frames, bursts


@pytest.mark.parametrize(("users", "tx", "rx"), [(1, 1, 1), (1, 2, 3), (2, 2, 2), (3, 1, 2)])
@pytest.mark.parametrize("step", [2, 4])
def test_without_noise_frames_and_channels_come_through(
    users: int, tx: int, rx: int, step: int
) -> None:
    """All but what the pulse leaks, at -44 dB."""
    frames, bursts = sent(users, tx, samples_per_symbol=step)
    h = normal(BURSTS, users, users, rx, tx)
    received = MimoInterferenceChannel(users=users, snr_db=200.0)(*bursts, h)
    found = MimoDemodulator(users=users, tx_antennas=tx, frames=FRAMES, samples_per_symbol=step)(
        *(received if users > 1 else [received])
    )
    links = np.repeat(h, FRAMES, axis=0)
    assert np.mean(np.abs(found[-1] - links) ** 2) < 4e-5
    for k in range(users):
        wanted = sum(links[:, k, j] @ frames[j] for j in range(users))
        error = np.mean(np.abs(found[k] - wanted) ** 2) / np.mean(np.abs(wanted) ** 2)
        assert error < 4e-5


@pytest.mark.parametrize("preamble", [4, 32])
def test_estimates_err_as_theory_says(preamble: int) -> None:
    """sigma^2 / (L P) for each entry, and sigma^2 on each slot: the SNR is that of a symbol."""
    frames, bursts = sent(2, 2, preamble=preamble)
    h = normal(BURSTS, 2, 2, 2, 2)
    received = MimoInterferenceChannel(users=2, snr_db=6.0, power=POWER)(*bursts, h)
    *found, known = MimoDemodulator(users=2, frames=FRAMES, preamble=preamble)(*received)
    variance = 10**-0.6
    error = (known - np.repeat(h, FRAMES, axis=0))[::FRAMES]
    assert np.mean(np.abs(error) ** 2) == pytest.approx(variance / preamble, rel=0.2)
    assert abs(np.mean(error)) < 5 * (variance / preamble / error.size) ** 0.5
    links = np.repeat(h, FRAMES, axis=0)
    for k in range(2):
        noise = found[k] - sum(links[:, k, j] @ frames[j] for j in range(2))
        assert np.mean(np.abs(noise) ** 2) == pytest.approx(variance, rel=0.02)


def test_the_level_is_the_power_of_the_samples() -> None:
    _, (burst,) = sent(1, 2)
    inside = burst[:, :, 48:-48]
    assert 10 * np.log10(np.mean(np.abs(inside) ** 2)) == pytest.approx(-12, abs=0.05)


def test_a_burst_that_is_not_full_is_left_out() -> None:
    modulator = MimoModulator(users=1, frames=FRAMES)
    assert len(modulator(normal(2 * FRAMES + 3, 2, SLOTS))) == 2
    assert modulator.notes == ["the last 3 items do not fill a step of 8 and were left out"]


def test_refusals() -> None:
    with pytest.raises(ParameterError, match="'user' must be one of 0 to 1, not 2"):
        MimoModulator(user=2)
    with pytest.raises(ParameterError, match="'preamble' must be a power of two, not 12"):
        MimoDemodulator(preamble=12)
    with pytest.raises(ParameterError, match="'preamble' must be at least 4, one symbol for each"):
        MimoDemodulator(preamble=2)
    with pytest.raises(ItemTypeError, match="gets bursts of 100 samples, but a preamble of 32"):
        MimoDemodulator(users=1)(normal(3, 2, 100))
