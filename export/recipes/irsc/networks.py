"""Transmitters and receivers of the interference channel.

Wang, Guo, Dong, Zhao, "Benchmarking Semantic Communications for Image Transmission Over MIMO
Interference Channels"; equation numbers are the paper's. The widths of its Table I are not known:
they are settings. Complex signals are planes (real, imaginary), the axis after the batch.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from semradio.export.pixels import PIXELS, pixels
from semradio.export.recipes.irsc.air import noise_variance
from semradio.export.recipes.irsc.filters import lmmse

Encoder = Literal["dense", "residual"]
Activation = Literal["relu", "gelu"]


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut, float32[n, channels, h, w] -> the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(torch.relu(self.first(x))))


def active(activation: Activation) -> nn.Module:
    """Return a layer of the activation."""
    return nn.ReLU() if activation == "relu" else nn.GELU()


def semantic_encoder(kind: Encoder, width: int, activation: Activation = "relu") -> nn.Module:
    """Return f_alpha of eq. (1): float32[n, 784] in [0, 1] -> float32[n, width]."""
    if kind == "dense":
        return nn.Sequential(nn.Linear(PIXELS, width), active(activation))
    return nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        ResidualBlock(16),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.ReLU(),
        ResidualBlock(32),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, width),
        nn.ReLU(),
    )


def semantic_decoder(kind: Encoder, width: int) -> nn.Module:
    """Return f_theta of eq. (4): float32[n, width] -> float32[n, 784], about [0, 1]."""
    if kind == "dense":
        return nn.Sequential(nn.Linear(width, PIXELS), nn.Tanh())
    return nn.Sequential(
        nn.Linear(width, 32 * 7 * 7),
        nn.ReLU(),
        nn.Unflatten(1, (32, 7, 7)),
        ResidualBlock(32),
        nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1),
        nn.ReLU(),
        ResidualBlock(16),
        nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1),
        nn.Tanh(),
        nn.Flatten(),
    )


class Transmitter(nn.Module):
    """Semantic encoder, JSC encoder and power normalisation, eqs. (1), (2).

    ``forward(image, h)``: image uint8[n, 28, 28]; h float32[n, 2, K, K, Nr, Nt] where the network
    was made for channel state, else not given. Returns x, float32[n, 2, rows, slots] with energy
    rows * slots for each frame; rows are antennas, or streams where a precoder follows.

    Args:
        csi: real numbers of channel state, 2 K^2 N_r N_t, or 0.
    """

    def __init__(
        self,
        kind: Encoder,
        width: int,
        rows: int,
        slots: int,
        csi: int = 0,
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        self.rows, self.slots, self.csi = rows, slots, csi
        self.semantic_encoder = semantic_encoder(kind, width, activation)
        # The paper's layer that fuses semantics and channel state exists only where there is some.
        self.fusion = None
        if csi:
            self.fusion = nn.Sequential(nn.Linear(width + csi, width), active(activation))
        self.jsc_encoder = nn.Linear(width, 2 * rows * slots)

    def forward(self, image: Tensor, h: Tensor | None = None) -> Tensor:
        features = self.semantic_encoder(pixels(image))
        if self.fusion is not None:
            assert h is not None
            features = self.fusion(torch.cat([features, h.flatten(1)], dim=1))
        return self.normalised(self.jsc_encoder(features))

    def normalised(self, symbols: Tensor) -> Tensor:
        """Scale each frame to its energy and give it its shape, eq. (2) with P = 1."""
        length = symbols.norm(dim=1, keepdim=True).clamp_min(1e-12)
        scaled: Tensor = symbols * (math.sqrt(self.rows * self.slots) / length)
        return scaled.reshape(-1, 2, self.rows, self.slots)


class TurnTaker(nn.Module):
    """A transmitter that sends in its own slots alone, as loud as that allows (TDMA).

    Returns float32[n, 2, rows, slots * users]: zero in the slots of the others, energy
    rows * slots * users.
    """

    def __init__(self, inner: Transmitter, user: int, users: int) -> None:
        super().__init__()
        self.inner, self.user, self.users = inner, user, users

    def forward(self, image: Tensor) -> Tensor:
        own = self.inner(image) * math.sqrt(self.users)
        slots = self.inner.slots
        before, after = self.user * slots, (self.users - 1 - self.user) * slots
        return nn.functional.pad(own, (before, after))


class Receiver(nn.Module):
    """JSC decoder and semantic decoder, eq. (4), on whatever signals it is given.

    ``forward(*signals)``: float32[n, ...] each, flattened and put side by side; together ``reals``
    numbers. Returns float32[n, 784], about [0, 1].
    """

    def __init__(
        self, kind: Encoder, width: int, reals: int, activation: Activation = "relu"
    ) -> None:
        super().__init__()
        self.jsc_decoder = nn.Sequential(
            nn.Linear(reals, width),
            active(activation),
            nn.Linear(width, width),
            active(activation),
        )
        self.semantic_decoder = semantic_decoder(kind, width)

    def forward(self, *signals: Tensor) -> Tensor:
        flat = torch.cat([signal.flatten(1) for signal in signals], dim=1)
        image: Tensor = self.semantic_decoder(self.jsc_decoder(flat))
        return image


class TurnReceiver(nn.Module):
    """The receiver to :class:`TurnTaker`: an LMMSE filter on its slots, where nobody interferes.

    ``forward(y, h, snr_db)``: y float32[n, 2, Nr, slots], h float32[n, 2, K, Nr, Nt] (the channels
    to this receiver), snr_db float32[n, 1]. Returns float32[n, 784], about [0, 1].

    Args:
        inner: takes the filtered streams, 2 Nt slots / users numbers, and the SNR in units of 10
            dB.
        user, users, slots: whose receiver it is, from 0, of how many; and the number of all slots.
    """

    def __init__(self, inner: Receiver, user: int, users: int, slots: int) -> None:
        super().__init__()
        self.inner, self.user, self.users = inner, user, users
        self.own = slots // users

    def forward(self, y: Tensor, h: Tensor, snr_db: Tensor) -> Tensor:
        begin = self.user * self.own
        own = h[:, :, self.user : self.user + 1] * math.sqrt(self.users)
        x, _ = lmmse(y[..., begin : begin + self.own], own, noise_variance(snr_db), 0)
        image: Tensor = self.inner(x, 0.1 * snr_db)
        return image


class ImageReceiver(nn.Module):
    """A receiver whose pictures are uint8[n, 28, 28], as streams carry them.

    Returns them, and the same before they are rounded, float32[n, 28, 28] in [0, 1].
    """

    def __init__(self, receiver: nn.Module) -> None:
        super().__init__()
        self.receiver = receiver

    def forward(
        self, y: Tensor, h: Tensor | None = None, snr_db: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        # The exporter gives each named input a shape of its own: no *signals here.
        given = [signal for signal in (y, h, snr_db) if signal is not None]
        pixels = self.receiver(*given).clamp(0.0, 1.0).reshape(-1, 28, 28)
        return (pixels * 255.0).round().to(torch.uint8), pixels
