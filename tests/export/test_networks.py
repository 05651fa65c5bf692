"""The paper's networks: widths, shapes, power normalisation, residual signs, losses, noise."""

from __future__ import annotations

import itertools
import math

import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")

import torch

from semradio.export.pixels import pixels
from semradio.export.recipes.arn.channel import awgn, noise_deviation
from semradio.export.recipes.arn.config import Config
from semradio.export.recipes.arn.losses import attack_power_loss, communication_loss, privacy_loss
from semradio.export.recipes.arn.networks import (
    EAVESDROPPER_WIDTHS,
    SUBSTITUTE_WIDTHS,
    ArnReceiver,
    ArnTransmitter,
    BatchNormalisation,
    Classifier,
    ImageReceiver,
    SemanticReceiver,
    SemanticTransmitter,
)
from semradio.export.seeds import derived_seed, generator


def images(count: int) -> torch.Tensor:
    source = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 28, 28), generator=source, dtype=torch.uint8)


def frames(count: int) -> torch.Tensor:
    return torch.randn((count, 23), generator=torch.Generator().manual_seed(0)) / math.sqrt(23)


def linear_widths(module: torch.nn.Module) -> list[tuple[int, int]]:
    return [
        (layer.in_features, layer.out_features)
        for layer in module.modules()
        if isinstance(layer, torch.nn.Linear)
    ]


@pytest.mark.parametrize(
    ("module", "widths"),
    [
        (SemanticTransmitter(), [784, 64, 64, 23]),
        (SemanticReceiver(), [23, 23, 64, 64, 784]),
        (ArnTransmitter(), [23, 64, 23]),
        (ArnReceiver(), [23, 64, 23]),
        (Classifier(EAVESDROPPER_WIDTHS), [23, 64, 32, 32, 10]),
        (Classifier(SUBSTITUTE_WIDTHS), [23, 16, 10]),
    ],
    ids=["transmitter", "receiver", "alice", "bob", "eve", "substitute"],
)
def test_layers_have_the_widths_of_section_v(module: torch.nn.Module, widths: list[int]) -> None:
    assert linear_widths(module) == list(itertools.pairwise(widths))


def test_a_frame_has_23_symbols_and_comes_back_as_784_pixels() -> None:
    x = SemanticTransmitter().eval()(images(5))
    s = SemanticReceiver()(x).detach()
    assert x.shape == (5, 23)
    assert s.shape == (5, 784)
    assert float(s.min()) >= 0.0
    assert float(s.max()) <= 1.0
    assert Classifier(EAVESDROPPER_WIDTHS)(x).shape == (5, 10)


def test_pixels_span_zero_to_one() -> None:
    image = torch.tensor([0, 51, 255], dtype=torch.uint8).repeat(262)[:784].reshape(1, 28, 28)
    assert pixels(image)[0, :3].tolist() == pytest.approx([0.0, 0.2, 1.0])


def test_a_decoded_image_is_rounded_and_clipped() -> None:
    receiver = SemanticReceiver()
    level, seen = ImageReceiver(receiver)(frames(50))
    exact = receiver(frames(50)).detach() * 255.0
    assert torch.equal(seen.detach() * 255.0, exact)
    assert level.dtype == torch.uint8
    assert level.shape == (50, 28, 28)
    assert float((level.flatten(1) - exact).abs().max()) <= 0.5 + 1e-4


def test_power_is_one_in_each_batch_while_training() -> None:
    transmitter = SemanticTransmitter().train()
    for count in (3, 40):
        power = transmitter(images(count)).detach().square().sum(dim=1).mean()
        assert float(power) == pytest.approx(1.0, abs=1e-5)


def test_power_is_one_over_the_training_images_once_frozen() -> None:
    transmitter = SemanticTransmitter().eval()
    before = float(transmitter(images(100)).detach().square().sum(dim=1).mean())
    transmitter.freeze_power(images(100))
    after = float(transmitter(images(100)).detach().square().sum(dim=1).mean())
    assert before != pytest.approx(1.0, abs=0.1)
    assert after == pytest.approx(1.0, abs=1e-5)


