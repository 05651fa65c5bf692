"""The payload of bursts set between preamble, header, pilots and tail."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    Output,
    SyncBlock,
    Tag,
    block,
    parameter,
    state,
)
from semradio.blocks.phy.burst_header import Header
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.burst_tags import LAST, PART
from semradio.blocks.phy.transmitter import burst_symbols
from semradio.blocks.phy.waveform import waveform


@block("burst_framer", category="phy")
class BurstFramer(SyncBlock):
    """Put preamble, header, pilots and tail around the payload of each burst.

    The second of three steps of ``burst_modulator``. The header's counter is the number of the
    item; the tags ``part`` and ``last`` of ``symbol_packer`` go into it.

    Raises:
        ParameterError: there is no such waveform.
        ItemTypeError: the payload is not as long as that of the waveform.

    Example:
        >>> frames = np.ones((16, 23), np.float32) / np.sqrt(np.float32(23))
        >>> payload = SymbolPacker(waveform="burst16")(frames)
        >>> bursts = BurstFramer(waveform="burst16")(payload)
        >>> payload.shape, len(bursts), bursts.shape[1] > payload.shape[1]
        ((1, 184), 1, True)
    """

    listens = (PART, LAST)

    waveform: str = parameter("burst256", doc="Name of the waveform, or a YAML file.")

    x = Input("complex64[*]", doc="The payload symbols of a burst.")
    y = Output(doc="All symbols of the burst.")

    part: int | None = state(None, doc="Frames of the next burst, if it has not all.")
    last: bool = state(False, doc="Whether the next burst is the last.")

    def configure(self) -> None:
        self._waveform = waveform(self.waveform)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        check_symbols(inputs["x"], self._waveform.payload, self.name)
        return {"y": ItemType("complex64", (layout_of(self._waveform).symbols,))}

    def on_tag(self, tag: Tag) -> None:
        if tag.key == PART:
            self.part = int(tag.value)
        else:
            self.last = bool(tag.value)

    def work(self, x: Array, at: int) -> Array:
        y = np.empty((len(x), layout_of(self._waveform).symbols), np.complex64)
        for k, payload in enumerate(x):
            frames = self._waveform.frames if self.part is None else self.part
            y[k] = burst_symbols(payload, Header(at + k, frames, self.last), self._waveform)
            self.part, self.last = None, False
        return y


def check_symbols(item: ItemType, wanted: int, name: str) -> None:
    """Raise ItemTypeError if an item has not as many symbols as the waveform says."""
    if item.size != wanted:
        raise ItemTypeError(
            f"block '{name}' takes items of {wanted} values with its waveform, not {item}: give "
            "all blocks of a link the same 'waveform'"
        )
