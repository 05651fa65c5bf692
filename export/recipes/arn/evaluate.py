"""Measure a link: what Bob sees, what several Eves learn, and what power it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from semradio.export.accuracy import accuracy
from semradio.export.data import LabelledImages
from semradio.export.pixels import pixels
from semradio.export.recipes.arn.channel import awgn
from semradio.export.recipes.arn.losses import communication_loss, privacy_loss
from semradio.export.recipes.arn.networks import SemanticReceiver, SemanticTransmitter
from semradio.export.seeds import generator

if TYPE_CHECKING:
    from semradio.blocks.security.haar_rotation import HaarRotation

EVALUATION_FRAMES = 1 << 33
"""First frame number of a keyed link under evaluation: none that was sent in training."""


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
    """float32[batch, 23] -> float32[batch, 23]; one that ``reads_labels`` is given them, too."""
    bob: nn.Module | None = None
    attackers: Mapping[str, nn.Module] = field(default_factory=dict)
    """Further Eves, by name."""
    lock: HaarRotation | None = None
    """Hides each frame by a rotation that Bob undoes; None: frames are sent as they are."""

    def protect(self, x: Tensor, label: Tensor) -> Tensor:
        """Return what Alice's module makes of x, with the labels int64[batch] if it needs them."""
        if self.alice is None:
            return x
        reads_labels = getattr(self.alice, "reads_labels", False)
        protected: Tensor = self.alice(x, label) if reads_labels else self.alice(x)
        return protected

    def locked(self, x: Tensor, first_frame: int) -> Tensor:
        """Return the frames as they are sent, numbered from ``first_frame`` on."""
        if self.lock is None:
            return x
        return torch.from_numpy(self.lock.rotate(normalised(x).numpy(), first_frame))

    def unlocked(self, y: Tensor, first_frame: int) -> Tensor:
        """Return the received frames as Bob's key restores them."""
        if self.lock is None:
            return y
        return torch.from_numpy(self.lock.restore(y.numpy(), first_frame))


def normalised(x: Tensor) -> Tensor:
    """Return frames of energy 1 each, float32[batch, symbols]."""
    length: Tensor = x.norm(dim=1, keepdim=True)
    return x / length.clamp_min(1e-12)


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
    eve_confidence: float
    """Mean confidence in the true class, eq. (22), on protected signals."""
    eve_confidence_unprotected: float
    power: float
    """E||x||^2 before Alice's module."""
    power_protected: float
    """E||x'||^2: what is really sent. The attack may point along x and amplify it."""
    psr_db: float | None = None
    """E||delta||^2 / E||x||^2, measured; ``None`` without an attack."""
    attacker_accuracy: Mapping[str, float] = field(default_factory=dict)
    """Of each further attacker on protected signals, by name."""


@torch.no_grad()
def evaluate(link: Link, images: LabelledImages, snr_db: float, *, seed: int = 0) -> LinkFigures:
    """Measure a link on labelled images at one SNR.

    The compared cases (with and without modules) see the same noise, so that their difference is
    not noise. Bob's and Eve's noise are drawn independently.

    Args:
        link: the networks.
        images: uint8[n, 28, 28] with labels.
        snr_db: E||x||^2 / E||n||^2 in dB with E||x||^2 = 1; ``inf`` for no noise.
        seed: of the noise.
    """
    x = link.transmitter(images.images)
    protected = link.protect(x, images.labels)
    attack = protected - x

    def received(sent: Tensor, who: str) -> Tensor:
        noise = generator(seed, "evaluate", who, str(float(snr_db)))
        return awgn(sent, snr_db, noise)

    def mse(y: Tensor) -> float:
        return communication_loss(link.receiver(y), pixels(images.images)).item()

    sent = link.locked(protected, EVALUATION_FRAMES)
    at_bob = link.unlocked(received(sent, "bob"), EVALUATION_FRAMES)
    at_eve = received(sent, "eve")
    at_eve_plain = received(x, "eve")
    power = x.square().sum(dim=1).mean().item()
    attack_power = attack.square().sum(dim=1).mean().item()
    return LinkFigures(
        snr_db=float(snr_db),
        bob_mse=mse(at_bob if link.bob is None else link.bob(at_bob)),
        bob_mse_unprotected=mse(received(x, "bob")),
        bob_mse_without_bob=mse(at_bob),
        eve_accuracy=accuracy(link.eve(at_eve), images.labels),
        eve_accuracy_unprotected=accuracy(link.eve(at_eve_plain), images.labels),
        eve_confidence=privacy_loss(link.eve(at_eve), images.labels).item(),
        eve_confidence_unprotected=privacy_loss(link.eve(at_eve_plain), images.labels).item(),
        power=power,
        power_protected=sent.square().sum(dim=1).mean().item(),
        psr_db=10.0 * math.log10(attack_power / power) if attack_power > 0.0 else None,
        attacker_accuracy={
            name: accuracy(attacker(at_eve), images.labels)
            for name, attacker in link.attackers.items()
        },
    )
