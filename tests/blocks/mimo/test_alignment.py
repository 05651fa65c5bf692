"""Interference alignment: the design, and the blocks that make it and use it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from semradio.blocks.api import Array, ItemType, ItemTypeError, SemradioError
from semradio.blocks.api.harness import Harness
from semradio.blocks.mimo.alignment import feasible, minmax_mse
from semradio.blocks.mimo.ia_transceiver import IaTransceiver
from semradio.blocks.mimo.mimo_filter import MimoFilter
from semradio.blocks.mimo.mimo_precoder import MimoPrecoder
from semradio.blocks.mimo.snr import noise_variance


def states(n: int, users: int, rx: int = 2, tx: int = 2, seed: int = 0) -> Array:
    """Rayleigh channel states, complex64[n, K, K, Nr, Nt]."""
    draw = np.random.default_rng([seed, users, rx, tx])
    rails = draw.standard_normal((n, users, users, rx, tx, 2)) * np.sqrt(0.5)
    return rails.view(np.complex128)[..., 0].astype(np.complex64)


def naive_errors(h: Array, v: Array, u: Array, noise: float) -> Array:
    """Mean square error per stream of white streams through V, H, noise and U^H, float64[n, K]."""
    n, users = h.shape[:2]
    errors = np.zeros((n, users))
    for i in range(n):
        for k in range(users):
            streams = v.shape[3]
            for j in range(users):
                seen = u[i, k] @ h[i, k, j] @ v[i, j] - (np.eye(streams) if j == k else 0)
                errors[i, k] += np.sum(abs(seen) ** 2) / streams
            errors[i, k] += noise * np.sum(abs(u[i, k]) ** 2) / streams
    return errors


def sum_mse(h: Array, noise: float, power: float, iterations: int) -> Array:
    """Errors after plain sum-MSE iterations, float64[n, K]; d = 1, the multiplier bisected."""
    n, users, _, rx, tx = h.shape
    h = h.astype(np.complex128)
    v = np.sqrt(power * tx) * np.stack(
        [np.linalg.svd(h[:, k, k])[2][:, :1].conj().swapaxes(1, 2) for k in range(users)]
    )
    errors = np.zeros((n, users))
    for _ in range(iterations):
        u = []
        for k in range(users):
            heard = [h[:, k, j] @ v[j] for j in range(users)]
            covariance = sum(g @ g.conj().swapaxes(1, 2) for g in heard) + noise * np.eye(rx)
            u.append(np.linalg.solve(covariance, heard[k]))
            errors[:, k] = 1 - np.sum(heard[k].conj() * u[k], axis=(1, 2)).real
        for k in range(users):
            caused = [h[:, j, k].conj().swapaxes(1, 2) @ u[j] for j in range(users)]
            a = sum(g @ g.conj().swapaxes(1, 2) for g in caused)
            low, high = np.full((n, 1, 1), 1e-12), np.full((n, 1, 1), 1e6)
            for _ in range(50):
                ridge = np.sqrt(low * high)
                v[k] = np.linalg.solve(a + ridge * np.eye(tx), caused[k])
                over = np.linalg.norm(v[k], axis=(1, 2), keepdims=True) ** 2 > power * tx
                low, high = np.where(over, ridge, low), np.where(over, high, ridge)
    return errors


@pytest.mark.parametrize(
    ("users", "rx", "tx", "streams"),
    [
        *[(1, 2, 2, 1), (1, 2, 2, 2), (2, 2, 2, 1), (3, 2, 2, 1), (2, 2, 2, 2), (2, 1, 2, 1)],
        *[(2, 2, 1, 1), (2, 3, 3, 2), (2, 4, 2, 1), (2, 2, 4, 2)],
    ],
)
def test_errors_are_those_of_the_filters_and_power_is_kept(
    users: int, rx: int, tx: int, streams: int
) -> None:
    h = states(12, users, rx, tx)
    for snr_db, power in [(0.0, 1.0), (25.0, 3.0)]:
        noise = noise_variance(snr_db, power)
        v, u, errors = minmax_mse(h, noise, streams, power, iterations=20)
        assert v.shape == (12, users, tx, streams)
        assert u.shape == (12, users, streams, rx)
        np.testing.assert_allclose(errors, naive_errors(h, v, u, noise), rtol=1e-6)
        energy = np.sum(abs(v) ** 2, axis=(2, 3))
        assert energy.max() <= power * tx * (1 + 1e-9)
        # Somebody always has reason to use all power.
        assert energy.max(axis=1).min() > 0.99 * power * tx


@pytest.mark.parametrize(
    ("users", "snr_db", "mean", "worst"),
    [
        *[(1, 0, 0.155, 0.155), (2, 0, 0.204, 0.213), (2, 15, 0.0095, 0.0103)],
        *[(3, 0, 0.279, 0.284), (3, 15, 0.031, 0.032), (4, 0, 0.371, 0.377)],
    ],
)
def test_known_errors_of_one_stream(users: int, snr_db: float, mean: float, worst: float) -> None:
    errors = minmax_mse(states(400, users), noise_variance(snr_db), 1)[2]
    assert errors.mean() == pytest.approx(mean, rel=0.06)
    assert errors.max(axis=1).mean() == pytest.approx(worst, rel=0.06)


def test_one_stream_is_aligned_at_high_snr_and_two_are_not() -> None:
    h = states(300, 2)
    one = minmax_mse(h, noise_variance(40), 1)[2].max(axis=1).mean()
    assert one <= 3e-4
    assert 0.4 <= minmax_mse(h, noise_variance(40), 2)[2].max(axis=1).mean() <= 0.5
    three = minmax_mse(states(300, 3), noise_variance(40), 1)[2].max(axis=1).mean()
    assert three <= 3e-3
    # One more user than can be aligned.
    assert minmax_mse(states(300, 4), noise_variance(40), 1)[2].max(axis=1).mean() >= 0.01


@pytest.mark.parametrize(("users", "snr_db"), [(2, 0), (2, 30), (3, 10)])
def test_worst_user_fares_better_than_under_the_least_sum(users: int, snr_db: float) -> None:
    h = states(60, users, seed=4)
    noise = noise_variance(snr_db)
    least_sum = sum_mse(h, noise, 1.0, 40)
    errors = minmax_mse(h, noise, 1)[2]
    assert errors.max(axis=1).mean() < 0.97 * least_sum.max(axis=1).mean()
    # Fairness costs little: what one user loses the other wins.
    assert errors.mean() < 1.1 * least_sum.mean()


def test_more_iterations_never_make_the_worst_user_worse() -> None:
    h, noise = states(50, 3), noise_variance(30)
    worst = [minmax_mse(h, noise, 1, iterations=i)[2].max(axis=1) for i in (1, 3, 10, 30, 31)]
    for before, after in pairwise(worst):
        assert (after <= before).all()
    assert (worst[-1] < 0.5 * worst[0]).mean() > 0.9


@pytest.mark.parametrize(("rx", "tx", "streams"), [(2, 2, 1), (2, 2, 2), (1, 2, 1), (3, 3, 1)])
def test_a_design_does_not_depend_on_its_neighbours(rx: int, tx: int, streams: int) -> None:
    h = states(257, 2, rx, tx)
    whole = minmax_mse(h, 0.01, streams, iterations=8)
    for part in [slice(0, 1), slice(1, 3), slice(7, 12), slice(256, 257), slice(200, 257)]:
        for some, all_ in zip(minmax_mse(h[part], 0.01, streams, iterations=8), whole, strict=True):
            assert some.tobytes() == all_[part].tobytes()
    assert minmax_mse(h[:0], 0.01, streams)[0].shape == (0, 2, tx, streams)


def test_no_stated_snr_breaks_it() -> None:
    for users, tx in [(1, 2), (2, 2), (1, 1)]:
        for snr_db in (-100.0, 200.0):
            designs = minmax_mse(states(20, users, 2, tx), noise_variance(snr_db), 1)
            assert all(np.isfinite(x).all() for x in designs)
            floor = minmax_mse(states(20, users, 2, tx), noise_variance(min(snr_db, 70.0)), 1)
            assert designs[0].tobytes() == floor[0].tobytes()
            assert (designs[2] > 0.99).all() if snr_db < 0 else (designs[2] < 1e-4).all()


@pytest.mark.parametrize("users", [1, 2])
def test_strong_links(users: int) -> None:
    h = states(40, users) * np.float32(100)
    with np.errstate(all="raise", under="ignore"):
        v, u, errors = minmax_mse(h, 1e-7, 1)
    assert np.isfinite(v).all() and np.isfinite(u).all()
    assert (errors > 0).all() and errors.max() < 1e-3


def test_links_that_are_zero() -> None:
    h = states(3, 2)
    h[0] = 0  # nothing passes
    h[1, 0, 0] = 0  # the first user has no link
    h[2, 0, 1] = h[2, 1, 0] = 0  # two links without interference
    with np.errstate(all="raise", under="ignore"):
        _, _, errors = minmax_mse(h, 0.01, 1)
    assert errors[0].tolist() == [1, 1]
    assert errors[1, 0] == 1 and errors[1, 1] < 1
    strongest = [np.linalg.svd(h[2, k, k].astype(np.complex128))[1][0] ** 2 for k in range(2)]
    alone = [0.01 / (0.01 + 2 * s) for s in strongest]
    assert errors[2].max() == pytest.approx(max(alone), rel=1e-3)


def test_feasibility_rule() -> None:
    assert feasible(1, 3, 2, 2) and feasible(2, 1, 2, 2) and feasible(2, 3, 4, 4)
    assert not feasible(1, 4, 2, 2) and not feasible(2, 2, 2, 2)


def test_block_gives_the_design() -> None:
    h = states(10, 2)
    v, u = IaTransceiver(snr_db=20.0, power=2.0, iterations=7)(h)
    precoders, filters, _ = minmax_mse(h, noise_variance(20.0, 2.0), 1, 2.0, 7)
    np.testing.assert_array_equal(v, precoders.astype(np.complex64))
    np.testing.assert_array_equal(u, filters.astype(np.complex64))


def test_infeasible_designs_are_refused_with_rule_and_numbers() -> None:
    with pytest.raises(ItemTypeError) as caught:
        IaTransceiver(streams=2)(states(1, 2))
    assert str(caught.value) == (
        "block 'ia_transceiver': 2 streams for each of 2 users cannot be aligned: "
        "d(K+1) = 6 > Nt+Nr = 4; use streams: 1, or infeasible: allow"
    )
    with pytest.raises(ItemTypeError, match=r"1 stream for .*= 5 > .*= 4; use infeasible: allow"):
        IaTransceiver()(states(1, 4))
    with pytest.raises(ItemTypeError, match=r"3 streams .* at most streams: 2"):
        IaTransceiver(streams=3, infeasible="allow")(states(1, 1))
    with pytest.raises(ItemTypeError, match="3 transmitters to 2 receivers"):
        IaTransceiver()(states(1, 3)[:, :2])


@pytest.mark.parametrize(("streams", "notes"), [(1, 0), (2, 1)])
def test_infeasible_designs_that_are_allowed_leave_a_note(streams: int, notes: int) -> None:
    block = IaTransceiver(streams=streams, infeasible="allow", iterations=2)
    with Harness(block, {"h": ItemType("complex64", (2, 2, 2, 2))}) as harness:
        harness.push(states(4, 2))
    assert len(block.notes) == notes
    assert all("d(K+1) = 6 > Nt+Nr = 4" in note for note in block.notes)


def test_nan_is_named() -> None:
    h = states(5, 2)
    h[2, 0, 1, 0, 0] = np.nan
    with pytest.raises(SemradioError, match="input 'h' carries NaN or infinity, first at item 2"):
        IaTransceiver()(h)


def test_aligned_streams_arrive() -> None:
    """Two users of one stream each over the channel, precoded and filtered by the blocks."""
    draw = np.random.default_rng(5)
    h = states(200, 2, seed=6)
    v, u = IaTransceiver(snr_db=30.0)(h)
    sent = np.exp(2j * np.pi * draw.random((2, 200, 1, 16))).astype(np.complex64)
    x = [MimoPrecoder(user=k)(sent[k], v) for k in range(2)]
    for k in range(2):
        y = h[:, k, 0] @ x[0] + h[:, k, 1] @ x[1]
        got = MimoFilter(user=k)(y, u)
        assert got.shape == sent[k].shape
        assert np.mean(abs(got - sent[k]) ** 2) < 0.003


def test_precoder_caps_the_energy_and_never_raises_it() -> None:
    x = np.ones((3, 1, 4), np.complex64) * np.array([0.5, 1, 3], np.float32)[:, None, None]
    v = np.broadcast_to(np.array([[0.6], [0.8j]], np.complex64) * 2**0.5, (3, 1, 2, 1))
    y = MimoPrecoder()(x, v)
    energy = np.sum(abs(y) ** 2, axis=(1, 2))
    np.testing.assert_allclose(energy, [2, 8, 8], rtol=1e-6)
    np.testing.assert_allclose(y[0], v[0, 0] * 0.5 * np.ones((1, 4)), rtol=1e-6)
    np.testing.assert_allclose(y[2], y[1], rtol=1e-6)
    energy = np.sum(abs(MimoPrecoder(power=2.0)(x, v)) ** 2, axis=(1, 2))
    np.testing.assert_allclose(energy, [2, 8, 16], rtol=1e-6)


def test_precoder_and_filter_refuse_what_does_not_fit() -> None:
    x, y = np.ones((2, 1, 4), np.complex64), np.ones((2, 2, 4), np.complex64)
    v, u = np.ones((2, 3, 2, 2), np.complex64), np.ones((2, 3, 1, 4), np.complex64)
    with pytest.raises(ItemTypeError, match=r"'mimo_precoder' are for 2 streams .*'x' carries 1"):
        MimoPrecoder()(x, v)
    with pytest.raises(
        ItemTypeError, match=r"'user' .* is 3, but input 'precoders' is for 3 users"
    ):
        MimoPrecoder(user=3)(y, v)
    with pytest.raises(ItemTypeError, match=r"are for 4 receive antennas .*'y' have 2"):
        MimoFilter()(y, u)
    with pytest.raises(ItemTypeError, match=r"'user' .* is 5, but input 'filters' is for 3 users"):
        MimoFilter(user=5)(y, v)
