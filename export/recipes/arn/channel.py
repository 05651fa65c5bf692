"""The noisy channel that training and evaluation see.

The channel exists twice in semradio on purpose: the streaming block draws its noise by item
index, this one draws tensors for training. Both use the same definition of SNR.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def noise_deviation(snr_db: float, symbols: int) -> float:
    """Return the standard deviation of the noise per symbol.

    SNR is E||x||^2 / E||n||^2 over the whole frame of ``symbols`` real values with E||x||^2 = 1,
    hence sigma^2 = 1 / (symbols * SNR). Reading sigma^2 as 1 / SNR *per symbol* would be
    10 log10(symbols) dB harsher.
    """
    return math.sqrt(1.0 / (symbols * 10.0 ** (snr_db / 10.0)))


def awgn(x: Tensor, snr_db: float | None, noise: torch.Generator) -> Tensor:
    """Add white Gaussian noise, eq. (6), (10) and (11).

    Args:
        x: float32[batch, symbols]; E||x||^2 = 1 is the reference power, whatever x has.
        snr_db: dB, or ``None`` for a channel without noise.
        noise: the generator; Bob and Eve each need one of their own.
    """
    if snr_db is None:
        return x
    deviation = noise_deviation(snr_db, x.shape[-1])
    return x + deviation * torch.randn(x.shape, generator=noise)
