"""How strong samples are, against full scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from semradio.blocks.api import Array

FULL = 0.9999
"""A rail at this value or beyond is taken for one that has reached the converter's limit."""


@dataclass
class SignalLevel:
    """Sums up power, peak and samples at the limit of a stream of complex64 samples.

    Full scale is 1.0 on each rail. 0 dBFS is the power of a carrier of amplitude 1, so noise-like
    signals stay well below it.
    """

    samples: int = 0
    energy: float = 0.0
    peak: float = 0.0
    clipped: int = 0

    def add(self, x: Array) -> None:
        """Take in samples, complex64 of any shape."""
        if not x.size:
            return
        rails = np.ascontiguousarray(x).reshape(-1).view(np.float32)
        self.samples += len(rails) // 2
        # In double precision, or the sum would depend on how the stream is cut.
        self.energy += float(np.einsum("i,i->", rails, rails, dtype=np.float64))
        rails = np.abs(rails)
        peak = float(rails.max())
        self.peak = max(self.peak, peak)
        if peak >= FULL:
            self.clipped += int((rails.reshape(-1, 2) >= FULL).any(axis=1).sum())

    def results(self) -> dict[str, float | int | None]:
        """Return ``level_dbfs``, ``peak_dbfs`` and ``clipped``.

        They are the mean power, the largest rail (both null where nothing came), and the
        samples with a rail at full scale.
        """
        level = 10 * math.log10(self.energy / self.samples) if self.energy > 0 else None
        return {
            "level_dbfs": level,
            "peak_dbfs": 20 * math.log10(self.peak) if self.peak > 0 else None,
            "clipped": self.clipped,
        }
