"""Frames to the samples of bursts."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import (
    Array,
    Block,
    Input,
    ItemType,
    ItemTypeError,
    Output,
    StreamBlock,
    block,
    parameter,
    state,
)
from semradio.blocks.phy.burst_header import Header
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.transmitter import burst_symbols, pack, shape
from semradio.blocks.phy.waveform import Waveform, waveform
from semradio.blocks.radio.radio_tags import PACKET_LEN, TX_EOB, TX_SOB


@block("burst_modulator", category="phy")
class BurstModulator(StreamBlock):
    """Send frames over the air: bursts of samples that ``burst_demodulator`` turns into frames.

    A burst is a preamble, a header with its number, the frames of the waveform, packed back to
    back, two real values (or a complex one) to a symbol, with pilots between, and a tail. A frame
    should have the energy that the waveform states, 1 as a rule: payload and preamble are then
    equally strong. The last burst says that it is the last, and how many frames it has; so a
    burst leaves when the first frame after it has come, or the stream has ended.

    ``level`` is the power of the symbols in dBFS, the same for every burst; 0 dBFS is the power
    of a carrier of amplitude 1, and -12 dBFS keeps clipping below -50 dB. Each burst carries the
    tags ``tx_sob`` and ``packet_len`` on its first sample and ``tx_eob`` on its last. A receiver
    in another program needs samples behind the last burst to work on: ``silence`` appends them.

    Results:
        ``frames``, ``bursts``, ``samples``, and ``beyond``, samples beyond full scale.

    Raises:
        ParameterError: there is no such waveform.
        ItemTypeError: the frames are not those of the waveform.
        StreamError: a frame holds NaN or infinity.

    Example:
        >>> frames = np.ones((16, 23), np.float32) / np.sqrt(np.float32(23))
        >>> samples = BurstModulator(waveform="burst16", level=-12)(frames)
        >>> samples.dtype, samples.ndim
        (dtype('complex64'), 1)
    """

    waveform: str = parameter(
        "burst256",
        doc="Name of a waveform (burst256, burst64, burst16), also as burst64:complex64[16], or "
        "a YAML file.",
    )
    level: float = parameter(
        -12.0, low=-100, high=20, unit="dBFS", doc="Power of the symbols against full scale."
    )
    gap: int = parameter(16, low=0, high=1_000_000, unit="symbols", doc="Silence after a burst.")
    silence: int = parameter(
        0, low=0, high=100_000_000, unit="samples", doc="Silence at the end of the stream."
    )

    x = Input("float32[...] | complex64[...]", doc="The frames.")
    y = Output("complex64", doc="The samples.")

    held: list[Array] = state(factory=list, doc="Frames that wait for their burst to fill.")
    frames: int = state(0, doc="Frames so far.")
    bursts: int = state(0, doc="Bursts so far.")
    samples: int = state(0, doc="Samples so far.")
    beyond: int = state(0, doc="Samples with a rail beyond full scale.")

    def configure(self) -> None:
        self._waveform = waveform(self.waveform)

    def output_types(self, inputs: dict[str, ItemType]) -> dict[str, ItemType]:  # type: ignore[override]
        check_frames(inputs["x"], self._waveform, self.name)
        return {}

    def work(self, x: Array, at: int) -> Array:
        self.held.append(np.array(x))
        self.frames += len(x)
        size = self._waveform.frames
        # One frame more has to wait: without it, nobody knows whether the burst is the last.
        if self.frames - self.bursts * size <= size:
            return np.zeros(0, np.complex64)
        waiting = np.concatenate(self.held)
        whole = (len(waiting) - 1) // size
        bursts = [self._burst(waiting[k * size : (k + 1) * size], False) for k in range(whole)]
        self.held = [waiting[whole * size :]]
        return np.concatenate(bursts)

    def flush(self) -> Array:
        waiting = np.concatenate(self.held) if self.held else np.zeros(0)
        burst = [self._burst(waiting, True)] if len(waiting) else []
        self.samples += self.silence
        if self.beyond:
            self.note(
                f"{self.beyond} samples go beyond full scale, where a radio clips them: lower "
                "'level'"
            )
        return np.concatenate([*burst, np.zeros(self.silence, np.complex64)])

    def results(self) -> dict[str, int]:
        return {
            "frames": self.frames,
            "bursts": self.bursts,
            "samples": self.samples,
            "beyond": self.beyond,
        }

    def moved(self, index: int) -> int | None:
        """A tag on a frame goes to the first sample of the frame's burst."""
        size = self._waveform.frames
        return index // size * self._length

    @property
    def _length(self) -> int:
        """Samples of a burst with the gap behind it."""
        gap = self.gap * self._waveform.samples_per_symbol
        return layout_of(self._waveform).samples + gap

    def _burst(self, frames: Array, last: bool) -> Array:
        """Return the samples of the next burst, and leave its tags."""
        payload = pack(frames, self._waveform, self.bursts * self._waveform.frames)
        header = Header(self.bursts, len(frames), last)
        samples = shape(
            burst_symbols(payload, header, self._waveform), self._waveform, self.level, self.gap
        )
        mark_burst(self, self.samples, layout_of(self._waveform).samples)
        self.bursts += 1
        self.samples += len(samples)
        rails = np.abs(samples.view(np.float32))
        if rails.max() > 1:
            self.beyond += int((rails.reshape(-1, 2) > 1).any(axis=1).sum())
        return samples


def check_frames(item: ItemType, wanted: Waveform, name: str) -> None:
    """Raise ItemTypeError if the frames of a block are not those of its waveform."""
    if item != wanted.item_type:
        raise ItemTypeError(
            f"block '{name}' gets frames of {item}, but waveform {wanted} carries "
            f"{wanted.item_type}: use a waveform with 'item: {item}', such as "
            f"'{wanted.name.partition(':')[0]}:{item}'"
        )


def mark_burst(block: Block, first: int, samples: int) -> None:
    """Leave the tags of a burst of so many samples, the first of which has the index ``first``."""
    block.tag(TX_SOB, True, first)
    block.tag(PACKET_LEN, samples, first)
    block.tag(TX_EOB, True, first + samples - 1)
