"""An amplifier or a converter at its end."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter, state


def clipped(x: Array, limit: float, by: Literal["rail", "magnitude"]) -> tuple[Array, int]:
    """Return samples that stay within a limit, and how many of ``x``, complex64[n], do not."""
    if by == "rail":
        rails = x.view(np.float32).reshape(-1, 2)
        beyond = np.abs(rails).max(axis=1, initial=0.0) > np.float32(limit)
        return rails.clip(-limit, limit).astype(np.float32).view(np.complex64)[:, 0], int(
            beyond.sum()
        )
    size = np.abs(x)
    beyond = size > np.float32(limit)
    y = x.copy()
    y[beyond] *= np.float32(limit) / size[beyond]
    return y, int(beyond.sum())


@block("clipping", category="channels")
class Clipping(SyncBlock):
    """Clip IQ samples at a limit, each rail or the magnitude.

    A converter clips each ``rail`` at full scale; an ideal amplifier at saturation clips the
    ``magnitude`` and keeps the phase.

    Results:
        ``items``; ``clipped``, samples beyond the limit.

    Example:
        >>> Clipping(limit=1)(np.complex64([2 + 0.5j, -0.5 - 3j]))
        array([ 1. +0.5j, -0.5-1.j ], dtype=complex64)
    """

    limit: float = parameter(1.0, above=0, live=True, doc="Largest value, of full scale.")
    by: Literal["rail", "magnitude"] = parameter("rail", doc="What is limited.")

    x = Input("complex64", doc="IQ samples.")
    y = Output(like="x", doc="Samples within the limit.")

    items: int = state(0, doc="Samples so far.")
    beyond: int = state(0, doc="Samples beyond the limit so far.")

    def work(self, x: Array, at: int) -> Array:
        y, beyond = clipped(np.ascontiguousarray(x), self.limit, self.by)
        self.items += len(x)
        self.beyond += beyond
        return y

    def results(self) -> dict[str, Any]:
        return {"items": self.items, "clipped": self.beyond}

    so_far = results
