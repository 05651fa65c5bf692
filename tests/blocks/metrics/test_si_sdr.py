"""SI-SDR against its definition in plain steps, and figures of TorchMetrics."""

from __future__ import annotations

import math

import numpy as np
import pytest

from semradio.blocks.api import BlockError
from semradio.blocks.metrics.si_sdr import SiSdr

rng = np.random.default_rng(37)
S = rng.standard_normal((4, 50)).astype(np.float32)
R = (0.3 * S + 0.1 * rng.standard_normal((4, 50))).astype(np.float32)

TORCHMETRICS = [8.601668548666732, 9.207024055841977, 8.528962502399137, 8.356833933478569]
"""scale_invariant_signal_distortion_ratio of TorchMetrics 1.9 in float64, of each frame."""


def plain(r: np.ndarray, s: np.ndarray) -> float:
    """The definition, with the standard library's exact sums."""
    r, s = r.astype(float).tolist(), s.astype(float).tolist()
    gain = math.fsum(a * b for a, b in zip(r, s, strict=True)) / math.fsum(b * b for b in s)
    signal = math.fsum((gain * b) ** 2 for b in s)
    noise = math.fsum((a - gain * b) ** 2 for a, b in zip(r, s, strict=True))
    return 10 * math.log10(signal / noise)


def test_frames() -> None:
    found = SiSdr()(R, S)
    assert found["si_sdr_db"] == pytest.approx(np.mean(TORCHMETRICS), abs=1e-9)
    assert found["si_sdr_db"] == pytest.approx(
        np.mean([plain(r, s) for r, s in zip(R, S, strict=True)]), abs=1e-9
    )
    assert found["total_db"] == pytest.approx(plain(R.reshape(-1), S.reshape(-1)), abs=1e-9)
    assert (found["items"], found["silent"], found["perfect"], found["orthogonal"]) == (4, 0, 0, 0)


@pytest.mark.parametrize("gain", [4.0, -0.25, 2.0**-40])
def test_the_gain_does_not_count(gain: float) -> None:
    # Powers of two: no sample is rounded.
    found, scaled = SiSdr()(R, S), SiSdr()(np.float32(gain) * R, S)
    assert scaled["si_sdr_db"] == pytest.approx(found["si_sdr_db"], abs=1e-9)
    assert scaled["total_db"] == pytest.approx(found["total_db"], abs=1e-9)


def test_white_noise_is_as_the_snr_says() -> None:
    s = rng.standard_normal((400, 1000)).astype(np.float32)
    for snr_db in (-10.0, 0.0, 20.0):
        noise = np.float32(10 ** (-snr_db / 20)) * rng.standard_normal(s.shape, np.float32)
        # Of 400,000 samples: four standard deviations are 0.04 dB.
        assert SiSdr()(s + noise, s)["total_db"] == pytest.approx(snr_db, abs=0.04)


def test_frames_without_a_number() -> None:
    s, r = S.copy(), R.copy()
    s[0] = 0
    r[1] = 0
    r[2] = -2 * s[2]
    s[3], r[3] = np.tile([1, 0], 25), np.tile([0, 1], 25)
    found = SiSdr()(np.vstack([r, R[:1]]), np.vstack([s, S[:1]]))
    assert (found["silent"], found["perfect"], found["orthogonal"]) == (2, 1, 1)
    assert found["si_sdr_db"] == pytest.approx(TORCHMETRICS[0], abs=1e-9)
    assert SiSdr()(S, S)["total_db"] is None
    assert SiSdr()(S[:0], S[:0])["si_sdr_db"] is None


def test_how_the_stream_was_cut_does_not_count() -> None:
    s = rng.standard_normal((777, 33)).astype(np.float32)
    r = s + rng.standard_normal((777, 33)).astype(np.float32)
    whole = SiSdr()(r, s)
    for chunk in (1, 7, 64, 100):
        assert SiSdr()(r, s, chunk=chunk) == whole


def test_what_is_not_finite_is_named() -> None:
    r = R.copy()
    r[2, 7] = np.nan
    with pytest.raises(BlockError, match=r"input 'received' carries NaN or infinity, .*item 2"):
        SiSdr()(r, S)
