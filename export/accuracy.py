"""How often a classifier is right."""

from __future__ import annotations

from torch import Tensor


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Return the share of rows whose largest logit is the label's.

    logits : float32[n, classes]. labels : int64[n]
    """
    return (logits.argmax(dim=1) == labels).double().mean().item()
