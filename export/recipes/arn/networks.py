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
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from semradio.export.pixels import PIXELS, pixels

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
PICTURE_WIDTHS = (128, CLASSES)
"""A classifier of decoded images, 784 pixels."""

_UNIT_SYMBOLS = math.sqrt(SYMBOLS)


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


class FrameNormalisation(nn.Module):
    """Scale each frame to ||x||^2 = 1 by itself, float32[batch, 23] -> float32[batch, 23].

    The energy of a frame then tells nothing about the image, which a keyed rotation needs.
    """

    @torch.no_grad()
    def measure(self, unscaled: Tensor) -> None:
        """Do nothing: no constant is needed."""

    def forward(self, unscaled: Tensor) -> Tensor:
        # Bounded below, so that a frame of zeros stays one instead of becoming NaN.
        length: Tensor = unscaled.norm(dim=1, keepdim=True)
        return unscaled / length.clamp_min(1e-12)


class BatchNormalisation(nn.Module):
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

    Input: image, uint8[batch, 28, 28]. Output: x, float32[batch, 23] with E||x||^2 = 1: on
    average over the images, or with ``normalisation`` "frame" for each frame.
    """

    def __init__(self, normalisation: Literal["batch", "frame"] = "batch") -> None:
        super().__init__()
        self.semantic_encoder = SemanticEncoder()
        self.channel_encoder = nn.Linear(FEATURES, SYMBOLS)
        self.power_normalisation = (
            BatchNormalisation() if normalisation == "batch" else FrameNormalisation()
        )

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

    Input: x, float32[batch, 23]. Outputs: uint8[batch, 28, 28], rounded and clipped to 0..255, and
    the pixels before that, float32[batch, 784] in [0, 1].
    """

    def __init__(self, receiver: SemanticReceiver) -> None:
        super().__init__()
        self.receiver = receiver

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.receiver(x)
        levels = torch.clamp(torch.round(seen * 255.0), 0.0, 255.0)
        return levels.to(torch.uint8).reshape(-1, 28, 28), seen


def _silent(layer: nn.Linear) -> nn.Linear:
    """Let a module's last layer start at zero, and return it.

    A fresh module then is the identity: it sends no attack (an ordinary initialisation starts with
    a PSR of -6 dB) and an untrained module in a link changes nothing.
    """
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class MlpBlock(nn.Module):
    """The paper's DNN block F of eq. (15) and (17): 23, 64, 23 neurons."""

    architecture = "fully connected 23-64-23, ReLU"

    def __init__(self) -> None:
        super().__init__()
        last = _silent(nn.Linear(FEATURES, SYMBOLS))
        self.layers = nn.Sequential(nn.Linear(SYMBOLS, FEATURES), nn.ReLU(), last)

    def forward(self, signal: Tensor) -> Tensor:
        residual: Tensor = self.layers(signal * _UNIT_SYMBOLS)
        return residual / _UNIT_SYMBOLS


class ResidualMlpBlock(nn.Module):
    """A deeper block F: 23-128, two residual layers 128-128 with layer normalisation, 128-23."""

    architecture = "fully connected 23-128, 2 residual 128-128 with layer normalisation, 128-23"

    def __init__(self, width: int = 128, depth: int = 2) -> None:
        super().__init__()
        self.first = nn.Linear(SYMBOLS, width)
        self.hidden = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, width))
            for _ in range(depth)
        )
        self.last = nn.Sequential(
            nn.LayerNorm(width), nn.ReLU(), _silent(nn.Linear(width, SYMBOLS))
        )

    def forward(self, signal: Tensor) -> Tensor:
        features: Tensor = self.first(signal * _UNIT_SYMBOLS)
        for layer in self.hidden:
            features = features + layer(features)
        residual: Tensor = self.last(features)
        return residual / _UNIT_SYMBOLS


