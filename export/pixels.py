"""Images as networks take them."""

from __future__ import annotations

import torch
from torch import Tensor

PIXELS = 784
"""Pixels of an image, 28 x 28."""


def pixels(image: Tensor) -> Tensor:
    """Turn uint8[batch, 28, 28] images into float32[batch, 784] pixels in [0, 1]."""
    return image.flatten(1).to(torch.float32) / 255.0
