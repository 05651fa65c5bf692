"""Alamouti's code on planes, and the receiver that cancels interference."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")

import torch

from semradio.export.recipes.irsc.air import complex_normal, interfere, multiply
from semradio.export.recipes.irsc.cancelling import CancellingReceiver, CodedTransmitter
from semradio.export.recipes.irsc.filters import lmmse
from semradio.export.recipes.irsc.space_time import encode, equivalent, in_order, paired


def source(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pairs_of(symbols: torch.Tensor) -> torch.Tensor:
    return torch.stack([symbols[..., 0, 0::2], symbols[..., 0, 1::2]], dim=2)


def test_the_code_is_alamoutis() -> None:
    symbols = torch.tensor([[[[1.0, 3.0]], [[2.0, 4.0]]]])  # 1 + 2j, 3 + 4j
    frame = encode(symbols)
    coded = (frame[:, 0] + 1j * frame[:, 1])[0].numpy()
    np.testing.assert_array_equal(coded, [[1 + 2j, -(3 - 4j)], [3 + 4j, 1 - 2j]])


def test_pairs_see_the_equivalent_channel() -> None:
    symbols = complex_normal((7, 2, 1, 16), source())
    x = torch.stack([encode(symbols[:, :, k]) for k in range(2)], dim=2)
    h = complex_normal((7, 2, 2, 3, 2), source(1))
    y = interfere(h, x)
    for k in range(2):
        channel = equivalent(h[:, :, k])
        expected = sum(multiply(channel[:, :, j], pairs_of(symbols[:, :, j])) for j in range(2))
        torch.testing.assert_close(paired(y[:, :, k]), expected)


def test_a_receiver_of_two_antennas_separates_two_coded_users() -> None:
    symbols = complex_normal((50, 2, 1, 16), source())
    x = torch.stack([encode(symbols[:, :, k]) for k in range(2)], dim=2)
    h = complex_normal((50, 2, 2, 2, 2), source(1))
    y, channel = interfere(h, x)[:, :, 0], equivalent(h[:, :, 0])
    joined = (channel[:, 0] + 1j * channel[:, 1]).numpy().astype(complex)
    z = (paired(y)[:, 0] + 1j * paired(y)[:, 1]).numpy()
    whole = np.concatenate([joined[:, 0], joined[:, 1]], axis=2)
    covariance = whole @ whole.conj().transpose(0, 2, 1) + 1e-6 * np.eye(4)
    for user in range(2):
        # Nothing stands above the least variance, however little noise there is.
        estimate, errors = lmmse(paired(y), channel, torch.full((50, 1), 1e-9), user)
        exact = joined[:, user].conj().transpose(0, 2, 1) @ np.linalg.solve(covariance, z)
        np.testing.assert_allclose(estimate[:, 0] + 1j * estimate[:, 1], exact, atol=1e-4)
        assert float(errors.median()) < 2e-6
        off = (in_order(estimate) - symbols[:, :, user]).square().sum(dim=1).median()
        assert float(off) < 1e-6


def test_the_error_of_an_estimate_is_told() -> None:
    n = 40_000
    h = complex_normal((1, 2, 4, 2), source()).expand(n, -1, -1, -1, -1)
    power = torch.tensor([[1.5, 0.3]]).expand(n, -1)
    x = complex_normal((n, 2, 2, 1), source(1)) * power.sqrt()[:, None, :, None, None]
    heard = sum(multiply(h[:, :, j], x[:, :, j]) for j in range(2))
    y = heard + 0.5**0.5 * complex_normal((n, 4, 1), source(2))
    for user in range(2):
        estimate, told = lmmse(y, h, torch.full((n, 1), 0.5), user, power)
        error = (estimate - x[:, :, user]).square().sum(dim=(1, 3)).mean(dim=0)
        torch.testing.assert_close(error, power[0, user] * told[0], rtol=0.03, atol=0.0)


def test_an_untrained_receiver_subtracts_the_plain_estimates() -> None:
    """Nothing is corrected at first, and without noise the interferer does not disturb."""
    receiver = CancellingReceiver(0, 2, 16, (8,), 8, "gelu")
    transmitters = [CodedTransmitter((8,), 16, "gelu") for _ in range(2)]
    image = torch.randint(0, 256, (20, 28, 28), generator=source(), dtype=torch.uint8)
    x = torch.stack([transmitter(image) for transmitter in transmitters], dim=2)
    torch.testing.assert_close(x.square().sum(dim=(1, 3, 4)), torch.full((20, 2), 32.0))
    h = complex_normal((20, 2, 2, 2, 2), source(1))
    snr_db = torch.full((20, 1), 60.0)
    seen = receiver(interfere(h, x)[:, :, 0], h[:, :, 0], snr_db)
    x[:, :, 1] *= -1.0
    other = receiver(interfere(h, x)[:, :, 0], h[:, :, 0], snr_db)
    torch.testing.assert_close(seen, other, atol=1e-2, rtol=0.0)
