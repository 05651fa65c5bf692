"""Bursts found in samples and cut out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    Output,
    StreamBlock,
    Tag,
    block,
    parameter,
    state,
)
from semradio.blocks.api.tag import GAP
from semradio.blocks.phy.burst_tags import PREAMBLE
from semradio.blocks.phy.receiver import Cut, Cutter, synchroniser_of
from semradio.blocks.phy.waveform import waveform


@block("burst_detector", category="phy")
class BurstDetector(StreamBlock):
    """Find bursts and cut them out of the stream: the first of four steps of ``burst_demodulator``.

    The products of neighbouring segments of the preamble find it at any gain, phase and frequency
    offset within 2 % of the symbol rate; added up in phase, the preamble must then explain a
    fifth of its energy. An item is the samples of one burst, at unit mean power, with the tag
    ``preamble``: a dictionary of ``at`` (the sample where the first symbol is expected),
    ``delay`` (samples from there to where it is), ``cfo``, ``metric``, ``complete``, ``overlaps``
    and ``clipped``. Tags of the samples end here.

    Results:
        ``bursts``; ``swapped``, bursts whose I and Q are exchanged.

    Raises:
        ParameterError: there is no such waveform.
        StreamError: a sample is NaN or infinite.

    Example:
        >>> frames = np.ones((16, 23), np.float32) / np.sqrt(np.float32(23))
        >>> samples = BurstModulator(waveform="burst16")(frames)
        >>> bursts = BurstDetector(waveform="burst16")(Delay(items=100)(samples))
        >>> bursts.ndim, len(bursts)
        (2, 1)
    """

    listens = (GAP,)

    waveform: str = parameter("burst256", doc="Name of the waveform, or a YAML file.")

    x = Input("complex64", doc="Samples.")
    y = Output(doc="The samples of a burst.")

    cutter: Cutter | None = state(None, doc="Looks for bursts; None before the first sample.")
    bursts: int = state(0, doc="Bursts so far.")

    def configure(self) -> None:
        self._waveform = waveform(self.waveform)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType("complex64", (synchroniser_of(self._waveform).samples,))}

    def on_tag(self, tag: Tag) -> None:
        self._cutter().interrupt()

    def work(self, x: Array, at: int) -> Array:
        return self._marked(self._cutter().push(x))

    def flush(self) -> Array:
        return self._marked(self._cutter().flush())

    def moved(self, index: int) -> None:
        """Tags of samples end here."""

    def results(self) -> dict[str, int]:
        return {"bursts": self.bursts, "swapped": self._cutter().swapped}

    so_far = results

    def _marked(self, blocks: Iterable[list[Cut]]) -> Array:
        found: list[Array] = [self.output_item_types["y"].empty()]
        for cut in (cut for cuts in blocks for cut in cuts):
            said = cut._asdict()
            found.append(said.pop("samples")[None])
            self.tag(PREAMBLE, said, self.bursts)
            self.bursts += 1
        return np.concatenate(found)

    def _cutter(self) -> Cutter:
        if self.cutter is None:
            self.cutter = Cutter(self._waveform)
        return self.cutter
