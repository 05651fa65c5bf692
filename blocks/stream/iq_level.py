"""IQ samples at a level against full scale."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, Output, SyncBlock, Tag, block, parameter, state
from semradio.blocks.radio.radio_tags import number
from semradio.blocks.radio.signal_level import SignalLevel

LEVEL = "iq_level"
"""Key of the tag that tells a receiver in the same flowgraph the sender's level in dBFS."""


@block("iq_level", category="stream")
class IqLevel(SyncBlock):
    """Bring IQ samples of a known mean power to a level in dBFS, or back: ``y = g x``.

    ``g = sqrt(10^(level/10) / signal_power)``; with ``inverse``, ``y = x / g``. 0 dBFS is the
    power of a carrier of amplitude 1; converters clip beyond 1.0 on each rail. Frames of N real
    values of total power 1, paired by ``real_to_complex``, have ``signal_power`` 2 / N. The gain
    is constant: one that followed the peak of each chunk would change from burst to burst.
    Noise-like signals need some 10 dB of headroom: -12 dBFS keeps clipping below -50 dB.

    The level travels in the tag ``iq_level``, on the first sample and after each change, and an
    inverse block downstream follows it; where no tag arrives, its own ``level`` counts.

    Results:
        ``items``; ``gain_db``; ``level_dbfs``, ``peak_dbfs`` and ``clipped`` (samples with a rail
        at full scale) of the side that has the level.

    Example:
        >>> pairs = RealToComplex()(np.ones((100, 23), np.float32) / np.sqrt(np.float32(23)))
        >>> y = IqLevel(level=-12, signal_power=2 / 23)(pairs)
        >>> float(10 * np.log10(np.mean(np.abs(y) ** 2)).round(1))
        -12.0
    """

    level: float = parameter(
        -12.0, low=-100, high=20, unit="dBFS", live=True, doc="Mean power against full scale."
    )
    signal_power: float = parameter(
        1.0, above=0, doc="Mean power E|x|^2 of one sample without the gain (linear)."
    )
    inverse: bool = parameter(False, doc="Whether to undo the gain.")

    x = Input("complex64", doc="IQ samples.")
    y = Output(like="x", doc="The samples times the gain.")

    items: int = state(0, doc="Samples so far.")
    told: float | None = state(None, doc="Level by the latest tag, for an inverse block.")
    measured: SignalLevel = state(factory=SignalLevel, doc="Strength of the samples at the level.")

    def configure(self) -> None:
        self.listens = (LEVEL,) if self.inverse else ()

    def on_start(self) -> None:
        self.changed("level", 0)

    def changed(self, name: str, at: int) -> None:
        if not self.inverse and self.enabled:
            self.tag(LEVEL, self.level, at)

    def on_tag(self, tag: Tag) -> None:
        self.told = number(tag.value)

    def work(self, x: Array, at: int) -> Array:
        factor = math.sqrt(10 ** (self._level / 10) / self.signal_power)
        y: Array = x * np.float32(1 / factor if self.inverse else factor)
        self.items += len(x)
        self.measured.add(x if self.inverse else y)
        return y

    def results(self) -> dict[str, Any]:
        gain = self._level - 10 * math.log10(self.signal_power)
        return {
            "items": self.items,
            "gain_db": -gain if self.inverse else gain,
            **self.measured.results(),
        }

    so_far = results

    @property
    def _level(self) -> float:
        return self.level if self.told is None else self.told
