"""Networks of the colour link: fully convolutional, for pictures of any size.

Both designs turn a picture into complex symbols whose order is a nested code: of the symbols of
a place in the picture the first so many are sent, whatever the rate, and decode alone. Symbols are
handled as pairs of real features, feature 2i the real part of symbol i, 2i + 1 the imaginary one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Architecture = Literal["convnext", "published"]
"""What a link may be made of."""

_MIDDLE_DB = 7.5
_SPAN_DB = 12.5
_SQUEEZED = 16


def condition(snr_db: Tensor, uses: Tensor | None = None) -> Tensor:
    """Return what networks are told, about -1 to 1: float32[batch, 1], or 2 with the rate.

    snr_db : float32[batch, 1], clipped to -10..25 dB. uses : float32[batch, 1], symbols per place
    """
    told = (snr_db.clamp(-10.0, 25.0) - _MIDDLE_DB) / _SPAN_DB
    if uses is None:
        return told
    return torch.cat([told, uses.log2() / 2.0 - 2.0], dim=1)


def normalised(x: Tensor, uses: int) -> Tensor:
    """Scale each picture's features to a mean power of 1 per complex symbol.

    x : float32[batch, 2 uses, rows, columns]. A picture of zeros stays one.
    """
    power = x.square().mean(dim=(1, 2, 3), keepdim=True) * 2.0
    return x * power.clamp_min(1e-12).rsqrt()


def _silence(layer: nn.Module) -> None:
    """Let a layer give zeros at first: what it is added to, or multiplied with, begins alone."""
    for weight in layer.parameters():
        nn.init.zeros_(weight)


class Block(nn.Module):
    """A residual block of ConvNeXt's kind that the SNR attends to.

    Depthwise 3 x 3, two convolutions 1 x 1 with twice the width between them, and a factor per
    feature from the means over the picture and from what is told of the channel.

    Source: Liu et al., "A ConvNet for the 2020s", CVPR 2022 (without its normalisation); Xu et
    al., "Wireless Image Transmission Using Deep Source Channel Coding With Attention Modules",
    IEEE TCSVT 2022.
    """

    def __init__(self, width: int, told: int) -> None:
        super().__init__()
        self.spatial = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.wide = nn.Conv2d(width, 2 * width, 1)
        self.narrow = nn.Conv2d(2 * width, width, 1)
        self.squeeze = nn.Linear(2 * width + told, _SQUEEZED)
        self.excite = nn.Linear(_SQUEEZED, 2 * width)
        with torch.no_grad():
            self.narrow.weight.mul_(0.5)
            nn.init.zeros_(self.excite.bias)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        features = torch.relu(self.wide(self.spatial(x)))
        means = torch.cat([features.mean(dim=(2, 3)), told], dim=1)
        factor = 2.0 * torch.sigmoid(self.excite(torch.relu(self.squeeze(means))))
        changed: Tensor = self.narrow(features * factor.unsqueeze(2).unsqueeze(3))
        return x + changed


class Gains(nn.Module):
    """Positive factors of features, from what is told: float32[batch, n] -> [batch, features]."""

    def __init__(self, told: int, features: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(told, 64), nn.ReLU(), nn.Linear(64, features))
        _silence(self.layers[-1])

    def forward(self, told: Tensor) -> Tensor:
        factors: Tensor = self.layers(told).clamp(-8.0, 8.0).exp()
        return factors


class ConvNextEncoder(nn.Module):
    """A linear transform of 8 x 8 pixels plus what a deep network adds to it.

    Input: float32[batch, 3, rows, columns] in [0, 1], sides multiples of 8, and what is told of
    the SNR. Output: float32[batch, 2 symbols, rows / 8, columns / 8], not yet normalised.
    """

    def __init__(self, symbols: int, width: int, depth: Sequence[int]) -> None:
        super().__init__()
        features = 2 * symbols
        self.linear = nn.Conv2d(3, features, 8, stride=8)
        self.gains = Gains(1, features)
        self.entry = nn.Conv2d(48, width, 1)
        self.fine = nn.ModuleList(Block(width, 1) for _ in range(depth[0]))
        self.down = nn.Conv2d(4 * width, 2 * width, 1)
        self.coarse = nn.ModuleList(Block(2 * width, 1) for _ in range(depth[1]))
        self.exit = nn.Conv2d(2 * width, features, 1)
        _silence(self.exit)

    def forward(self, picture: Tensor, told: Tensor) -> Tensor:
        centred = picture - 0.5
        features = self.entry(functional.pixel_unshuffle(centred, 4))
        for block in self.fine:
            features = block(features, told)
        features = self.down(functional.pixel_unshuffle(features, 2))
        for block in self.coarse:
            features = block(features, told)
        factors = self.gains(told).unsqueeze(2).unsqueeze(3)
        sent: Tensor = self.linear(centred) * factors + self.exit(features)
        return sent


class ConvNextDecoder(nn.Module):
    """The reverse: a linear transform back, and a deep network that corrects it.

    Input: float32[batch, 2 symbols, rows / 8, columns / 8], zeros where nothing was sent, and what
    is told of SNR and rate. Output: float32[batch, 3, rows, columns], not clipped.

    The receiver is not told the factor that fixed a picture's power; it is read off the means of
    the features over the picture.
    """

    def __init__(self, symbols: int, width: int, depth: Sequence[int]) -> None:
        super().__init__()
        features = 2 * symbols
        self.gains = Gains(2 + features, 2 * features)
        self.linear = nn.Conv2d(features, 192, 1)
        self.entry = nn.Conv2d(features, 2 * width, 1)
        self.coarse = nn.ModuleList(Block(2 * width, 2) for _ in range(depth[1]))
        self.up = nn.Conv2d(2 * width, 4 * width, 1)
        self.seen = nn.Conv2d(48, width, 1)
        self.fine = nn.ModuleList(Block(width, 2) for _ in range(depth[0]))
        self.exit = nn.Conv2d(width, 48, 1)
        _silence(self.exit)

    def forward(self, heard: Tensor, told: Tensor) -> Tensor:
        means = heard.mean(dim=(2, 3))
        factors = self.gains(torch.cat([told, means], dim=1)).unsqueeze(2).unsqueeze(3)
        straight, read = factors.chunk(2, dim=1)
        picture = functional.pixel_shuffle(self.linear(heard * straight), 8)
        features = self.entry(heard * read)
        for block in self.coarse:
            features = block(features, told)
        features = functional.pixel_shuffle(self.up(features), 2)
        features = features + self.seen(functional.pixel_unshuffle(picture, 4))
        for block in self.fine:
            features = block(features, told)
        corrected: Tensor = picture + functional.pixel_shuffle(self.exit(features), 4)
        return corrected + 0.5


class PublishedEncoder(nn.Module):
    """The five convolutions of the first publication: float32[batch, 3, rows, columns] in [0, 1].

    Source: Bourtsoulatze, Burth Kurka & Gunduz, "Deep Joint Source-Channel Coding for Wireless
    Image Transmission", IEEE TCCN 2019, Fig. 2.
    """

    def __init__(self, symbols: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 16, 5, stride=2, padding=2),
            nn.PReLU(16),
            nn.Conv2d(16, 32, 5, stride=2, padding=2),
            nn.PReLU(32),
            nn.Conv2d(32, 32, 5, padding=2),
            nn.PReLU(32),
            nn.Conv2d(32, 32, 5, padding=2),
            nn.PReLU(32),
            nn.Conv2d(32, 2 * symbols, 5, padding=2),
            nn.PReLU(2 * symbols),
        )

    def forward(self, picture: Tensor, told: Tensor) -> Tensor:
        sent: Tensor = self.layers(picture)
        return sent


class PublishedDecoder(nn.Module):
    """The five transposed convolutions of the first publication: the reverse, in [0, 1]."""

    def __init__(self, symbols: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(2 * symbols, 32, 5, padding=2),
            nn.PReLU(32),
            nn.ConvTranspose2d(32, 32, 5, padding=2),
            nn.PReLU(32),
            nn.ConvTranspose2d(32, 32, 5, padding=2),
            nn.PReLU(32),
            nn.ConvTranspose2d(32, 16, 5, stride=2, padding=2, output_padding=1),
            nn.PReLU(16),
            nn.ConvTranspose2d(16, 3, 5, stride=2, padding=2, output_padding=1),
            nn.Sigmoid(),
        )

    def forward(self, heard: Tensor, told: Tensor) -> Tensor:
        picture: Tensor = self.layers(heard)
        return picture


class Link(nn.Module):
    """Both ends and the noise between them.

    ``stride`` is the side of a place in pixels; ``symbols`` of a place are those of the highest
    rate: 1/3, or the only one of the published network.
    """

    def __init__(
        self,
        architecture: Architecture,
        width: int,
        depth: Sequence[int],
        rates: Sequence[int] = (3,),
    ) -> None:
        super().__init__()
        self.stride = 8 if architecture == "convnext" else 4
        self.symbols = 3 * self.stride**2 // (3 if architecture == "convnext" else min(rates))
        self.encoder: nn.Module
        self.decoder: nn.Module
        if architecture == "convnext":
            self.encoder = ConvNextEncoder(self.symbols, width, depth)
            self.decoder = ConvNextDecoder(self.symbols, width, depth)
        else:
            self.encoder = PublishedEncoder(self.symbols)
            self.decoder = PublishedDecoder(self.symbols)

    def uses(self, rate: int) -> int:
        """Return the symbols of a place at k/n = 1/rate."""
        return 3 * self.stride**2 // rate

    def forward(
        self, picture: Tensor, snr_db: Tensor, uses: int, kept: int, noise: torch.Generator
    ) -> Tensor:
        """Return float32[batch, 3, rows, columns] as received, not clipped.

        snr_db : float32[batch, 1], Es/N0 per complex symbol. uses : symbols of a place that are
        sent. kept : of these the first so many that are decoded
        """
        sent = normalised(self.encoder(picture, condition(snr_db))[:, : 2 * uses], uses)[
            :, : 2 * kept
        ]
        # Half of the noise of a complex symbol is on each rail.
        deviation = math.sqrt(0.5) * 10.0 ** (-snr_db / 20.0)
        drawn = torch.randn(sent.shape, generator=noise, device=sent.device)
        heard = sent + deviation.unsqueeze(2).unsqueeze(3) * drawn
        lacking = 2 * (self.symbols - kept)
        heard = functional.pad(heard, (0, 0, 0, 0, 0, lacking))
        told = condition(snr_db, torch.full_like(snr_db, float(kept)))
        received: Tensor = self.decoder(heard, told)
        return received
