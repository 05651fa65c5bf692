"""The symbols of bursts to their payload."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    Output,
    SyncBlock,
    Tag,
    block,
    parameter,
    state,
)
from semradio.blocks.phy.burst_framer import check_symbols
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.burst_tags import CFO, HEADER, SNR
from semradio.blocks.phy.receiver import equaliser_of
from semradio.blocks.phy.waveform import waveform


@block("burst_equaliser", category="phy")
class BurstEqualiser(SyncBlock):
    """Read the header and take channel, phase and gain out of the payload of each burst.

    The third of four steps of ``burst_demodulator``. Everything is learned from known symbols,
    and the result has no bias: it is what was sent plus noise. Echoes, where there are any, are
    undone by a filter of half-symbol taps; a DC offset and the mirror image of unequal rails are
    taken away where they are beyond doubt. Tags: ``header``, a dictionary of ``counter``,
    ``frames``, ``last``, ``code`` (the hash of the sender's waveform), ``ok``, ``filtered``,
    ``cleaned`` and ``doubtful``; and ``snr_db``.

    Raises:
        ParameterError: there is no such waveform.
        ItemTypeError: the items are not what ``burst_synchroniser`` gives for the waveform.

    Example:
        >>> frames = np.ones((16, 23), np.float32) / np.sqrt(np.float32(23))
        >>> link = Flowgraph("link")
        >>> sink = VectorSink()
        >>> link.connect(
        ...     VectorSource(data=frames),
        ...     BurstModulator(waveform="burst16"),
        ...     BurstDetector(waveform="burst16"),
        ...     BurstSynchroniser(waveform="burst16"),
        ...     BurstEqualiser(waveform="burst16"),
        ...     sink,
        ... )
        >>> results = link.run()
        >>> sink.data.shape
        (1, 184)
    """

    listens = (CFO,)

    waveform: str = parameter("burst256", doc="Name of the waveform, or a YAML file.")
    linewidth: float | None = parameter(
        None,
        low=0,
        high=1e-2,
        doc="Phase noise to be ready for: linewidth of the oscillators over the symbol rate; null: "
        "estimated in each burst.",
    )

    x = Input("complex64[*]", doc="The symbols of a burst, two values for each.")
    y = Output(doc="Its payload symbols.")

    cfo: float = state(0.0, doc="Frequency offset that was taken out of the next burst.")

    def configure(self) -> None:
        self._waveform = waveform(self.waveform)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        check_symbols(inputs["x"], 2 * layout_of(self._waveform).symbols, self.name)
        return {"y": ItemType("complex64", (self._waveform.payload,))}

    def on_tag(self, tag: Tag) -> None:
        self.cfo = float(tag.value)

    def work(self, x: Array, at: int) -> Array:
        y = np.empty((len(x), self._waveform.payload), np.complex64)
        for k in range(len(x)):
            self._one(x[k : k + 1], y[k], at + k)
        return y

    def _one(self, x: Array, y: Array, index: int) -> None:
        symbols = np.ascontiguousarray(x[:, 1::2])
        equalise = equaliser_of(self._waveform, self.linewidth)
        found = equalise(symbols, lambda rows: x[rows, 0::2], np.array([self.cfo]))
        y[:] = found.payload[0]
        said = {
            **found.headers[0]._asdict(),
            "code": found.codes[0],
            "ok": found.codes[0] == self._waveform.code,
            "filtered": bool(found.filtered[0]),
            "cleaned": bool(found.cleaned[0]),
            "doubtful": bool(found.doubtful[0]),
        }
        self.tag(HEADER, said, index)
        self.tag(SNR, float(found.snr_db[0]), index)
