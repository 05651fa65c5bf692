"""The networks of the paired-ARN paper.

He, Wang, Quek, "Secure Semantic Communication via Paired Adversarial Residual Networks"; equation
numbers below are the paper's, layer widths are those of its Section V.

Every signal between networks has the paper's power, E||x||^2 = 1 for a frame of 23 symbols. That
makes a symbol about 0.2 in size, which slows training, so each network multiplies what it receives
by sqrt(23) inside and divides what it sends: the same system, better conditioned.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

PIXELS = 784
"""Pixels of an image, 28 x 28."""
SYMBOLS = 23
"""Real channel symbols per image, L_x: a compression of 23 / 784."""
FEATURES = 64
"""Width of the semantic encoder and decoder, L_s."""
CLASSES = 10
"""Digits, the privacy information that Eve wants."""

EAVESDROPPER_WIDTHS = (64, 32, 32, CLASSES)
"""Eve's classifier."""
SUBSTITUTE_WIDTHS = (16, CLASSES)
"""Alice's local stand-in for Eve in the black-box scenario."""

_UNIT_SYMBOLS = math.sqrt(SYMBOLS)


def pixels(image: Tensor) -> Tensor:
    """Turn uint8[batch, 28, 28] images into float32[batch, 784] pixels in [0, 1]."""
    return image.flatten(1).to(torch.float32) / 255.0


class SemanticEncoder(nn.Module):
    """s' = G(s), eq. (4): float32[batch, 784] in [0, 1] -> float32[batch, 64]."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(PIXELS, FEATURES), nn.ReLU(), nn.Linear(FEATURES, FEATURES), nn.ReLU()
        )

    def forward(self, s: Tensor) -> Tensor:
        features: Tensor = self.layers(s)
        return features


class PowerNormalisation(nn.Module):
    """Scale frames to E||x||^2 = 1, float32[batch, 23] -> float32[batch, 23].

    In training mode the expectation is the batch's; in evaluation mode it is one constant,
    measured over the training data by :meth:`measure` and kept with the weights. A batch average
    left in a deployed model would make a frame depend on its neighbours.
    """

    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(()))

    @torch.no_grad()
    def measure(self, unscaled: Tensor) -> None:
        """Set the constant so that ``unscaled``, float32[n, 23], has mean power 1."""
        power = unscaled.square().sum(dim=1).mean()
        self.scale.copy_(power.rsqrt())

    def forward(self, unscaled: Tensor) -> Tensor:
        if self.training:
            return unscaled * unscaled.square().sum(dim=1).mean().rsqrt()
        return unscaled * self.scale


class SemanticTransmitter(nn.Module):
    """Semantic encoder, channel encoder and power normalisation, eq. (4) and (5).

    Input: image, uint8[batch, 28, 28]. Output: x, float32[batch, 23] with E||x||^2 = 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.semantic_encoder = SemanticEncoder()
        self.channel_encoder = nn.Linear(FEATURES, SYMBOLS)
        self.power_normalisation = PowerNormalisation()

    def unscaled(self, image: Tensor) -> Tensor:
        """Return the channel encoder's output before power normalisation."""
        symbols: Tensor = self.channel_encoder(self.semantic_encoder(pixels(image)))
        return symbols

    @torch.no_grad()
    def freeze_power(self, image: Tensor) -> None:
        """Measure the power-normalisation constant over ``image``, uint8[n, 28, 28]."""
        self.power_normalisation.measure(self.unscaled(image))

    def forward(self, image: Tensor) -> Tensor:
        x: Tensor = self.power_normalisation(self.unscaled(image))
        return x


class ChannelDecoder(nn.Module):
    """s'^ = D~(y), eq. (7): float32[batch, 23] -> float32[batch, 23], one ReLU layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(SYMBOLS, SYMBOLS)

    def forward(self, y: Tensor) -> Tensor:
        return torch.relu(self.layer(y * _UNIT_SYMBOLS))


class SemanticDecoder(nn.Module):
    """s^ = D(s'^), eq. (8): float32[batch, 23] -> float32[batch, 784] in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(SYMBOLS, FEATURES),
            nn.ReLU(),
            nn.Linear(FEATURES, FEATURES),
            nn.ReLU(),
            nn.Linear(FEATURES, PIXELS),
            nn.Sigmoid(),
        )

    def forward(self, features: Tensor) -> Tensor:
        s: Tensor = self.layers(features)
        return s


class SemanticReceiver(nn.Module):
    """Channel decoder and semantic decoder, eq. (7), (8) and (13).

    Input: x, float32[batch, 23]. Output: pixels in [0, 1], float32[batch, 784].
    """

    def __init__(self) -> None:
        super().__init__()
        self.channel_decoder = ChannelDecoder()
        self.semantic_decoder = SemanticDecoder()

    def forward(self, x: Tensor) -> Tensor:
        s: Tensor = self.semantic_decoder(self.channel_decoder(x))
        return s


class ImageReceiver(nn.Module):
    """A semantic receiver whose output is an image, as a deployed decoder gives it.

    Input: x, float32[batch, 23]. Output: uint8[batch, 28, 28], rounded and clipped to 0..255.
    """

    def __init__(self, receiver: SemanticReceiver) -> None:
        super().__init__()
        self.receiver = receiver

    def forward(self, x: Tensor) -> Tensor:
        levels = torch.clamp(torch.round(self.receiver(x) * 255.0), 0.0, 255.0)
        return levels.to(torch.uint8).reshape(-1, 28, 28)


class ResidualBlock(nn.Module):
    """The DNN block F of eq. (15) and (17): 23, 64, 23 neurons.

    The last layer starts at zero, so that a fresh module is the identity: it sends no attack
    (an ordinary initialisation starts with a PSR of -6 dB) and an untrained module in a link
    changes nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        last = nn.Linear(FEATURES, SYMBOLS)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(nn.Linear(SYMBOLS, FEATURES), nn.ReLU(), last)

    def forward(self, signal: Tensor) -> Tensor:
        residual: Tensor = self.layers(signal * _UNIT_SYMBOLS)
        return residual / _UNIT_SYMBOLS


class ArnTransmitter(nn.Module):
    """Alice's module, x' = x + F_Alice(x), eq. (15): float32[batch, 23] -> float32[batch, 23]."""

    def __init__(self) -> None:
        super().__init__()
        self.block = ResidualBlock()

    def forward(self, x: Tensor) -> Tensor:
        attack: Tensor = self.block(x)
        return x + attack


class ArnReceiver(nn.Module):
    """Bob's module, x^ = y' - F_Bob(y'), eq. (17): float32[batch, 23] -> float32[batch, 23]."""

    def __init__(self) -> None:
        super().__init__()
        self.block = ResidualBlock()

    def forward(self, y: Tensor) -> Tensor:
        disturbance: Tensor = self.block(y)
        return y - disturbance


class Classifier(nn.Module):
    """A digit classifier on channel frames, D_Eve of eq. (14).

    Input: y, float32[batch, 23]. Output: logits phi_k of eq. (22), float32[batch, 10].
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip((SYMBOLS, *widths[:-1]), widths, strict=True):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, y: Tensor) -> Tensor:
        logits: Tensor = self.layers(y * _UNIT_SYMBOLS)
        return logits
