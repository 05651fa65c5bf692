"""Flat fading: one complex gain for each item, readable from any index."""

from __future__ import annotations

import math

import numpy as np

from semradio.blocks.channels.counter_noise import CounterNoise
from semradio.blocks.channels.jakes import Gains, JakesFading


class RayleighGains:
    """Gains CN(0, 1), one draw for every ``coherence`` items; functions of the index alone.

    Args:
        seed: any integer.
        stream: name of the stream; different names give independent gains.
        doppler: maximal Doppler shift over the rate of the items, for the correlation
            J0(2 pi doppler m) over m items; None for independent draws.
        coherence: items that share a gain.
        count: independent gains for each item.
    """

    def __init__(
        self, seed: int, stream: str, doppler: float | None, coherence: int, count: int = 1
    ) -> None:
        self._coherence, self._count = coherence, count
        self._noise = CounterNoise(seed, stream)
        self._jakes: JakesFading | None = None
        if doppler is not None:
            self._jakes = JakesFading(seed, stream, (count,), doppler * coherence)

    def gains(self, index: int, items: int) -> Gains:
        """Return those of the items ``index`` to ``index + items - 1``, complex64[items, count]."""
        if self._coherence == 1 or items == 0:
            return self._draws(index, items)
        first, last = index // self._coherence, (index + items - 1) // self._coherence
        draws = self._draws(first, last - first + 1)
        gains: Gains = draws[np.arange(index, index + items) // self._coherence - first]
        return gains

    def _draws(self, first: int, draws: int) -> Gains:
        """Return the draws ``first`` to ``first + draws - 1``, complex64[draws, count]."""
        if self._jakes is not None:
            return self._jakes.gains(first, draws)
        reals = 2 * self._count
        normal = self._noise.normal(first * reals, draws * reals) * np.float32(math.sqrt(0.5))
        return normal.view(np.complex64).reshape(draws, self._count)


def faded(x: Gains, h: Gains) -> Gains:
    """Return every item of ``x``, complex64[n, *item], times its gain ``h``, complex64[n]."""
    y: Gains = x * h.reshape(len(h), *(1,) * (x.ndim - 1))
    return y
