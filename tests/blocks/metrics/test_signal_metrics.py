"""evm, snr_estimate and ccdf against their definitions and theory."""

from __future__ import annotations

import numpy as np
import pytest

from semradio.blocks.api import Array, BlockError
from semradio.blocks.metrics.ccdf import Ccdf
from semradio.blocks.metrics.evm import Evm
from semradio.blocks.metrics.snr_estimate import SnrEstimate


def noise(n: int, seed: int) -> Array:
    """Complex, of power 1."""
    return np.random.default_rng(seed).standard_normal((n, 2)) @ [1, 1j] * np.sqrt(0.5)


def symbols(n: int, order: int) -> Array:
    """QAM of power 1."""
    side = int(np.sqrt(order))
    rails = 2 * np.random.default_rng(order).integers(0, side, (n, 2)) - (side - 1)
    points = rails @ [1, 1j]
    return points / np.sqrt(2 * (side**2 - 1) / 3)


def test_evm() -> None:
    sent = symbols(5000, 16)
    error = 0.1 * noise(5000, 1)
    found = Evm()((sent + error).astype(np.complex64), sent.astype(np.complex64), chunk=300)
    power = np.mean(np.abs(sent) ** 2)
    ratio = np.sqrt(np.mean(np.abs(error) ** 2) / power)
    assert found["items"] == 5000
    assert found["evm"] == pytest.approx(ratio, rel=1e-5)
    assert found["evm_db"] == pytest.approx(20 * np.log10(ratio), abs=1e-4)
    assert found["peak"] == pytest.approx(np.abs(error).max() / np.sqrt(power), rel=1e-5)


def test_evm_after_the_best_gain() -> None:
    sent = symbols(20_000, 4)
    error = 0.05 * noise(20_000, 2)
    gain = 0.5 * np.exp(0.7j)
    found = Evm()((gain * sent + error).astype(np.complex64), sent.astype(np.complex64))
    assert found["evm"] > 0.5
    assert found["gain_db"] == pytest.approx(20 * np.log10(0.5), abs=0.02)
    assert found["phase"] == pytest.approx(np.degrees(0.7), abs=0.1)
    assert found["aligned_evm_db"] == pytest.approx(20 * np.log10(0.05 / 0.5), abs=0.1)


def test_evm_of_nothing_is_null() -> None:
    zeros = np.zeros(5, np.complex64)
    assert Evm()(zeros, zeros)["evm"] is None
    assert Evm()(zeros[:0], zeros[:0]) == {"items": 0} | dict.fromkeys(
        ("evm", "evm_db", "peak", "aligned_evm_db", "gain_db", "phase")
    )
    with pytest.raises(BlockError, match="'received' carries NaN or infinity, first at item 3"):
        Evm()(np.where(np.arange(5) == 3, np.nan, zeros).astype(np.complex64), zeros)


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 20.0])
def test_snr(snr_db: float) -> None:
    n = 100_000
    for order, kurtosis in ((4, 1.0), (16, 1.32)):
        sent = symbols(n, order)
        x = (3 * (sent + 10 ** (-snr_db / 20) * noise(n, 3))).astype(np.complex64)
        blind = SnrEstimate(kurtosis=kurtosis)(x, chunk=7000)
        assert blind["snr_db"] == pytest.approx(snr_db, abs=0.15 if order == 4 else 0.7)
        aided = SnrEstimate()(x, sent.astype(np.complex64), chunk=7000)
        assert aided["snr_db"] == pytest.approx(snr_db, abs=0.03)
        assert aided["signal_power"] == pytest.approx(9, rel=0.02)


def test_snr_of_noise_alone_is_not_known_or_low() -> None:
    found = SnrEstimate()(noise(50_000, 4).astype(np.complex64))["snr_db"]
    assert found is None or found < -5
    assert SnrEstimate()(np.zeros(0, np.complex64))["snr_db"] is None


def test_ccdf_of_gaussian_samples() -> None:
    found = Ccdf()((7 * noise(400_000, 5)).astype(np.complex64), chunk=50_000)
    assert found["power_db"] == pytest.approx(20 * np.log10(7), abs=0.02)
    for level, share in found["exceeded"]:
        if share > 1e-3:
            assert share == pytest.approx(np.exp(-(10 ** (level / 10))), rel=0.06)
    for part in (0.1, 0.01, 0.001):
        level = 10 * np.log10(-np.log(part))
        assert found["db_at"][str(part)] == pytest.approx(level, abs=0.1)


def test_ccdf_of_a_carrier_and_of_nothing() -> None:
    carrier = Ccdf()(np.exp(0.1j * np.arange(1000)).astype(np.complex64))
    assert carrier["papr_db"] == pytest.approx(0, abs=1e-4)
    assert carrier["db_at"]["0.0001"] is None
    assert Ccdf()(np.zeros(10, np.float32))["papr_db"] is None
    sine = Ccdf()(np.sin(2 * np.pi * 0.01 * np.arange(1000)).astype(np.float32))
    assert sine["papr_db"] == pytest.approx(3.01, abs=0.01)
