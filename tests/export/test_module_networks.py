"""Networks of the modules and attackers beyond the paper's, and the gradient attack of eq. (3)."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")

import torch
from torch.nn.functional import cross_entropy

from semradio.blocks.neural.model_card import ModelCard
from semradio.export.onnx_export import export_onnx
from semradio.export.recipes.arn.networks import (
    EAVESDROPPER_WIDTHS,
    ArnReceiver,
    ArnTransmitter,
    BehindBob,
    Classifier,
    Ensemble,
    FgsmTransmitter,
    FrameNormalisation,
    Network,
    PictureReader,
    SemanticReceiver,
    SemanticTransmitter,
)

NETWORKS: list[Network] = ["mlp", "residual", "transformer"]


def frames(count: int, seed: int = 0) -> torch.Tensor:
    source = torch.Generator().manual_seed(seed)
    return torch.randn((count, 23), generator=source) / math.sqrt(23)


def labels(count: int) -> torch.Tensor:
    return torch.randint(0, 10, (count,), generator=torch.Generator().manual_seed(2))


def disturbed(module: torch.nn.Module) -> torch.nn.Module:
    """Give a fresh module weights with which it does something."""
    with torch.no_grad():
        for weight in module.parameters():
            source = torch.Generator().manual_seed(weight.numel())
            weight.add_(torch.randn(weight.shape, generator=source), alpha=0.1)
    return module.eval()


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("make", [ArnTransmitter, ArnReceiver])
def test_every_network_starts_as_the_identity_and_can_learn(
    network: Network, make: type[ArnTransmitter] | type[ArnReceiver]
) -> None:
    module = make(network)
    assert torch.equal(module(frames(8)), frames(8))
    module(frames(8)).square().sum().backward()
    gradients = [w.grad for w in module.parameters() if w.grad is not None]
    assert any(float(gradient.abs().max()) > 0 for gradient in gradients)
    assert float((disturbed(module)(frames(8)) - frames(8)).detach().abs().max()) > 1e-3


@pytest.mark.parametrize("network", ["residual", "transformer"])
def test_a_module_s_network_is_exported(network: Network, tmp_path: Path) -> None:
    module = disturbed(ArnTransmitter(network))
    card = export_onnx(
        module,
        tmp_path / "alice.onnx",
        inputs={"x": frames(16)},
        outputs=["y"],
        card=ModelCard(name="alice", role="arn_transmitter"),
    )
    assert card.parity["y"] < 1e-5


def test_a_transformer_s_symbols_attend_to_each_other() -> None:
    module = disturbed(ArnTransmitter("transformer"))
    x = frames(1)
    other = x.clone()
    other[0, 5] += 1.0
    moved = (module(other) - module(x)).abs()[0] > 1e-6
    assert bool(moved.all())


def test_the_written_out_gradient_is_autograd_s() -> None:
    classifier = disturbed(Classifier(EAVESDROPPER_WIDTHS))
    assert isinstance(classifier, Classifier)
    y, truth = frames(50).requires_grad_(True), labels(50)
    cross_entropy(classifier(y), truth, reduction="sum").backward()
    assert y.grad is not None
    found = classifier.gradient(y.detach(), truth.to(torch.uint8))
    torch.testing.assert_close(found, y.grad, rtol=1e-4, atol=1e-6)


def test_the_gradient_attack_has_the_power_of_the_limit_in_each_frame(tmp_path: Path) -> None:
    classifier = disturbed(Classifier(EAVESDROPPER_WIDTHS))
    assert isinstance(classifier, Classifier)
    attack, x, truth = FgsmTransmitter(classifier, 0.1), frames(200), labels(200)
    added = (attack(x, truth) - x).detach()
    assert added.square().sum(dim=1).tolist() == pytest.approx([0.1] * 200, rel=1e-4)
    before, after = (cross_entropy(classifier(s), truth) for s in (x, x + added))
    assert float(after) > float(before)
    card = export_onnx(
        attack,
        tmp_path / "fgsm.onnx",
        inputs={"x": x, "label": truth.to(torch.uint8)},
        outputs=["y"],
        card=ModelCard(name="fgsm", role="fgsm_transmitter"),
    )
    assert card.parity["y"] < 1e-5


def test_an_ensemble_averages_confidences() -> None:
    ensemble = disturbed(Ensemble(3, EAVESDROPPER_WIDTHS))
    assert isinstance(ensemble, Ensemble)
    y = frames(20)
    mean = sum(torch.softmax(member(y), dim=1) for member in ensemble.members) / 3
    torch.testing.assert_close(torch.softmax(ensemble(y), dim=1), mean)


def test_an_eve_behind_bob_classifies_what_his_module_restores() -> None:
    bob, classifier = disturbed(ArnReceiver()), disturbed(Classifier(EAVESDROPPER_WIDTHS))
    y = frames(9)
    assert torch.equal(BehindBob(bob, classifier)(y), classifier(bob(y)))
    assert not torch.equal(BehindBob(bob, classifier)(y), classifier(y))


def test_a_picture_reader_leaves_the_decoder_as_it_is() -> None:
    reader = PictureReader(SemanticReceiver())
    reader(frames(4)).sum().backward()
    assert all(weight.grad is None for weight in reader.receiver.parameters())
    assert all(weight.grad is not None for weight in reader.layers.parameters())


def test_frames_can_be_normalised_each_by_itself() -> None:
    normalise = FrameNormalisation()
    x = torch.cat([frames(4), 50.0 * frames(4), torch.zeros(1, 23)])
    energy = normalise(x).square().sum(dim=1).tolist()
    assert energy == pytest.approx([1.0] * 8 + [0.0], abs=1e-5)
    transmitter = SemanticTransmitter("frame")
    image = torch.randint(0, 256, (6, 28, 28), dtype=torch.uint8)
    transmitter.freeze_power(image)
    assert transmitter(image).square().sum(dim=1).tolist() == pytest.approx([1.0] * 6, abs=1e-5)
