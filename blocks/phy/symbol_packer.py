"""Frames joined to the payload of bursts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    Output,
    StreamBlock,
    block,
    parameter,
    state,
)
from semradio.blocks.phy.burst_modulator import check_frames
from semradio.blocks.phy.burst_tags import LAST, PART
from semradio.blocks.phy.transmitter import pack
from semradio.blocks.phy.waveform import waveform


@block("symbol_packer", category="phy")
class SymbolPacker(StreamBlock):
    """Join the frames of each burst to its payload symbols, shuffled.

    The first of three steps of ``burst_modulator``. The values of the frames follow each other,
    two real ones (or one complex one) to a symbol, scaled so that a frame of the waveform's
    energy gives symbols of mean power 1, and change places in an order that never changes. A last
    burst that is not full is filled; its item carries the tag ``part``, its number of frames, and
    the last item of all the tag ``last``. So an item leaves when the first frame after it has
    come, or the stream has ended.

    Raises:
        ParameterError: there is no such waveform.
        ItemTypeError: the frames are not those of the waveform.
        StreamError: a frame holds NaN or infinity.

    Example:
        >>> frames = np.ones((16, 23), np.float32) / np.sqrt(np.float32(23))
        >>> SymbolPacker(waveform="burst16")(frames).shape
        (1, 184)
    """

    waveform: str = parameter("burst256", doc="Name of the waveform, or a YAML file.")

    x = Input("float32[...] | complex64[...]", doc="The frames.")
    y = Output(doc="The payload symbols of a burst.")

    held: list[Array] = state(factory=list, doc="Frames that wait for their burst to fill.")
    frames: int = state(0, doc="Frames so far.")
    bursts: int = state(0, doc="Bursts so far.")

    def configure(self) -> None:
        self._waveform = waveform(self.waveform)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        check_frames(inputs["x"], self._waveform, self.name)
        return {"y": ItemType("complex64", (self._waveform.payload,))}

    def work(self, x: Array, at: int) -> Array:
        self.held.append(np.array(x))
        self.frames += len(x)
        size = self._waveform.frames
        empty: Array = np.empty((0, self._waveform.payload), np.complex64)
        if self.frames - self.bursts * size <= size:
            return empty
        waiting = np.concatenate(self.held)
        whole = (len(waiting) - 1) // size
        packed = [self._packed(waiting[k * size : (k + 1) * size]) for k in range(whole)]
        self.held = [waiting[whole * size :]]
        return np.stack(packed)

    def flush(self) -> Array | None:
        waiting = np.concatenate(self.held) if self.held else self.held
        if not len(waiting):
            return None
        if len(waiting) < self._waveform.frames:
            self.tag(PART, len(waiting), self.bursts)
        self.tag(LAST, True, self.bursts)
        return self._packed(np.asarray(waiting))[None]

    def moved(self, index: int) -> int:
        """A tag on a frame goes to its burst."""
        return index // self._waveform.frames

    def _packed(self, frames: Array) -> Array:
        payload = pack(frames, self._waveform, self.bursts * self._waveform.frames)
        self.bursts += 1
        return payload
