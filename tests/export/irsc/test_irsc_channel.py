"""The interference channel of the training: eq. (3), the filters, the designs, the loss weights."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")

import torch

from semradio.blocks.mimo.lmmse import lmmse_filter
from semradio.export.recipes.irsc.air import complex_normal, estimation_error, interfere, multiply
from semradio.export.recipes.irsc.designs import Designs
from semradio.export.recipes.irsc.fairness import LossWeights
from semradio.export.recipes.irsc.filters import inverse, lmmse


def source(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def joined(planes: torch.Tensor) -> np.ndarray:
    return (planes[:, 0] + 1j * planes[:, 1]).numpy()


def test_complex_values_have_unit_variance_half_of_it_on_each_rail() -> None:
    drawn = complex_normal((200_000, 2), source())
    assert drawn.square().sum(dim=1).mean().item() == pytest.approx(1.0, abs=0.01)
    assert drawn[:, 0].square().mean().item() == pytest.approx(0.5, abs=0.005)


@pytest.mark.parametrize("users", [1, 2, 3])
def test_the_channel_is_the_sum_over_the_transmitters(users: int) -> None:
    h = complex_normal((5, users, users, 3, 2), source())
    x = complex_normal((5, users, 2, 4), source(1))
    y, channels, frames = joined(interfere(h, x)), joined(h), joined(x)
    for n in range(5):
        for k in range(users):
            expected = np.zeros((3, 4), complex)
            for j in range(users):
                expected += channels[n, k, j] @ frames[n, j]
            np.testing.assert_allclose(y[n, k], expected, atol=1e-5)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 6])
def test_the_inverse_of_a_covariance(size: int) -> None:
    a = complex_normal((50, size, size + 2), source())
    covariance = joined(a) @ joined(a).conj().transpose(0, 2, 1) + 0.1 * np.eye(size)
    planes = torch.from_numpy(np.stack([covariance.real, covariance.imag], axis=1)).float()
    product = joined(inverse(planes)) @ covariance
    np.testing.assert_allclose(product, np.broadcast_to(np.eye(size), product.shape), atol=1e-4)


@pytest.mark.parametrize("user", [0, 1])
def test_the_layer_is_the_filter_of_the_block(user: int) -> None:
    h = complex_normal((40, 2, 2, 2, 2), source())
    y = complex_normal((40, 2, 16), source(1))
    variance = torch.full((40, 1), 0.3)
    x, _ = lmmse(y, h[:, :, user], variance, user)
    ours = joined(x)
    block = lmmse_filter(joined(h).astype(np.complex64), 0.3, user) @ joined(y)
    np.testing.assert_allclose(ours, block, atol=1e-5)


def test_an_estimate_is_better_the_more_pilots_sound_at_once() -> None:
    assert estimation_error("perfect", 2, 2) == 0.0
    assert estimation_error("single", 2, 2) == 1.0
    assert estimation_error("orthogonal", 2, 2) == 0.25


def drawn_designs(count: int = 30, streams: int = 1) -> Designs:
    return Designs.draw(
        count,
        torch.tensor([0.0, 20.0]),
        users=2,
        rx_antennas=2,
        tx_antennas=2,
        streams=streams,
        source=source(),
    )


def test_designs_come_in_equal_parts_for_each_snr() -> None:
    designs = drawn_designs(31)
    assert len(designs) == 31
    assert sorted(designs.snr_db.tolist()) == [0.0] * 16 + [20.0] * 15


def test_what_arrives_through_a_design_is_eq_10() -> None:
    designs = drawn_designs()
    noiseless = Designs(
        torch.full((len(designs),), 300.0), designs.precoders, designs.filters, designs.effective
    )
    x = complex_normal((len(designs), 2, 1, 16), source(1))
    # Half of the power that is allowed: nothing is capped.
    x = 2.0 * x / x.square().sum(dim=(1, 3, 4)).sqrt()[:, None, :, None, None]
    z, g, frames = joined(noiseless.received(x, source(2))), joined(designs.effective), joined(x)
    for n in range(len(designs)):
        for k in range(2):
            expected = g[n, k, 0] @ frames[n, 0] + g[n, k, 1] @ frames[n, 1]
            np.testing.assert_allclose(z[n, k], expected, atol=1e-4)


def test_a_precoded_frame_is_scaled_down_to_its_energy_and_never_up() -> None:
    designs = drawn_designs(20)
    loud = 100.0 * complex_normal((20, 2, 1, 16), source(1))
    quiet = Designs(torch.full((20,), 300.0), designs.precoders, designs.filters, designs.effective)
    sent = multiply(designs.precoders, loud)
    energy = sent.square().sum(dim=(1, 3, 4))
    scale = (32.0 / energy).sqrt()[:, None, :, None, None]
    np.testing.assert_allclose(
        quiet.received(loud, source(2)),
        interfere(designs.effective, loud * scale),
        atol=1e-3,
    )


def test_noise_goes_through_the_filter() -> None:
    designs = drawn_designs(2_000).rows(torch.arange(0, 1_000))
    silence = torch.zeros(1_000, 2, 2, 1, 16)
    heard = designs.received(silence, source(1)).square().sum(dim=1).mean(dim=(2, 3))
    expected = designs.filters.square().sum(dim=(1, 3, 4))
    assert (heard / expected).mean().item() == pytest.approx(1.0, abs=0.02)


def test_the_weights_are_the_shares_of_the_last_epoch_and_carry_no_gradient() -> None:
    weights = LossWeights(2, dynamic=True)
    losses = torch.tensor([3.0, 1.0], requires_grad=True)
    assert weights(losses).item() == 2.0
    weights.end_epoch()
    assert weights(losses).item() == pytest.approx(0.75 * 3 + 0.25)
    (gradient,) = torch.autograd.grad(weights(losses), losses)
    assert gradient.tolist() == [0.75, 0.25]
    weights.end_epoch()
    assert weights.total.tolist() == [0.0, 0.0]


def test_equal_weights_stay_equal() -> None:
    weights = LossWeights(2, dynamic=False)
    weights(torch.tensor([3.0, 1.0]))
    weights.end_epoch()
    assert weights.weights.tolist() == [0.5, 0.5]
