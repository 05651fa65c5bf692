"""What the ends know of the channel: error variances, shrinkage, age."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import ItemType, ItemTypeError
from semradio.blocks.errors import BlockError
from semradio.blocks.mimo.channel_state_source import ChannelStateSource
from semradio.blocks.mimo.csi_estimator import CsiEstimator

H = ChannelStateSource(seed=21)(12_500)
H3 = ChannelStateSource(users=3, rx_antennas=1, tx_antennas=2, seed=22)(12_000)


def known(h: np.ndarray, **parameters: Any) -> np.ndarray:
    estimate = CsiEstimator(**parameters)(h)
    assert estimate.dtype == np.complex64
    assert estimate.shape == h.shape
    return estimate


def power(x: np.ndarray) -> float:
    return float(np.mean(np.abs(x.astype(complex)) ** 2))


def test_perfect_knowledge_is_the_array_itself() -> None:
    block = CsiEstimator(snr_db=-20.0)
    block.resolve({"h": ItemType.of(H)})
    block.start()
    chunk = H[:10]
    assert block.work(chunk, 0) is chunk


@pytest.mark.parametrize(
    ("h", "parameters", "variance"),
    [
        (H, {"csi": "single", "snr_db": 0.0}, 1.0),
        (H, {"csi": "single", "snr_db": 7.0}, 10**-0.7),
        (H, {"csi": "orthogonal", "snr_db": 0.0}, 1 / 4),
        (H3, {"csi": "orthogonal", "snr_db": -3.0}, 10**0.3 / 6),
        (H, {"csi": "single", "pilot_boost_db": 6.0, "snr_db": 0.0}, 10**-0.6),
        (H, {"csi": "orthogonal", "pilot_boost_db": 6.0, "snr_db": 0.0}, 10**-0.6 / 4),
    ],
)
def test_least_squares_has_the_error_variance_of_its_pilots(
    h: np.ndarray, parameters: dict[str, Any], variance: float
) -> None:
    error = known(h, **parameters) - h
    assert power(error) == pytest.approx(variance, rel=0.015)
    # Unbiased, independent of the channel and alike for every entry.
    assert abs(np.mean(error * h.conj())) < 0.01
    entries = np.mean(np.abs(error) ** 2, axis=0)
    np.testing.assert_allclose(entries, variance, rtol=0.08)
    flat = error.reshape(len(h), -1)
    covariance = flat.T @ flat.conj() / len(flat)
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=0.06 * variance)


@pytest.mark.parametrize("csi", ["single", "orthogonal"])
def test_pilots_without_noise_give_the_channel(csi: str) -> None:
    np.testing.assert_allclose(known(H[:50], csi=csi, snr_db=150.0), H[:50], atol=2e-6)
    np.testing.assert_allclose(known(H3[:50], csi=csi, snr_db=150.0), H3[:50], atol=2e-6)


@pytest.mark.parametrize(("csi", "variance"), [("single", 1.0), ("orthogonal", 0.25)])
def test_mmse_is_least_squares_over_one_plus_error_variance(csi: str, variance: float) -> None:
    ls = known(H, csi=csi, snr_db=0.0)
    mmse = known(H, csi=csi, snr_db=0.0, estimator="mmse")
    np.testing.assert_allclose(mmse, ls / (1 + variance), rtol=1e-5)
    assert power(mmse - H) == pytest.approx(variance / (1 + variance), rel=0.015)


def test_mmse_goes_by_the_power_of_each_link() -> None:
    h = ChannelStateSource(seed=21, cross_gain_db=-10.0)(200)
    parameters = {"csi": "single", "snr_db": 3.0}
    ls = known(h, **parameters)
    mmse = known(h, **parameters, estimator="mmse", cross_gain_db=-10.0)
    error = 10**-0.3
    for k, j in np.ndindex(2, 2):
        prior = 1.0 if k == j else 0.1
        shrunk = ls[:, k, j] * prior / (prior + error)
        np.testing.assert_allclose(mmse[:, k, j], shrunk, rtol=1e-5)


@pytest.mark.parametrize("rho", [0.95, 0.7, 0.0])
def test_outdated_knowledge_has_the_stated_correlation(rho: float) -> None:
    old = known(H, rho=rho)
    assert power(old) == pytest.approx(1, rel=0.015)
    assert abs(np.mean(old * H.conj()) - rho) < 0.01
    drift = old - rho * H
    assert power(drift) == pytest.approx(1 - rho**2, rel=0.015)
    assert abs(np.mean(drift[1:] * drift[:-1].conj())) < 0.01
    assert abs(np.mean(drift**2)) < 0.01


def test_drift_has_the_power_of_its_link() -> None:
    h = ChannelStateSource(seed=21, cross_gain_db=-10.0)(20_000)
    drift = known(h, rho=0.6, cross_gain_db=-10.0) - 0.6 * h
    found = np.mean(np.abs(drift) ** 2, axis=(0, 3, 4)) / (1 - 0.36)
    np.testing.assert_allclose(found, [[1, 0.1], [0.1, 1]], rtol=0.04)


def test_pilots_saw_the_old_channel() -> None:
    """The error of the pilots comes on top, from draws of their own."""
    old = known(H, rho=0.8)
    both = known(H, rho=0.8, csi="single", snr_db=3.0)
    assert power(both - old) == pytest.approx(10**-0.3, rel=0.015)
    assert abs(np.mean((both - old) * (old - 0.8 * H).conj())) < 0.01
    np.testing.assert_allclose(
        both - old, known(H, csi="single", snr_db=3.0) - H, rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("chunk", [1, 4, 5, 1000])
def test_delay_gives_the_state_of_an_earlier_frame(chunk: int) -> None:
    h = H[:60]
    want = np.concatenate([np.repeat(h[:1], 5, axis=0), h[:-5]])
    np.testing.assert_array_equal(CsiEstimator(delay=5)(h, chunk=chunk), want)


def test_delay_comes_before_drift_and_pilots() -> None:
    parameters = {"rho": 0.9, "csi": "orthogonal", "snr_db": 4.0}
    h = H[:60]
    delayed = np.concatenate([np.repeat(h[:1], 7, axis=0), h[:-7]])
    np.testing.assert_array_equal(known(h, delay=7, **parameters), known(delayed, **parameters))


@pytest.mark.parametrize("chunk", [1, 16, 256])
def test_estimates_are_the_same_bits_for_every_chunk(chunk: int) -> None:
    block = CsiEstimator(csi="orthogonal", estimator="mmse", rho=0.9, delay=3, snr_db=5.0)
    assert block(H3[:600]).tobytes() == block(H3[:600], chunk=chunk).tobytes()


def test_draws_depend_on_seed_and_name() -> None:
    parameters = {"csi": "single", "snr_db": 0.0, "rho": 0.5}
    one = known(H[:500], name="a", seed=1, **parameters) - 0.5 * H[:500]
    for other in ({"name": "b", "seed": 1}, {"name": "a", "seed": 2}):
        two = known(H[:500], **other, **parameters) - 0.5 * H[:500]
        assert abs(np.mean(one * two.conj())) < 0.1


def test_snr_and_rho_are_live() -> None:
    block = CsiEstimator(csi="single", snr_db=0.0)
    block.started = True
    block.assign({"snr_db": 10.0, "rho": 0.6})
    estimate = block(H)
    assert abs(np.mean(estimate * H.conj()) - 0.6) < 0.01
    assert power(estimate - 0.6 * H) == pytest.approx(1 - 0.36 + 0.1, rel=0.015)


def test_what_is_no_number_is_refused() -> None:
    h = H[:100].copy()
    h[40, 1, 0, 1, 0] = np.nan
    with pytest.raises(BlockError, match=r"block 'csi'.*input 'h' carries NaN .* item 40"):
        CsiEstimator(name="csi")(h, chunk=16)


def test_a_state_has_as_many_transmitters_as_receivers() -> None:
    with pytest.raises(ItemTypeError, match=r"block 'csi' carries the links of 3 .* to 2 rec"):
        CsiEstimator(name="csi").resolve({"h": ItemType.parse("complex64[2,3,2,2]")})
