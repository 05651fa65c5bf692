"""What both ends of the colour link have in common."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from semradio.blocks.api import Array, ModelError, ParameterError, parameter
from semradio.blocks.neural.model_block import NamedModelBlock

CHANNELS = 3
"""Of a colour pixel."""
_TRIAL_SIDE = 32
"""Pixels a side of the picture that a model is tried with."""
_PIXELS_AT_ONCE = 1 << 16
"""Pixels of the pictures of one run: larger ones go one by one, which bounds the memory and makes
the results the same however a stream of them is cut."""


class DeepJsccModelBlock(NamedModelBlock):
    """Base of encoder and decoder: models of open height and width, and a nested code.

    A model works on places of ``stride`` x ``stride`` pixels, each of which has as many symbols as
    the highest rate takes; of these the first ``uses`` are sent.
    """

    values_per_use: float = parameter(
        12.0,
        low=1,
        doc="Source values (pixels times three) for each channel use, n/k; the first symbols of "
        "each place are used.",
    )
    snr_db: float = parameter(
        10.0,
        low=-100,
        high=200,
        live=True,
        unit="dB",
        doc="Es/N0 of a complex symbol that this end believes in.",
    )

    stride: int
    """Side of a place in pixels."""
    symbols: int
    """Symbols of a place at the model's highest rate."""
    uses: int
    """Symbols of a place that are sent."""

    def configure(self) -> None:
        super().configure()
        self.stride, self.symbols = self.measures()
        values = CHANNELS * self.stride**2
        uses = round(values / self.values_per_use)
        if (
            not 1 <= uses <= self.symbols
            or abs(uses * self.values_per_use - values) > 1e-6 * values
        ):
            steps = ", ".join(f"{values / n:g}" for n in self.rates_offered())
            raise ParameterError(
                f"model '{self.model}' sends whole symbols for each place of {self.stride} x "
                f"{self.stride} pixels: 'values_per_use' {self.values_per_use:g} is none of "
                f"{steps}",
                "values_per_use",
            )
        self.uses = uses

    def measures(self) -> tuple[int, int]:
        """Return stride and symbols of the model, found by a trial run."""
        raise NotImplementedError

    def rates_offered(self) -> list[int]:
        """Return the symbols of a place that a message names: the usual rates."""
        values = CHANNELS * self.stride**2
        usual = [values // n for n in (24, 12, 6, 3) if values % n == 0]
        return [uses for uses in usual if 1 <= uses <= self.symbols]

    def tried(self, feed: dict[str, Array]) -> Array:
        """Return the model's result for a trial; ModelError if it is none of this kind."""
        result = self.session.run_once([self.result], feed)[0]
        if not isinstance(result, np.ndarray) or result.ndim != 4:
            raise ModelError(
                f"model '{self.model}' gives {result.dtype}{list(result.shape)}; the block "
                f"'{self.block_type}' takes one that gives four axes, the batch first"
            )
        return result

    def told(self, count: int) -> dict[str, Array]:
        """Return what the model is told of the channel, for so many pictures."""
        facts = {"snr_db": self.snr_db, "uses": float(self.uses)}
        return {
            name: np.full((count, 1), value, np.float32)
            for name, value in facts.items()
            if name in self.tensors
        }

    def start(self) -> None:
        self._run = self.session.runner()

    def groups(self, count: int, pixels: int) -> Iterator[slice]:
        """Yield the parts of a chunk that are run at once."""
        size = max(1, min(_PIXELS_AT_ONCE // pixels, self.max_batch))
        for first in range(0, count, size):
            yield slice(first, min(first + size, count))


def trial_picture() -> Array:
    """Return a picture to try a model with: uint8[1, rows, columns, 3]."""
    ramp = np.arange(_TRIAL_SIDE, dtype=np.uint8) * 7
    return np.broadcast_to(
        ramp[None, :, None, None], (1, _TRIAL_SIDE, _TRIAL_SIDE, CHANNELS)
    ).copy()
