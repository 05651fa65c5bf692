"""Measure a trained system on images that trained and chose nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from semradio.blocks.metrics.structural_similarity import GlobalSimilarity
from semradio.export.pixels import PIXELS, pixels
from semradio.export.recipes.irsc.designs import Designs
from semradio.export.recipes.irsc.report import SystemFigures, UserFigures
from semradio.export.recipes.irsc.system import System
from semradio.export.seeds import generator

EVALUATION_DESIGNS = 2_000
"""Channels with designs, where a scheme needs them; used in turn."""
_AT_ONCE = 1_000


@torch.no_grad()
def evaluate(system: System, images: Sequence[Tensor], snr_db: float) -> SystemFigures:
    """Send images at one SNR, each through a channel of its own.

    images : per user uint8[n, 28, 28]; as many are sent as every user has.
    Channels and noise depend on the SNR alone: all schemes of one geometry meet the same ones.
    """
    config = system.config
    device = next(system.parameters()).device
    source = generator(0, "irsc", "evaluation", f"{snr_db:g}", device=device)
    pool = None
    if config.scheme == "semi_trained":
        pool = Designs.draw(
            EVALUATION_DESIGNS,
            torch.tensor([snr_db]),
            users=config.users,
            rx_antennas=config.rx_antennas,
            tx_antennas=config.tx_antennas,
            streams=config.streams,
            source=source,
        )
    count = min(len(one) for one in images)
    measure = GlobalSimilarity(PIXELS, _AT_ONCE, peak=1.0)
    errors = np.zeros(config.users)
    similarities = np.zeros(config.users)
    for begin in range(0, count, _AT_ONCE):
        chosen = [one[begin : min(begin + _AT_ONCE, count)].to(device) for one in images]
        n = len(chosen[0])
        designs = None
        if pool is not None:
            designs = pool.rows(torch.arange(begin, begin + n, device=device) % len(pool))
        read = system(chosen, torch.full((n, 1), snr_db, device=device), source, designs)
        for k, (one, image) in enumerate(zip(read, chosen, strict=True)):
            sent, received = (
                a.cpu().double().numpy() for a in (pixels(image), one.clamp(0.0, 1.0))
            )
            error, similarity = measure(sent, received)
            errors[k] += float(error.sum()) / PIXELS
            similarities[k] += float(similarity.sum())
    return SystemFigures(
        snr_db,
        tuple(
            UserFigures(round(float(s / count), 6), round(float(e / count), 6))
            for s, e in zip(similarities, errors, strict=True)
        ),
    )