class TransformerBlock(nn.Module):
    """A block F that attends between symbols: each of the 23 is a token of 32 features.

    One pre-normalised layer of self-attention with 4 heads and a feed-forward part 32-64-32.
    Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017.
    """

    architecture = "transformer, 23 tokens of 32 features, 1 layer, 4 heads, feed-forward 64"

    def __init__(self, width: int = 32, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.embedding = nn.Linear(1, width)
        self.position = nn.Parameter(torch.randn(SYMBOLS, width) / math.sqrt(width))
        self.attention_norm = nn.LayerNorm(width)
        self.projections = nn.Linear(width, 3 * width)
        self.mixed = nn.Linear(width, width)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.last = nn.Sequential(nn.LayerNorm(width), _silent(nn.Linear(width, 1)))

    def forward(self, signal: Tensor) -> Tensor:
        tokens = self.embedding((signal * _UNIT_SYMBOLS).unsqueeze(2)) + self.position
        tokens = tokens + self._attend(self.attention_norm(tokens))
        tokens = tokens + self.feed_forward(tokens)
        residual: Tensor = self.last(tokens).squeeze(2)
        return residual / _UNIT_SYMBOLS

    def _attend(self, tokens: Tensor) -> Tensor:
        width = tokens.shape[2]
        # (batch, 23, 3 * width) -> three of (batch, heads, 23, width / heads)
        parts = self.projections(tokens).unflatten(2, (3, self.heads, width // self.heads))
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        shares = torch.softmax(query @ key.transpose(2, 3) / math.sqrt(query.shape[3]), dim=3)
        mixed: Tensor = self.mixed((shares @ value).transpose(1, 2).flatten(2))
        return mixed


Network = Literal["mlp", "residual", "transformer"]
"""What a module's block F may be."""

_BLOCKS = {"mlp": MlpBlock, "residual": ResidualMlpBlock, "transformer": TransformerBlock}


class ArnTransmitter(nn.Module):
    """Alice's module, x' = x + F_Alice(x), eq. (15): float32[batch, 23] -> float32[batch, 23]."""

    def __init__(self, network: Network = "mlp") -> None:
        super().__init__()
        self.block = _BLOCKS[network]()

    @property
    def architecture(self) -> str:
        """The module in words."""
        return f"residual, x + F(x), F {self.block.architecture}"

    def forward(self, x: Tensor) -> Tensor:
        attack: Tensor = self.block(x)
        return x + attack


class ArnReceiver(nn.Module):
    """Bob's module, x^ = y' - F_Bob(y'), eq. (17): float32[batch, 23] -> float32[batch, 23]."""

    def __init__(self, network: Network = "mlp") -> None:
        super().__init__()
        self.block = _BLOCKS[network]()

    @property
    def architecture(self) -> str:
        """The module in words."""
        return f"residual, y - F(y), F {self.block.architecture}"

    def forward(self, y: Tensor) -> Tensor:
        disturbance: Tensor = self.block(y)
        return y - disturbance


class Classifier(nn.Module):
    """A digit classifier on channel frames, D_Eve of eq. (14).

    Input: y, float32[batch, 23]. Output: logits phi_k of eq. (22), float32[batch, 10].
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.layers = _fully_connected((SYMBOLS, *widths))

    def forward(self, y: Tensor) -> Tensor:
        logits: Tensor = self.layers(y * _UNIT_SYMBOLS)
        return logits

    def gradient(self, y: Tensor, label: Tensor) -> Tensor:
        """Return the gradient of the cross-entropy with respect to y, float32[batch, 23].

        Written out, so that it can be exported: a forward pass, then the chain rule backwards
        through the layers. ``label``: any integer type [batch].
        """
        linear = [layer for layer in self.layers if isinstance(layer, nn.Linear)]
        active = []
        signal = y * _UNIT_SYMBOLS
        for layer in linear[:-1]:
            signal = torch.relu(layer(signal))
            active.append((signal > 0).to(y.dtype))
        true = label.unsqueeze(1) == torch.arange(CLASSES, dtype=label.dtype)
        back = torch.softmax(linear[-1](signal), dim=1) - true.to(y.dtype)
        for layer, gate in zip(linear[:0:-1], active[::-1], strict=True):
            back = (back @ layer.weight) * gate
        gradient: Tensor = back @ linear[0].weight * _UNIT_SYMBOLS
        return gradient


class Ensemble(nn.Module):
    """Several classifiers whose confidences are averaged; logits are the logarithms of the means.

    Input: y, float32[batch, 23]. Output: logits, float32[batch, 10].
    """

    def __init__(self, members: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.members = nn.ModuleList(Classifier(widths) for _ in range(members))

    def forward(self, y: Tensor) -> Tensor:
        shares = torch.stack([torch.softmax(member(y), dim=1) for member in self.members])
        # Bounded below: the logarithm of a confidence that underflowed would be -infinity.
        return shares.mean(dim=0).clamp_min(1e-30).log()


class BehindBob(nn.Module):
    """An Eve who puts a stolen copy of Bob's module before her classifier.

    Input: y, float32[batch, 23]. Output: logits, float32[batch, 10].
    """

    def __init__(self, bob: nn.Module, classifier: nn.Module) -> None:
        super().__init__()
        self.bob = bob
        self.classifier = classifier

    def forward(self, y: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.bob(y))
        return logits


class PictureReader(nn.Module):
    """An Eve who decodes the picture with a copy of Bob's receiver and classifies that.

    Input: y, float32[batch, 23]. Output: logits, float32[batch, 10].
    """

    def __init__(self, receiver: SemanticReceiver) -> None:
        super().__init__()
        self.receiver = receiver.requires_grad_(False)
        self.layers = _fully_connected((PIXELS, *PICTURE_WIDTHS))

    def forward(self, y: Tensor) -> Tensor:
        logits: Tensor = self.layers(self.receiver(y))
        return logits


class FgsmTransmitter(nn.Module):
    """The attack of eq. (3) at a given power: x' = x + sqrt(epsilon) g / ||g||.

    g is the gradient of the classifier's loss for the true label; Alice must know both. Eq. (3) as
    printed scales by epsilon, whose power is epsilon^2; the root makes the attack as strong as a
    residual module with the same limit.

    Input: x, float32[batch, 23], and label, any integer type [batch]. Output: float32[batch, 23].
    """

    reads_labels = True

    def __init__(self, classifier: Classifier, power_limit: float) -> None:
        super().__init__()
        self.classifier = classifier
        self.size = math.sqrt(power_limit)

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        gradient = self.classifier.gradient(x, label)
        # A classifier that is certain has no gradient left: no direction, no attack.
        length: Tensor = gradient.norm(dim=1, keepdim=True)
        return x + self.size * gradient / length.clamp_min(1e-30)


def _fully_connected(widths: Sequence[int]) -> nn.Sequential:
    """Return linear layers of these widths with ReLU between them."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
