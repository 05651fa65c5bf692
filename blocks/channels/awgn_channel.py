"""The additive white Gaussian noise channel."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter, state
from semradio.blocks.arithmetic.power import item_power
from semradio.blocks.channels.counter_noise import CounterNoise


@block("awgn_channel", category="channels")
class AwgnChannel(SyncBlock):
    """Add white Gaussian noise of a given signal-to-noise ratio: ``y = x + n``.

    The SNR is E||x||^2 / E||n||^2 over one whole item, so each of the N real values of an item
    gets the variance ``signal_power / (N * SNR)``; a complex value gets that variance in total,
    half of it on each rail. ``signal_power`` states E||x||^2 of one item (semantic transmitters
    are normalised to 1). With ``measured``, item i meets noise in proportion to the mean power of
    the items 0 to i.

    The noise on item i is a function of seed, block name and i alone, so runs repeat bit for bit
    however the stream is cut; two channels of one flowgraph are independent by their names.

    Example:
        >>> symbols = np.ones((10_000, 4), np.float32) / 2
        >>> y = AwgnChannel(snr_db=10, seed=1)(symbols)
        >>> y.shape, round(float(((y - symbols) ** 2).sum(axis=1).mean()), 2)
        ((10000, 4), 0.1)

    Source:
        He, Wang & Quek, eqs. (6), (10), (11).
    """

    snr_db: float = parameter(
        10.0, unit="dB", low=-100, high=200, live=True, doc="Signal-to-noise ratio per item."
    )
    signal_power: float | Literal["measured"] = parameter(
        1.0, above=0, doc="Mean power E||x||^2 of one item (linear), or 'measured'."
    )
    seed: int = parameter(0, doc="Seed of the noise.")

    x = Input("float32[...] | complex64[...]", doc="The sent signal.")
    y = Output(like="x", doc="The received signal.")

    energy: float = state(0.0, doc="Sum of ||x||^2 over the items so far, where it is measured.")

    def configure(self) -> None:
        self._snr = 10 ** (self.snr_db / 10)

    def start(self) -> None:
        item = self.input_types["x"]
        self._complex = item.dtype == "complex64"
        self._values = item.size
        self._reals = item.size * (2 if self._complex else 1)
        self._noise = CounterNoise(self.seed, self.name)

    def work(self, x: Array, at: int) -> Array:
        noise = self._noise.normal(at * self._reals, len(x) * self._reals)
        # One value's variance; a complex value shares it between its two rails.
        per_rail = self._snr * self._reals
        if self.signal_power == "measured":
            power = self._running_power(x, at)
            scale = np.sqrt(power / per_rail).astype(np.float32)
            y: Array = noise.reshape(len(x), -1) * scale[:, None]
        else:
            y = noise * np.float32(math.sqrt(self.signal_power / per_rail))
        y = (y.view(np.complex64) if self._complex else y).reshape(x.shape)
        y += x
        return y

    def _running_power(self, x: Array, at: int) -> Array:
        """Mean power of the items 0 to i for each item i of the chunk, float64[n]."""
        total = np.cumsum(np.concatenate([[self.energy], item_power(x)]))
        self.energy = float(total[-1])
        mean: Array = total[1:] / np.arange(at + 1, at + 1 + len(x))
        return mean
