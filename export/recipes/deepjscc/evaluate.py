"""Measure a link on pictures."""

from __future__ import annotations

import torch
from torch import Tensor

from semradio.export.pictures import as_floats
from semradio.export.recipes.deepjscc.networks import Link
from semradio.export.recipes.deepjscc.report import LinkFigures

_PIXELS = 1 << 20
"""Pixels that are computed at once."""
_PEAK = 255.0**2


@torch.no_grad()
def evaluate(
    link: Link, pictures: Tensor, snr_db: float, rate: int, noise: torch.Generator
) -> LinkFigures:
    """Return how well pictures, uint8[n, 3, rows, columns], arrive at one SNR and rate.

    What arrives is rounded to eight bits and clipped, as a deployed decoder gives it.
    """
    link.eval()
    batch = max(1, _PIXELS // (pictures.shape[2] * pictures.shape[3]))
    uses = link.uses(rate)
    errors = []
    for part in torch.split(pictures, batch):
        told = torch.full((len(part), 1), snr_db)
        received = link(as_floats(part), told, uses, uses, noise)
        levels = (received * 255.0).round().clamp(0.0, 255.0)
        errors.append((levels - part).square().mean(dim=(1, 2, 3)))
    mse = torch.cat(errors).to(torch.float64)
    # A picture without any error counts as one with an error of 1/1000 of a step.
    each = 10.0 * torch.log10(_PEAK / mse.clamp_min(1e-6))
    whole = 10.0 * torch.log10(_PEAK / mse.mean().clamp_min(1e-6))
    return LinkFigures(snr_db, rate, whole.item(), each.mean().item())
