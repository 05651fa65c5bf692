"""The interference channel that training sees, eq. (3), on real tensors.

The channel exists twice in semradio on purpose: the streaming blocks draw channels and noise by
frame index, these draw tensors. Both use the same definition of SNR, P / sigma^2 per receive
antenna, with P = 1 the mean power per transmit antenna and slot.

Complex values are planes: an axis of two, real and imaginary, right after the batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def complex_normal(shape: Sequence[int], source: torch.Generator) -> Tensor:
    """Return planes of CN(0, 1), float32[shape[0], 2, *shape[1:]]."""
    batch, *rest = shape
    drawn = torch.randn((batch, 2, *rest), generator=source, device=source.device)
    return drawn * math.sqrt(0.5)


def multiply(a: Tensor, b: Tensor) -> Tensor:
    """Return the complex matrix product of planes: (n, 2, ..., i, j) and (n, 2, ..., j, l)."""
    a_re, a_im = a.unbind(1)
    b_re, b_im = b.unbind(1)
    return torch.stack([a_re @ b_re - a_im @ b_im, a_re @ b_im + a_im @ b_re], dim=1)


def interfere(h: Tensor, x: Tensor) -> Tensor:
    """Return what the receivers would hear without noise, eq. (3).

    h : float32[n, 2, K, K, Nr, Nt], indices receiver, transmitter, antennas.
    x : float32[n, 2, K, Nt, NB].
    Returns float32[n, 2, K, Nr, NB].
    """
    n, _, users, _, rx, tx = h.shape
    slots = x.shape[-1]
    # One real product for all links: ((re, -im), (im, re)) times (re, im).
    blocks = h.transpose(3, 4).reshape(n, 2, users * rx, users * tx)
    re, im = blocks.unbind(1)
    whole = torch.cat([torch.cat([re, -im], dim=2), torch.cat([im, re], dim=2)], dim=1)
    y = whole @ x.reshape(n, 2 * users * tx, slots)
    return y.reshape(n, 2, users, rx, slots)


def noise_variance(snr_db: Tensor) -> Tensor:
    """Return sigma^2 = P / SNR for P = 1, of the shape of ``snr_db``."""
    return 10.0 ** (-snr_db / 10.0)


def estimation_error(csi: str, users: int, tx_antennas: int) -> float:
    """Return the variance of a least-squares estimate of a channel entry, as a multiple of sigma^2.

    ``single``: one pilot symbol of power P from each antenna in turn; ``orthogonal``: K N_t pilot
    symbols of power P from all antennas at once, in orthogonal sequences.
    """
    return {"perfect": 0.0, "single": 1.0, "orthogonal": 1.0 / (users * tx_antennas)}[csi]
