"""Where stretches of a stream get lost, by counter."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from semradio.blocks.channels.counter_noise import CounterNoise


class Gap(NamedTuple):
    """Samples that are lost: from ``begin`` to before ``end``."""

    begin: int
    end: int


class GapPlan:
    """Gaps at random places: gap k follows a kept stretch; both have exponential lengths.

    Gap k is a function of (seed, stream, k) and of where gap k - 1 ends, so of (seed, stream, k).

    Args:
        seed: any integer.
        stream: name of the stream; different names give independent gaps.
        every: mean number of samples between two gaps.
        length: mean number of samples in a gap, of which it has at least one.
    """

    def __init__(self, seed: int, stream: str, every: float, length: float) -> None:
        self._noise = CounterNoise(seed, f"{stream}/gaps")
        self._means = np.array([every, length])

    def gap(self, number: int, after: int) -> Gap:
        """Return gap ``number``, given the index ``after`` which the one before ends."""
        normal = self._noise.normal(4 * number, 4).astype(np.float64).reshape(2, 2)
        # Half the sum of two squared normals is exponential.
        kept, lost = (self._means * (normal**2).sum(axis=1) / 2).tolist()
        begin = after + 1 + int(kept)
        return Gap(begin, begin + max(1, round(lost)))
