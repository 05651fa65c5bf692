"""The phase noise of a free-running oscillator."""

from __future__ import annotations

import math

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter, state
from semradio.blocks.channels.phase_walk import PhaseWalk
from semradio.blocks.channels.sample_units import per_sample


@block("phase_noise", category="channels")
class PhaseNoise(SyncBlock):
    """Turn samples by a phase that walks at random: ``y[n] = x[n] exp(i theta[n])``.

    theta is a Wiener process: it starts at 0, and its steps from sample to sample are independent
    N(0, 2 pi linewidth), linewidth in cycles per sample, or in Hz with ``sample_rate``. A carrier
    so turned has a Lorentzian line whose full width at half maximum is ``linewidth``. The steps
    are drawn by counter and added up in blocks at fixed indices: theta[n] is a function of seed,
    block name, linewidth and n alone. A live change of the linewidth goes on from the phase
    reached.

    Example:
        >>> y = PhaseNoise(linewidth=1e-4, seed=1)(np.ones(1000, np.complex64))
        >>> bool(np.allclose(np.abs(y), 1, atol=1e-6)), bool(np.angle(y[-1]) != 0)
        (True, True)

    Source:
        Demir, Mehrotra & Roychowdhury, "Phase noise in oscillators", IEEE Trans. Circuits and
        Systems I 47(5), 2000.
    """

    linewidth: float = parameter(
        1e-5,
        low=0,
        live=True,
        doc="Full width of the line, in cycles per sample, or in Hz where sample_rate is given.",
    )
    sample_rate: float | None = parameter(
        None, above=0, unit="Hz", doc="Rate of the samples; null: the width is per sample."
    )
    seed: int = parameter(0, doc="Seed of the walk.")

    x = Input("complex64", doc="IQ samples.")
    y = Output(like="x", doc="The turned samples.")

    angle: float = state(0.0, doc="Phase in radians at the start of the present block of steps.")

    def start(self) -> None:
        self._walk = PhaseWalk(self.seed, self.name, self._step())

    def changed(self, name: str, at: int) -> None:
        if name == "linewidth":
            self.angle = self._walk.changed(self._step(), self.angle, at)

    def work(self, x: Array, at: int) -> Array:
        if not self.linewidth and not self.angle:
            return x
        rotation, self.angle = self._walk.rotation(self.angle, at, len(x))
        y: Array = x * rotation
        return y

    def _step(self) -> float:
        """Standard deviation of one step, in radians."""
        return math.sqrt(2 * math.pi * per_sample(self.linewidth, self.sample_rate))
