"""The weights of the users' losses, eq. (8)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LossWeights(nn.Module):
    """omega_k of eq. (7): each user's share in the total loss of the last epoch, 1/K at first.

    The paper calls t of eq. (8) the epoch. The weights are constants of a step: no gradient flows
    through them. With Adam, which divides constant factors out of each weight's gradient, they
    have no effect that was ever measured; they are here because the paper has them.
    """

    weights: Tensor
    total: Tensor

    def __init__(self, users: int, dynamic: bool) -> None:
        super().__init__()
        self.dynamic = dynamic
        self.register_buffer("weights", torch.full((users,), 1.0 / users))
        self.register_buffer("total", torch.zeros(users))

    def forward(self, losses: Tensor) -> Tensor:
        """Return the loss of eq. (7) from those of the users, float32[K]."""
        with torch.no_grad():
            self.total += losses
        return (self.weights * losses).sum()

    @torch.no_grad()
    def end_epoch(self) -> None:
        """Set the weights for the next epoch."""
        if self.dynamic:
            self.weights.copy_(self.total / self.total.sum())
        self.total.zero_()
