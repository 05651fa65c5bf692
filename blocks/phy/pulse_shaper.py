"""The symbols of bursts to samples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import Array, Input, ItemType, Output, RateBlock, block, parameter
from semradio.blocks.phy.burst_framer import check_symbols
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.burst_modulator import mark_burst
from semradio.blocks.phy.transmitter import shape
from semradio.blocks.phy.waveform import waveform


@block("pulse_shaper", category="phy")
class PulseShaper(RateBlock):
    """Send each symbol of a burst as a root-raised-cosine pulse.

    The last of three steps of ``burst_modulator``. Bursts carry the tags ``tx_sob`` and
    ``packet_len`` on their first sample and ``tx_eob`` on their last; the first symbol stands
    half a pulse after the first sample.

    Raises:
        ParameterError: there is no such waveform.
        ItemTypeError: the bursts have not as many symbols as those of the waveform.

    Example:
        >>> frames = np.ones((16, 23), np.float32) / np.sqrt(np.float32(23))
        >>> bursts = BurstFramer(waveform="burst16")(SymbolPacker(waveform="burst16")(frames))
        >>> samples = PulseShaper(waveform="burst16", level=-12)(bursts)
        >>> samples.dtype, len(samples) > 4 * bursts.shape[1]
        (dtype('complex64'), True)
    """

    waveform: str = parameter("burst256", doc="Name of the waveform, or a YAML file.")
    level: float = parameter(
        -12.0, low=-100, high=20, unit="dBFS", doc="Power of the symbols against full scale."
    )
    gap: int = parameter(16, low=0, high=1_000_000, unit="symbols", doc="Silence after a burst.")

    x = Input("complex64[*]", doc="All symbols of a burst.")
    y = Output("complex64", doc="The samples.")

    def configure(self) -> None:
        self._waveform = waveform(self.waveform)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        check_symbols(inputs["x"], layout_of(self._waveform).symbols, self.name)
        return {}

    def rate(self) -> tuple[int, int]:
        gap = self.gap * self._waveform.samples_per_symbol
        return 1, layout_of(self._waveform).samples + gap

    def work(self, x: Array, at: int) -> Array:
        samples = self.rate()[1]
        y = np.empty((len(x), samples), np.complex64)
        for k, symbols in enumerate(x):
            y[k] = shape(symbols, self._waveform, self.level, self.gap)
            mark_burst(self, (at + k) * samples, layout_of(self._waveform).samples)
        return y.reshape(-1)
