"""Measure a link: what Bob sees, what several Eves learn, and what power it costs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from semradio.export.data import LabelledImages
from semradio.export.losses import communication_loss, privacy_loss
from semradio.export.networks import SemanticReceiver, SemanticTransmitter, pixels
from semradio.export.signals import awgn, generator


@dataclass(frozen=True)
class Link:
    """The networks of a protected link, in evaluation mode.

    A missing module is the identity.
    """

    transmitter: SemanticTransmitter
    receiver: SemanticReceiver
    eve: nn.Module
    """Eve's classifier, trained on unprotected signals and fixed since."""
    alice: nn.Module | None = None
    bob: nn.Module | None = None
    adaptive_eve: nn.Module | None = None
    """A classifier like Eve's, trained on the protected signals."""


@dataclass(frozen=True)
class LinkFigures:
    """What :func:`evaluate` measures. MSE is per pixel, with pixels in [0, 1]."""

    snr_db: float
    """SNR of Bob's and of Eve's channel; their noise is independent."""
    bob_mse: float
    """Of the link with its modules."""
    bob_mse_unprotected: float
    """Of the link with no module."""
    bob_mse_without_bob: float
    """With Alice's module on and Bob's off."""
    eve_accuracy: float
    """Of the fixed Eve on protected signals."""
    eve_accuracy_unprotected: float
    eve_accuracy_stolen_bob: float
    """Of the fixed Eve if she puts a copy of Bob's module before her classifier."""
    eve_confidence: float
    """Mean confidence in the true class, eq. (22), on protected signals."""
    eve_confidence_unprotected: float
    power: float
    """E||x||^2 before Alice's module."""
    power_protected: float
    """E||x'||^2: what is really sent. The attack may point along x and amplify it."""
    psr_db: float | None = None
    """E||delta||^2 / E||x||^2, measured; ``None`` without an attack."""
    eve_accuracy_adaptive: float | None = None
    """Of the Eve who retrained on protected signals."""


@torch.no_grad()
def evaluate(link: Link, images: LabelledImages, snr_db: float, *, seed: int = 0) -> LinkFigures:
    """Measure a link on labelled images at one SNR.

    The compared cases (with and without modules) see the same noise, so that their difference is
    not noise. Bob's and Eve's noise are drawn independently.

    Parameters
    ----------
    link : the networks.
    images : uint8[n, 28, 28] with labels.
    snr_db : E||x||^2 / E||n||^2 in dB with E||x||^2 = 1; ``inf`` for no noise.
    seed : of the noise.
    """
    x = link.transmitter(images.images)
    protected = x if link.alice is None else link.alice(x)
    attack = protected - x

    def received(sent: Tensor, who: str) -> Tensor:
        noise = generator(seed, "evaluate", who, str(float(snr_db)))
        return awgn(sent, snr_db, noise)

    def mse(y: Tensor) -> float:
        return communication_loss(link.receiver(y), pixels(images.images)).item()

    def accuracy(classifier: nn.Module, y: Tensor) -> float:
        hits: Tensor = classifier(y).argmax(dim=1) == images.labels
        return hits.double().mean().item()

    def with_bob(y: Tensor) -> Tensor:
        restored: Tensor = y if link.bob is None else link.bob(y)
        return restored

    at_bob, at_eve = received(protected, "bob"), received(protected, "eve")
    at_eve_plain = received(x, "eve")
    power = x.square().sum(dim=1).mean().item()
    attack_power = attack.square().sum(dim=1).mean().item()
    return LinkFigures(
        snr_db=float(snr_db),
        bob_mse=mse(with_bob(at_bob)),
        bob_mse_unprotected=mse(received(x, "bob")),
        bob_mse_without_bob=mse(at_bob),
        eve_accuracy=accuracy(link.eve, at_eve),
        eve_accuracy_unprotected=accuracy(link.eve, at_eve_plain),
        eve_accuracy_stolen_bob=accuracy(link.eve, with_bob(at_eve)),
        eve_confidence=privacy_loss(link.eve(at_eve), images.labels).item(),
        eve_confidence_unprotected=privacy_loss(link.eve(at_eve_plain), images.labels).item(),
        power=power,
        power_protected=protected.square().sum(dim=1).mean().item(),
        psr_db=10.0 * math.log10(attack_power / power) if attack_power > 0.0 else None,
        eve_accuracy_adaptive=(
            None if link.adaptive_eve is None else accuracy(link.adaptive_eve, at_eve)
        ),
    )
