"""Alamouti's space-time block code on planes: two symbols in two slots from two antennas.

In slots 2p and 2p + 1 the first antenna sends s1, -s2*, the second s2, s1*. A receiver that
conjugates the odd slots sees s1 and s2 through an orthogonal matrix of the channel, with the
diversity of both antennas, though the transmitter knows nothing of the channel.

Source: S. M. Alamouti, "A simple transmit diversity technique for wireless communications", IEEE
Journal on Selected Areas in Communications 16(8), 1998.
"""

from __future__ import annotations

import torch
from torch import Tensor


def conjugate(a: Tensor) -> Tensor:
    """Return the complex conjugate of planes."""
    re, im = a.unbind(1)
    return torch.stack([re, -im], dim=1)


def encode(symbols: Tensor) -> Tensor:
    """Code symbols, float32[n, 2, 1, slots] -> frames float32[n, 2, 2, slots], twice the energy."""
    first, second = symbols[..., 0, 0::2], symbols[..., 0, 1::2]
    upper = torch.stack([first, -conjugate(second)], dim=-1)
    lower = torch.stack([second, conjugate(first)], dim=-1)
    return torch.stack([upper.flatten(2), lower.flatten(2)], dim=2)


def paired(y: Tensor) -> Tensor:
    """Put the slots of a pair below each other, the odd ones conjugated.

    float32[n, 2, Nr, slots] -> float32[n, 2, 2 Nr, slots / 2].
    """
    return torch.cat([y[..., 0::2], conjugate(y[..., 1::2])], dim=2)


def equivalent(h: Tensor) -> Tensor:
    """Return the channel from the two symbols of a pair to what :func:`paired` gives.

    float32[n, 2, K, Nr, 2] -> float32[n, 2, K, 2 Nr, 2].
    """
    swapped = conjugate(h).flip(-1)
    odd = torch.stack([swapped[..., 0], -swapped[..., 1]], dim=-1)
    return torch.cat([h, odd], dim=3)


def in_order(pairs: Tensor) -> Tensor:
    """Return the symbols in the order of :func:`encode`: float32[n, 2, 2, p] -> [n, 2, 1, 2p]."""
    return pairs.transpose(2, 3).flatten(2)[:, :, None]
