"""What a link costs: against noise of a known power."""

from __future__ import annotations

import numpy as np
import pytest

from semradio.blocks.api import Tag
from semradio.blocks.channels.awgn_channel import AwgnChannel
from semradio.blocks.errors import SemradioError
from semradio.blocks.metrics.snr_loss import SnrLoss

rng = np.random.default_rng(5)
FRAMES = rng.standard_normal((4000, 23)).astype(np.float32) / np.float32(23**0.5)


@pytest.mark.parametrize("worse", [0.0, 1.5])
def test_loss_is_the_difference_of_two_channels(worse: float) -> None:
    """6.1 / sqrt(N M) dB is the standard error of N items of M values: 0.02 dB here."""
    y = AwgnChannel(snr_db=8.0 - worse)(FRAMES)
    found = SnrLoss(snr_db=8.0)(FRAMES, y)
    assert found["items"] == 4000
    assert found["loss_db"] == pytest.approx(worse, abs=4 * 6.1 / (4000 * 23) ** 0.5)
    assert found["loss_db"] + found["effective_db"] == pytest.approx(8.0)


def test_signal_power_is_what_the_snr_refers_to() -> None:
    x = FRAMES[:, :2].copy().view(np.complex64)
    y = (x + np.complex64(0.1)).astype(np.complex64)
    assert SnrLoss(snr_db=20.0, signal_power=4.0)(x, y)["effective_db"] == pytest.approx(
        10 * np.log10(400), abs=1e-4
    )


def test_no_error_has_no_decibels() -> None:
    none = {"effective_db": None, "loss_db": None}
    assert SnrLoss()(FRAMES, FRAMES) == {"items": 4000, **none}
    assert SnrLoss()(FRAMES[:0], FRAMES[:0]) == {"items": 0, **none}


def test_lost_frames_are_left_out() -> None:
    y = AwgnChannel(snr_db=10.0)(FRAMES)
    y[100:200] = 0
    found = SnrLoss()(FRAMES, y, tags=[Tag(100, "filled", 100)])
    assert (found["items"], found["missing"]) == (3900, 100)
    assert abs(found["loss_db"]) < 0.1


def test_refuses_what_is_no_number() -> None:
    bad = FRAMES.copy()
    bad[7, 3] = np.nan
    with pytest.raises(SemradioError, match="'received' carries NaN or infinity"):
        SnrLoss()(FRAMES, bad)
