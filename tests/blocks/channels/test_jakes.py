"""Fading gains with the spectrum of Clarke and Jakes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import j0

from semradio.blocks.channels.jakes import PATHS, JakesFading


def test_correlation_over_the_ensemble_is_a_bessel_function() -> None:
    """Many independent gains: no mean over time is taken."""
    h = JakesFading(1, "a", (4000,), 0.04).gains(0, 26)
    for lag in (0, 1, 4, 9, 15, 25):
        correlation = np.mean(h[lag] * h[0].conj())
        assert correlation == pytest.approx(j0(2 * np.pi * 0.04 * lag), abs=0.05)
        # Circular: no correlation with the conjugate, and no mean.
        assert abs(np.mean(h[lag] * h[0])) < 0.07
    assert abs(h.mean(axis=1)).max() < 0.07


def test_correlation_over_time() -> None:
    h = JakesFading(2, "a", (), 0.03).gains(0, 200_000)
    for lag in (1, 3, 10, 30):
        correlation = np.mean(h[lag:] * h[:-lag].conj())
        assert correlation == pytest.approx(j0(2 * np.pi * 0.03 * lag), abs=0.06)


@pytest.mark.parametrize("doppler", [0.01, 0.2])
def test_power_and_envelope(doppler: float) -> None:
    h = JakesFading(3, "a", (2, 3), doppler).gains(0, 50_000)
    assert h.dtype == np.complex64 and h.shape == (50_000, 2, 3)
    power = abs(h.astype(np.complex128)) ** 2
    np.testing.assert_allclose(power.mean(axis=0), 1, atol=0.08)
    assert np.mean(power**2) == pytest.approx(2 - 1 / PATHS, abs=0.05)
    # Rayleigh: P(|h|^2 < x) = 1 - exp(-x).
    assert np.mean(power < 0.1) == pytest.approx(1 - np.exp(-0.1), abs=0.01)


def test_entries_are_independent() -> None:
    h = JakesFading(4, "a", (6,), 0.1).gains(0, 30_000)
    products = abs(h.T @ h.conj()) / len(h)
    assert (products - np.diag(np.diag(products))).max() < 0.1


def test_gains_follow_from_the_index_alone() -> None:
    whole = JakesFading(5, "a", (2,), 0.07).gains(0, 20_000)
    pieces = JakesFading(5, "a", (2,), 0.07)
    for index, count in [(19_000, 7), (0, 1), (8191, 2), (4095, 9000), (3, 0)]:
        got = pieces.gains(index, count)
        assert got.tobytes() == whole[index : index + count].tobytes()


def test_far_indices_keep_their_precision() -> None:
    index = 10**9 + 12345
    h = JakesFading(6, "a", (3000,), 0.05).gains(index, 3)
    assert np.mean(abs(h) ** 2) == pytest.approx(1, abs=0.05)
    assert np.mean(h[2] * h[0].conj()) == pytest.approx(j0(2 * np.pi * 0.1), abs=0.05)


def test_seed_and_stream_make_other_gains() -> None:
    one = JakesFading(1, "a", (), 0.1).gains(0, 1)
    assert one != JakesFading(2, "a", (), 0.1).gains(0, 1)
    assert one != JakesFading(1, "b", (), 0.1).gains(0, 1)


def test_without_doppler_gains_stay() -> None:
    h = JakesFading(1, "a", (2,), 0.0).gains(0, 20_000)
    assert (h == h[0]).all() and h[0, 0] != h[0, 1]
