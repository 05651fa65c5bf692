"""The linear MMSE receiver."""

from __future__ import annotations

import numpy as np
import pytest

from semradio.blocks.api import Array, ItemTypeError, SemradioError
from semradio.blocks.mimo.lmmse import lmmse_filter
from semradio.blocks.mimo.lmmse_receiver import LmmseReceiver
from semradio.blocks.mimo.snr import noise_variance


def complex_normal(*shape: int, seed: int = 1) -> Array:
    """CN(0, 1) values, complex64."""
    draw = np.random.default_rng([seed, *shape])
    rails = draw.standard_normal((*shape, 2)) * np.sqrt(0.5)
    return rails.view(np.complex128)[..., 0].astype(np.complex64)


def naive(h: Array, noise: float, k: int, power: float, error: float) -> Array:
    """The filters by the formula, one frame at a time."""
    n, users, _, rx, tx = h.shape
    filters = np.zeros((n, tx, rx), np.complex128)
    for i in range(n):
        covariance = (noise + users * tx * power * error) * np.eye(rx, dtype=np.complex128)
        for j in range(users):
            link = h[i, k, j].astype(np.complex128)
            covariance += power * link @ link.conj().T
        own = h[i, k, k].astype(np.complex128)
        filters[i] = power * own.conj().T @ np.linalg.inv(covariance)
    return filters


@pytest.mark.parametrize("users", [1, 2, 3])
@pytest.mark.parametrize(("rx", "tx"), [(1, 1), (1, 2), (2, 1), (2, 2), (2, 4), (3, 2), (4, 4)])
def test_equals_the_formula(users: int, rx: int, tx: int) -> None:
    h = complex_normal(20, users, users, rx, tx)
    for user in range(users):
        for power, noise, error in [(1.0, 1.0, 0.0), (2.0, 1e-3, 0.0), (3.0, 0.1, 0.2)]:
            w = lmmse_filter(h, noise, user, power, error)
            assert w.dtype == np.complex64 and w.flags.c_contiguous
            np.testing.assert_allclose(
                w, naive(h, noise, user, power, error), rtol=0, atol=2e-5 * abs(w).max()
            )


@pytest.mark.parametrize(("rx", "tx"), [(1, 2), (2, 2), (3, 2)])
def test_a_frame_does_not_depend_on_its_neighbours(rx: int, tx: int) -> None:
    h = complex_normal(33, 2, 2, rx, tx)
    w = lmmse_filter(h, 0.1, 1)
    assert lmmse_filter(h[:0], 0.1, 1).shape == (0, tx, rx)
    for i in range(len(h)):
        assert lmmse_filter(h[i : i + 1], 0.1, 1).tobytes() == w[i].tobytes()
    assert lmmse_filter(h[1::2], 0.1, 1).tobytes() == w[1::2].tobytes()


def test_without_interference_and_noise_it_inverts_the_channel() -> None:
    h = complex_normal(20, 1, 1, 2, 2)
    w = lmmse_filter(h, 0.0, 0)
    product = np.einsum("ntr,nrs->nts", w, h[:, 0, 0])
    assert abs(product - np.eye(2)).max() < 0.01


@pytest.mark.parametrize("tx", [1, 2])
@pytest.mark.parametrize("snr_db", [100.0, 200.0])
def test_is_finite_without_noise(tx: int, snr_db: float) -> None:
    h = complex_normal(50, 1, 1, 2, tx)
    w = lmmse_filter(h, noise_variance(snr_db), 0)
    assert w.tobytes() == lmmse_filter(h, noise_variance(70.0), 0).tobytes()
    # One antenna is matched and scaled, two are inverted.
    np.testing.assert_allclose(w, np.linalg.pinv(h[:, 0, 0]), rtol=0, atol=1e-3 * abs(w).max())


