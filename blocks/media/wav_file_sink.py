"""Sound to a WAV file."""

from __future__ import annotations

from typing import Any, BinaryIO, Literal

import numpy as np

from semradio.blocks.api import Array, Input, block, parameter, state
from semradio.blocks.media.wav_chunks import wav_start
from semradio.blocks.media.wav_samples import FORMATS
from semradio.blocks.sinks.part_file_sink import PartFileSink


@block("wav_file_sink", category="media")
class WavFileSink(PartFileSink):
    """Write sound to a WAV file: an input, float32 from -1 to 1, for each channel.

    The name is GNU Radio's, and so are the samples: integers of b bits are the nearest to x (2^(b
    - 1) - 1). What lies beyond -1 to 1 is clipped and counted, where GNU Radio lets it wrap around;
    NaN becomes silence, and is counted too. Floats (``f32``, ``f64``) are written as they come.
    Beyond 4 GiB it is an RF64 file. The sound goes to ``FILE.part``, which takes the place of FILE
    when the stream has ended.

    Results:
        ``items``, samples of each channel; ``seconds`` of sound; ``clipped``, samples beyond full
        scale; and the ``file``.

    Raises:
        ParameterError: the file cannot be written.
        StreamError: writing failed later, for instance because the disk is full.

    Example:
        >>> left, right = np.zeros(4000, np.float32), np.ones(4000, np.float32)
        >>> WavFileSink(file="two.wav", rate=8000, channels=2)(left, right)
        {'items': 4000, 'seconds': 0.5, 'clipped': 0, 'file': 'two.wav'}
    """

    rate: int = parameter(unit="samples/s", low=1, high=0xFFFFFFFF, doc="Sample rate.")
    channels: int = parameter(1, low=1, high=1024, doc="Number of channels: as many inputs.")
    format: Literal["u8", "s16", "s24", "s32", "f32", "f64"] = parameter(
        "s16", doc="Integers of 8 (unsigned), 16, 24 or 32 bits, or floats."
    )

    x = Input("float32", count="channels", doc="The samples of each channel.")

    clipped: int = state(0, doc="Samples beyond full scale.")

    def configure(self) -> None:
        super().configure()
        self._samples = FORMATS[self.format]

    def begin(self, stream: BinaryIO) -> None:
        stream.write(self._start(0))

    def work(self, x: list[Array], at: int) -> None:
        sound = np.ascontiguousarray(np.stack(x, axis=1)).reshape(-1)
        raw, clipped = self._samples.encode(sound)
        self.write(raw.data)
        self.items += len(x[0])
        self.clipped += clipped

    def complete(self, stream: BinaryIO) -> None:
        size = self.items * self.channels * self._samples.nbytes
        stream.write(bytes(size % 2))
        stream.seek(0)
        stream.write(self._start(size))
        if self.clipped:
            self.note(f"{self.clipped} samples went beyond full scale and were clipped")

    def results(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "seconds": self.items / self.rate,
            "clipped": self.clipped,
            "file": str(self._path),
        }

    def _start(self, size: int) -> bytes:
        form = self._samples
        return wav_start(form.kind, self.channels, self.rate, form.bits, size)
