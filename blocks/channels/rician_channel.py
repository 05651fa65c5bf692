"""The flat Rician fading channel."""

from __future__ import annotations

import math

import numpy as np

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter
from semradio.blocks.channels.fading import RayleighGains, faded


@block("rician_channel", category="channels")
class RicianChannel(SyncBlock):
    """Multiply each item by a Rician fading gain: ``y = h x``, E|h|^2 = 1.

    ``h = sqrt(K / (K + 1)) d + sqrt(1 / (K + 1)) s``, |d| = 1, s ~ CN(0, 1).

    Flat fading with line of sight: d is the direct path, turning by ``los_doppler`` turns for
    each item and 1 at item 0; s is scattered as in ``rayleigh_channel``, with the same
    ``doppler`` and ``coherence``. K, ``k_db``, is the power of the direct path over that of all
    others. The channel adds no noise: put ``awgn_channel`` behind it. The gain of item i is a
    function of seed, block name and i alone.

    Example:
        >>> y, h = RicianChannel(k_db=40, seed=1)(np.ones(1000, np.complex64))
        >>> round(float(np.abs(h).mean()), 1)
        1.0

    Source:
        Rice, "Statistical properties of a sine wave plus random noise", 1948.
    """

    k_db: float = parameter(
        6.0, unit="dB", low=-100, high=100, live=True, doc="K, direct over scattered power."
    )
    doppler: float | None = parameter(
        None, low=0, high=0.5, doc="fD, Doppler shift over the item rate; null: independent draws."
    )
    los_doppler: float = parameter(
        0.0, low=-0.5, high=0.5, doc="Doppler shift of the direct path over the item rate."
    )
    coherence: int = parameter(1, low=1, unit="items", doc="Items that share a gain.")
    seed: int = parameter(0, doc="Seed of the gains.")

    x = Input("complex64[...]", doc="The sent signal.")
    y = Output(like="x", doc="The faded signal.")
    h = Output("complex64", doc="The gain of each item.")

    def configure(self) -> None:
        k = 10 ** (self.k_db / 10)
        self._direct = math.sqrt(k / (k + 1))
        self._scattered = np.float32(math.sqrt(1 / (k + 1)))

    def start(self) -> None:
        self._gains = RayleighGains(self.seed, self.name, self.doppler, self.coherence)

    def work(self, x: Array, at: int) -> tuple[Array, Array]:
        h = self._gains.gains(at, len(x))[:, 0] * self._scattered
        if self.los_doppler:
            item = np.arange(at, at + len(x)) // self.coherence * self.coherence
            turns = item * self.los_doppler % 1.0
            h += (self._direct * np.exp(2j * np.pi * turns)).astype(np.complex64)
        else:
            h += np.float32(self._direct)
        return faded(x, h), h