def test_a_frozen_frame_does_not_depend_on_its_neighbours() -> None:
    normalise = BatchNormalisation().eval()
    normalise.measure(frames(10) * 7.0)
    together = normalise(torch.cat([frames(1), 100.0 * frames(3)]))
    assert torch.equal(together[:1], normalise(frames(1)))


def test_the_constant_is_kept_with_the_weights() -> None:
    source, target = SemanticTransmitter().eval(), SemanticTransmitter().eval()
    source.freeze_power(images(20))
    target.load_state_dict(source.state_dict())
    assert torch.equal(source(images(4)), target(images(4)))


@pytest.mark.parametrize("module", [ArnTransmitter(), ArnReceiver()], ids=["alice", "bob"])
def test_a_fresh_module_changes_nothing(module: torch.nn.Module) -> None:
    assert torch.equal(module(frames(8)), frames(8))


def test_alice_adds_her_residual_and_bob_subtracts_his() -> None:
    alice, bob = ArnTransmitter(), ArnReceiver()
    for module in (alice, bob):
        *_, last_bias = module.parameters()
        torch.nn.init.constant_(last_bias, math.sqrt(23))
    assert torch.allclose(alice(frames(8)), frames(8) + 1.0)
    assert torch.allclose(bob(frames(8)), frames(8) - 1.0)


def test_the_power_limit_is_of_the_whole_frame() -> None:
    # ||delta||^2 = 0.3 in each frame: were it divided by 23, it would be far below the limit.
    attack = torch.full((4, 23), math.sqrt(0.3 / 23))
    assert float(attack_power_loss(attack, 0.1)) == pytest.approx(0.2, abs=1e-6)
    assert float(attack_power_loss(attack, 0.31)) == 0.0


def test_the_power_limit_holds_for_the_mean_over_frames() -> None:
    attack = torch.zeros(2, 23)
    attack[0] = math.sqrt(0.15 / 23)
    assert float(attack_power_loss(attack, 0.1)) == 0.0
    assert float(attack_power_loss(attack, 0.05)) == pytest.approx(0.025, abs=1e-6)


def test_the_communication_loss_is_per_pixel() -> None:
    sent = torch.full((3, 784), 0.5)
    assert float(communication_loss(sent + 0.1, sent)) == pytest.approx(0.01, abs=1e-6)


def test_the_privacy_loss_is_the_confidence_in_the_true_class() -> None:
    confidence = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
    loss = privacy_loss(confidence.log(), torch.tensor([0, 1]))
    assert float(loss) == pytest.approx((0.7 + 0.3) / 2)


def test_the_privacy_loss_is_bounded_where_cross_entropy_is_not() -> None:
    logits = torch.tensor([[1e4, -1e4]])
    assert float(privacy_loss(logits, torch.tensor([1]))) == 0.0
    assert float(privacy_loss(logits, torch.tensor([0]))) == 1.0


def test_psr_in_db_is_the_paper_s_epsilon() -> None:
    assert Config(psr_db=-10.0).power_limit == pytest.approx(0.1)
    assert Config(psr_db=-20.0).power_limit == pytest.approx(0.01)


@pytest.mark.parametrize("snr_db", [0.0, 10.0])
def test_snr_is_of_the_whole_frame(snr_db: float) -> None:
    silent = torch.zeros(40_000, 23)
    power = awgn(silent, snr_db, generator(1)).square().sum(dim=1).mean()
    assert float(power) == pytest.approx(10.0 ** (-snr_db / 10.0), rel=0.01)
    assert noise_deviation(snr_db, 23) ** 2 * 23 == pytest.approx(10.0 ** (-snr_db / 10.0))


def test_without_noise_a_signal_is_unchanged() -> None:
    assert torch.equal(awgn(frames(3), None, generator(1)), frames(3))


def test_every_purpose_has_random_numbers_of_its_own() -> None:
    purposes = [("base", "noise"), ("base", "batches"), ("eve", "noise"), ()]
    seeds = {derived_seed(seed, *purpose) for seed in (0, 1) for purpose in purposes}
    assert len(seeds) == 8
    # A seed must mean the same run on every machine and in every version.
    assert derived_seed(0, "base", "noise") == 940771989199502290
