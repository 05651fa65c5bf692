"""Noise."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.special import ndtr  # type: ignore[import-untyped]

from semradio.blocks.api import Array, ItemType, Output, Source, block, parameter
from semradio.blocks.channels.counter_noise import CounterNoise


@block("noise_source", category="sources")
class NoiseSource(Source):
    """Give white noise: sample n is a function of seed, block name and n alone.

    Amplitude a, as for GNU Radio's Noise Source: ``gaussian`` has the standard deviation a (the
    mean power a^2, of which a complex sample has half on each rail); ``uniform`` lies between -a
    and a, on each rail; ``laplacian`` has the density exp(-|y|/a) / 2a, on each rail.

    Example:
        >>> x = NoiseSource(amplitude=2, items=100_000, seed=1)()
        >>> x.dtype, round(float(np.mean(np.abs(x) ** 2)), 1)
        (dtype('complex64'), 4.0)
    """

    distribution: Literal["gaussian", "uniform", "laplacian"] = parameter(
        "gaussian", doc="Distribution of the samples."
    )
    amplitude: float = parameter(1.0, low=0, live=True, doc="a, see above.")
    seed: int = parameter(0, doc="Seed of the noise.")
    type: Literal["complex64", "float32"] = parameter("complex64", doc="Type of the samples.")
    items: int | None = parameter(
        None, low=0, unit="items", doc="Number of samples; null: without end."
    )

    y = Output(doc="The noise.")

    def output_types(self, inputs: object) -> dict[str, ItemType]:
        return {"y": ItemType(self.type)}

    def start(self) -> None:
        self._noise = CounterNoise(self.seed, self.name)
        self._reals = 2 if self.type == "complex64" else 1

    def work(self, n: int, at: int) -> Array:
        if self.items is not None:
            n = min(n, self.items - at)
            if at + n >= self.items:
                self.finish()
        normal = self._noise.normal(at * self._reals, n * self._reals)
        scale = self.amplitude
        if self.distribution == "gaussian":
            y = normal * np.float32(scale / np.sqrt(self._reals))
        elif self.distribution == "uniform":
            # The normal distribution's own function makes its samples uniform from 0 to 1.
            y = (ndtr(normal) * np.float32(2) - np.float32(1)) * np.float32(scale)
        else:
            # Of the two tails of a uniform number, the nearer one: -log of twice that.
            tail = np.log(np.float32(2) * ndtr(-np.abs(normal)))
            y = np.copysign(tail, normal) * np.float32(scale)
        return y.view(np.complex64) if self._reals == 2 else y
