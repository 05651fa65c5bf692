"""The loss of the paired modules, eq. (19) to (23), with the readings that make it work.

The paper leaves three things open. The readings here are the ones under which its weights
(0.1, 0.5, 0.01) do what its text says:

- eq. (20) limits the *total* power of the attack relative to the total power of the signal (both
  are per frame, E||x||^2 = 1). Dividing only the attack by N = 23 would allow +3.6 dB.
- eq. (21) is the mean over the pixels. With the sum, the other two terms carry no weight.
- eq. (20)'s hinge is taken of the batch mean, so the limit holds on average over frames.
"""

from __future__ import annotations

import torch
from torch import Tensor


def attack_power_loss(attack: Tensor, limit: float) -> Tensor:
    """L_pow = max(0, E||delta||^2 - epsilon), eq. (20).

    Args:
        attack: delta, float32[batch, symbols].
        limit: epsilon, as a fraction of the signal's power (0.1 is a PSR of -10 dB).
    """
    return torch.relu(attack.square().sum(dim=1).mean() - limit)


def communication_loss(received: Tensor, sent: Tensor) -> Tensor:
    """L_com = E||s^ - s||^2, eq. (21), mean over pixels; both float32[batch, pixels] in [0, 1]."""
    return (received - sent).square().mean()


def privacy_loss(logits: Tensor, label: Tensor) -> Tensor:
    """L_pri = E(z_k), eq. (22) and (23): Eve's mean confidence in the true class.

    The confidence is bounded by 0 and 1. The negative cross-entropy is not, and training runs
    away with it.

    Args:
        logits: float32[batch, classes].
        label: int64[batch].
    """
    confidence = torch.softmax(logits, dim=1)
    return confidence.gather(1, label.unsqueeze(1)).mean()
