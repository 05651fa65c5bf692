"""The samples of detected bursts to symbols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    Output,
    StreamError,
    SyncBlock,
    Tag,
    block,
    parameter,
    state,
)
from semradio.blocks.phy.burst_framer import check_symbols
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.burst_tags import CFO, CLOCK, DELAY, PREAMBLE
from semradio.blocks.phy.receiver import synchroniser_of
from semradio.blocks.phy.waveform import waveform


@block("burst_synchroniser", category="phy")
class BurstSynchroniser(SyncBlock):
    """Filter the symbols out of detected bursts, in time and without frequency offset.

    The second of four steps of ``burst_demodulator``. The preamble gives the delay, the tail the
    drift of the sampling clock, all known symbols the frequency. An item is two values for each
    symbol: one half a symbol before it, and one on it. Tags: ``cfo``, ``delay``, ``clock_ppm``.

    Raises:
        ParameterError: there is no such waveform.
        ItemTypeError: the items are not what ``burst_detector`` gives for the waveform.
        StreamError: a burst comes without its tag ``preamble``.

    Example:
        >>> frames = np.ones((16, 23), np.float32) / np.sqrt(np.float32(23))
        >>> link = Flowgraph("link")
        >>> sink = VectorSink()
        >>> link.connect(
        ...     VectorSource(data=frames),
        ...     BurstModulator(waveform="burst16"),
        ...     BurstDetector(waveform="burst16"),
        ...     BurstSynchroniser(waveform="burst16"),
        ...     sink,
        ... )
        >>> results = link.run()
        >>> len(sink.data)
        1
    """

    listens = (PREAMBLE,)

    waveform: str = parameter("burst256", doc="Name of the waveform, or a YAML file.")

    x = Input("complex64[*]", doc="The samples of a burst.")
    y = Output(doc="Its symbols, two values for each.")

    preamble: dict[str, Any] | None = state(None, doc="What the detector said of the next burst.")

    def configure(self) -> None:
        self._waveform = waveform(self.waveform)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        check_symbols(inputs["x"], synchroniser_of(self._waveform).samples, self.name)
        return {"y": ItemType("complex64", (2 * layout_of(self._waveform).symbols,))}

    def on_tag(self, tag: Tag) -> None:
        self.preamble = tag.value

    def work(self, x: Array, at: int) -> Array:
        y = np.empty((len(x), *self.output_item_types["y"].shape), np.complex64)
        for k in range(len(x)):
            if self.preamble is None:
                raise StreamError(
                    f"burst {at + k} has no tag '{PREAMBLE}'; 'burst_detector' leaves it"
                )
            self._one(x[k : k + 1], y[k], at + k, self.preamble)
            self.preamble = None
        return y

    def _one(self, cut: Array, y: Array, index: int, preamble: dict[str, Any]) -> None:
        sync = synchroniser_of(self._waveform)
        found = sync(cut, np.array([preamble["delay"]]), np.array([preamble["cfo"]]))
        y[0::2] = sync.halves(cut, found)[0]
        y[1::2] = found.symbols[0]
        clock = -float(found.drift[0]) / self._waveform.samples_per_symbol
        self.tag(CFO, float(found.cfo[0]), index)
        self.tag(DELAY, preamble["at"] + float(found.delay[0]), index)
        self.tag(CLOCK, clock * 1e6, index)
