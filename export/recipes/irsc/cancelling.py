"""A link that knows the channel at its receivers alone: space-time code, filter, cancellation.

Not in the paper. The transmitters use Alamouti's code, so that a user fills two of the four
dimensions that a receiver with two antennas has in a pair of slots, and an LMMSE filter can
suppress the other user; the receiver then estimates the interferer's symbols as well, corrects
them by what it has learnt about such symbols, subtracts what they cause, and filters again for
what remains of them.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from semradio.export.pixels import PIXELS, pixels
from semradio.export.recipes.irsc.air import multiply, noise_variance
from semradio.export.recipes.irsc.filters import lmmse
from semradio.export.recipes.irsc.networks import Activation, active
from semradio.export.recipes.irsc.space_time import (
    encode,
    equivalent,
    in_order,
    paired,
)

_FEATURES = 3
"""What is told beside the symbols: gain of the filter, its log odds, SNR."""


class CodedTransmitter(nn.Module):
    """Image to frame: dense layers, normalisation, space-time code.

    ``forward(image)``: uint8[n, 28, 28] -> float32[n, 2, 2, slots] of energy 2 slots.
    """

    def __init__(self, widths: tuple[int, ...], slots: int, activation: Activation) -> None:
        super().__init__()
        self.slots = slots
        self.layers = dense((PIXELS, *widths, 2 * slots), activation)

    def forward(self, image: Tensor) -> Tensor:
        symbols = self.layers(pixels(image))
        length = symbols.norm(dim=1, keepdim=True).clamp_min(1e-12)
        scaled = symbols * (math.sqrt(self.slots) / length)
        return encode(scaled.reshape(-1, 2, 1, self.slots))


class CancellingReceiver(nn.Module):
    """Frame to image, with one round of interference cancellation.

    ``forward(y, h, snr_db)``: y float32[n, 2, Nr, slots], h float32[n, 2, K, Nr, 2] (the channels
    to this receiver), snr_db float32[n, 1]. Returns float32[n, 784], about [0, 1].

    Args:
        user, users: whose receiver it is, from 0, and of how many.
        widths: of the decoder's layers.
        corrector: width of the networks that correct the estimates of the interferers' symbols.
        csi_error: variance of the least-squares error of an entry of h, as a multiple of sigma^2.
    """

    def __init__(
        self,
        user: int,
        users: int,
        slots: int,
        widths: tuple[int, ...],
        corrector: int,
        activation: Activation,
        csi_error: float = 0.0,
    ) -> None:
        super().__init__()
        self.user, self.users, self.csi_error = user, users, csi_error
        reals = 2 * slots
        others = [j for j in range(users) if j != user]
        self.correctors = nn.ModuleDict(
            {
                str(j): _still(dense((reals + _FEATURES, corrector, reals), activation))
                for j in others
            }
        )
        self.doubts = nn.ModuleDict(
            {str(j): _still(dense((_FEATURES, 16, 1), activation)) for j in others}
        )
        self.decoder = dense((reals + _FEATURES, *widths, PIXELS), activation)

    def forward(self, y: Tensor, h: Tensor, snr_db: Tensor) -> Tensor:
        sigma = noise_variance(snr_db)
        error = self.csi_error * sigma
        # The MMSE estimate from a least-squares one; what is left of its error acts like noise of
        # its power times all that is sent.
        shrunk = h / (1.0 + error)[:, :, None, None, None]
        variance = sigma + self.users * h.shape[-1] * error / (1.0 + error)
        signal, channel = paired(y), equivalent(shrunk)
        power = [torch.ones_like(snr_db)] * self.users
        for name, corrector in self.correctors.items():
            other = int(name)
            estimate, errors = lmmse(paired(y), channel, variance, other)
            told = _features(errors, snr_db)
            flat = estimate.flatten(1)
            symbols = (flat + corrector(torch.cat([flat, told], dim=1))).view_as(estimate)
            signal = signal - multiply(channel[:, :, other], symbols)
            doubt = torch.sigmoid(1.0 + self.doubts[name](told))
            power[other] = errors[:, :1].clamp_min(1e-6) * doubt
        own, errors = lmmse(signal, channel, variance, self.user, torch.cat(power, dim=1))
        told = _features(errors, snr_db)
        image: Tensor = self.decoder(torch.cat([in_order(own).flatten(1), told], dim=1))
        return torch.tanh(image)


def dense(widths: tuple[int, ...], activation: Activation) -> nn.Sequential:
    """Return fully connected layers of these widths with activations between them."""
    layers: list[nn.Module] = []
    for taken, given in pairwise(widths):
        layers += [nn.Linear(taken, given), active(activation)]
    return nn.Sequential(*layers[:-1])


def _still(layers: nn.Sequential) -> nn.Sequential:
    """Let the last layer begin at zero: before training, nothing is corrected."""
    last = layers[-1]
    assert isinstance(last, nn.Linear)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return layers


def _features(errors: Tensor, snr_db: Tensor) -> Tensor:
    """Return gain, its log odds and the SNR, all about 1 in size, float32[n, 3].

    The gain is the share of a symbol in its estimate, 1 - error; its odds are the SINR.
    """
    error = errors[:, :1].clamp(1e-5, 1.0 - 1e-4)
    return torch.cat([1.0 - error, 0.2 * torch.log((1.0 - error) / error), 0.1 * snr_db], dim=1)
