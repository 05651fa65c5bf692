"""The networks of the ``intercept`` recipe: small convolutional classifiers.

Each gives one logit per class. Batch normalisation is a constant in evaluation mode.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_DROPPED = 0.25


def _stage(taken: int, given: int, stride: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(taken, given, 3, stride=stride, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(given), nn.ReLU()]


class SymbolReader(nn.Module):
    """Reads symbols: float32[batch, features, rows, columns] -> float32[batch, classes].

    Args:
        features: two for each complex symbol of a place.
        places: rows and columns.
        width: features inside.
        classes: that it tells apart.
    """

    def __init__(self, features: int, places: tuple[int, int], width: int, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_stage(features, width),
            *_stage(width, width),
            *_stage(width, width),
            nn.Flatten(),
            nn.Dropout(_DROPPED),
            nn.Linear(width * math.prod(places), classes),
        )

    def forward(self, y: Tensor) -> Tensor:
        logits: Tensor = self.layers(y)
        return logits


class PictureReader(nn.Module):
    """Reads a decoded picture: uint8[batch, rows, columns, 3] -> float32[batch, classes].

    Args:
        sides: rows and columns, multiples of 8.
        width: features inside; half of it at the first layer.
        classes: that it tells apart.
    """

    def __init__(self, sides: tuple[int, int], width: int, classes: int) -> None:
        super().__init__()
        half = max(1, width // 2)
        self.layers = nn.Sequential(
            *_stage(3, half, 2),
            *_stage(half, width, 2),
            *_stage(width, width, 2),
            nn.Flatten(),
            nn.Dropout(_DROPPED),
            nn.Linear(width * (sides[0] // 8) * (sides[1] // 8), classes),
        )

    def forward(self, y: Tensor) -> Tensor:
        picture = y.permute(0, 3, 1, 2).to(torch.float32) / 127.5 - 1.0
        logits: Tensor = self.layers(picture)
        return logits
