"""Flat fading: rayleigh_channel and rician_channel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import j0

from semradio.blocks.api import Array, ParameterError, find

N = 100_000
ONES = np.ones(N, np.complex64)


def gains(name: str, items: int = N, **values: Any) -> Array:
    """The gains that a channel of this type reports."""
    h: Array = find(name)(**values)(ONES[:items])[1]
    return h


@pytest.mark.parametrize("name", ["rayleigh_channel", "rician_channel"])
@pytest.mark.parametrize("shape", [(), (5,), (2, 16)])
def test_an_item_meets_its_gain(name: str, shape: tuple[int, ...]) -> None:
    draw = np.random.default_rng(1)
    x = draw.standard_normal((40, *shape, 2)).view(np.complex128)[..., 0].astype(np.complex64)
    y, h = find(name)(seed=3)(x)
    assert h.shape == (40,) and len(np.unique(h)) == 40
    for i in range(40):
        np.testing.assert_allclose(y[i], x[i] * h[i], rtol=1e-5)


def test_rayleigh_gains_are_normal() -> None:
    h = gains("rayleigh_channel").astype(np.complex128)
    assert np.mean(abs(h) ** 2) == pytest.approx(1, abs=0.01)
    assert np.mean(abs(h) ** 4) == pytest.approx(2, abs=0.05)
    assert abs(np.mean(h)) < 0.01 and abs(np.mean(h**2)) < 0.01
    assert abs(np.mean(h[1:] * h[:-1].conj())) < 0.01


@pytest.mark.parametrize("k_db", [-20.0, 0.0, 6.0, 20.0])
def test_rician_power_is_one_and_split_by_k(k_db: float) -> None:
    h = gains("rician_channel", k_db=k_db).astype(np.complex128)
    k = 10 ** (k_db / 10)
    assert np.mean(abs(h) ** 2) == pytest.approx(1, abs=0.012)
    assert np.mean(h) == pytest.approx(np.sqrt(k / (k + 1)), abs=0.01)
    assert np.var(h) == pytest.approx(1 / (k + 1), rel=0.02)


def test_direct_path_turns() -> None:
    h = gains("rician_channel", items=1000, k_db=60.0, los_doppler=-0.125)
    np.testing.assert_allclose(h, np.exp(-2j * np.pi * np.arange(1000) / 8), atol=0.01)
    slow = gains("rician_channel", items=1000, k_db=60.0, los_doppler=-0.125, coherence=4)
    np.testing.assert_allclose(slow, np.exp(-1j * np.pi * (np.arange(1000) // 4)), atol=0.01)


@pytest.mark.parametrize("name", ["rayleigh_channel", "rician_channel"])
def test_doppler_is_that_of_the_items(name: str) -> None:
    """Block fading holds the gain, and its pace over the items stays."""
    values: dict[str, Any] = {"k_db": -100.0} if name == "rician_channel" else {}
    for coherence in (1, 5):
        h = gains(name, doppler=0.01, coherence=coherence, **values).astype(np.complex128)
        for lag in (5, 20, 40):
            correlation = np.mean(h[lag:] * h[:-lag].conj())
            assert correlation == pytest.approx(j0(2 * np.pi * 0.01 * lag), abs=0.08)


@pytest.mark.parametrize("name", ["rayleigh_channel", "rician_channel"])
@pytest.mark.parametrize("doppler", [None, 0.02])
def test_items_of_a_block_share_a_gain(name: str, doppler: float | None) -> None:
    one = gains(name, items=60, doppler=doppler)
    block = gains(name, items=60, doppler=doppler, coherence=6)
    assert (block.reshape(10, 6) == block[::6, None]).all()
    assert len(np.unique(block)) == 10
    if doppler is None:
        np.testing.assert_array_equal(block[::6], one[:10])
    else:
        np.testing.assert_allclose(block[::6], one[::6], atol=1e-5)


def test_channels_are_independent_by_seed_and_name() -> None:
    cls = find("rayleigh_channel")
    one = cls(seed=1)(ONES[:50])[1]
    assert (one != cls(seed=2)(ONES[:50])[1]).all()
    assert (one != cls(seed=1, name="other")(ONES[:50])[1]).all()


def test_k_is_live() -> None:
    channel = find("rician_channel")(k_db=0.0)
    channel.set("k_db", 40.0)
    assert np.mean(channel(ONES)[1]) == pytest.approx(1, abs=0.01)


def test_limits() -> None:
    with pytest.raises(ParameterError, match=r"'doppler' must be 0 to 0\.5, not 0\.6"):
        find("rayleigh_channel")(doppler=0.6)
    with pytest.raises(ParameterError, match="'coherence' must be at least 1"):
        find("rician_channel")(coherence=0)