@pytest.mark.parametrize(
    ("tx", "snr_db", "mse", "tolerance"),
    [(2, 0, 0.641, 0.02), (2, 20, 0.501, 0.02), (1, 0, 0.374, 0.02), (1, 20, 0.022, 0.004)],
)
def test_symbol_error_of_two_users(tx: int, snr_db: float, mse: float, tolerance: float) -> None:
    """White symbols over 4,000 frames, two users with two receive antennas each; one antenna per
    transmitter has the power of two."""
    n, slots, power = 4000, 4, 2.0 / tx
    h = complex_normal(n, 2, 2, 2, tx)
    x = complex_normal(n, 2, tx, slots) * np.float32(np.sqrt(power))
    # sigma^2 goes by a power of 1 for each of two antennas.
    variance = noise_variance(snr_db)
    noise = complex_normal(n, 2, 2, slots) * np.float32(np.sqrt(variance))
    y = np.einsum("nkjrt,njts->nkrs", h, x) + noise
    for user in range(2):
        w = lmmse_filter(h, variance, user, power)
        error = np.mean(abs(w @ y[:, user] - x[:, user]) ** 2) / power
        assert error == pytest.approx(mse, abs=tolerance)


def test_expecting_the_error_of_the_channel_estimate_lowers_that_of_the_symbols() -> None:
    n, error = 3000, 0.1
    estimate = complex_normal(n, 2, 2, 2, 2) * np.float32(np.sqrt(1 - error))
    h = estimate + complex_normal(n, 2, 2, 2, 2, seed=2) * np.float32(np.sqrt(error))
    x = complex_normal(n, 2, 2, 4)
    y = np.einsum("njrt,njts->nrs", h[:, 0], x) + 0.1 * complex_normal(n, 2, 4, seed=3)

    def mse(csi_error: float) -> float:
        block = LmmseReceiver(snr_db=20.0, csi_error=csi_error)
        return float(np.mean(abs(block(y, estimate) - x[:, 0]) ** 2))

    assert mse(error) < mse(0.0) - 0.02
    assert mse(error) < mse(10 * error) - 0.02


def test_block_filters_its_own_row() -> None:
    h, y = complex_normal(30, 3, 3, 2, 2), complex_normal(30, 2, 16)
    block = LmmseReceiver(user=2, snr_db=7.0, power=3.0)
    w = naive(h, 3.0 / 10**0.7, 2, 3.0, 0.0)
    np.testing.assert_allclose(block(y, h), w @ y, rtol=1e-4, atol=1e-5)
    other = h.copy()
    other[:, :2] = 0
    assert block(y, other).tobytes() == block(y, h).tobytes()


def test_snr_is_live() -> None:
    h, y = complex_normal(5, 2, 2, 2, 2), complex_normal(5, 2, 16)
    block = LmmseReceiver(snr_db=0.0)
    first = block(y, h)
    block.set("snr_db", 30.0)
    np.testing.assert_array_equal(block(y, h), LmmseReceiver(snr_db=30.0)(y, h))
    assert abs(block(y, h) - first).max() > 0.1


def test_refuses_what_does_not_fit() -> None:
    y, h = complex_normal(3, 2, 16), complex_normal(3, 2, 2, 2, 2)
    with pytest.raises(
        ItemTypeError,
        match=r"'user' of block 'lmmse_receiver' is 2, but input 'h' is for 2 users .*at most 1",
    ):
        LmmseReceiver(user=2)(y, h)
    with pytest.raises(
        ItemTypeError, match=r"block 'lmmse_receiver' is for 2 receive antennas .* 'y' have 3"
    ):
        LmmseReceiver()(complex_normal(3, 3, 16), h)
    with pytest.raises(ItemTypeError, match="2 transmitters to 1 receivers"):
        LmmseReceiver()(y, h[:, :1])


@pytest.mark.parametrize("name", ["y", "h"])
def test_nan_is_named(name: str) -> None:
    arrays = {"y": complex_normal(5, 2, 16), "h": complex_normal(5, 2, 2, 2, 2)}
    arrays[name][3] = np.nan
    with pytest.raises(SemradioError, match=f"input '{name}' carries NaN .* item 3"):
        LmmseReceiver()(arrays["y"], arrays["h"])
