"""Sound from a WAV file."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from semradio.blocks.api import Array, Output, ParameterError, block, parameter, state
from semradio.blocks.media.wav_chunks import WavFile, read_wav
from semradio.blocks.media.wav_samples import FORMATS, WavSamples
from semradio.blocks.sources.portion import Portion
from semradio.blocks.sources.stored_file_source import StoredFileSource


@block("wav_file_source", category="media")
class WavFileSource(StoredFileSource):
    """Give the sound of a WAV file as float32, -1 to 1: an output for each channel.

    The name is GNU Radio's, and so are the values: v / 2^(b - 1) of integers of b bits. Files have
    8, 16, 24 or 32 bits, or floats of 32 or 64, and may be longer than 4 GiB (RF64). They are
    read piece by piece. ``stream_to_vector`` makes frames of samples.

    A file with another number of channels than ``channels`` is an error, unless ``mix`` is
    ``mean``: then the mean of all its channels is given. So nothing is left out unseen. ``rate``
    does not change the rate: it is what the flowgraph is made for, and a file of another one is an
    error; ``rational_resampler`` changes it.

    Results:
        ``items``, samples of each channel that were given; of the file its ``rate`` in samples
        per second, ``channels``, ``format`` (u8, s16, s24, s32, f32 or f64) and ``seconds``.

    Raises:
        ParameterError: the file is missing, damaged or of another kind (compressed sound, too), or
            has another rate or other channels than are stated.
        StreamError: the file became shorter while it was read.

    Example:
        >>> tone = np.float32([0, 0.5, 0, -0.5])
        >>> _ = WavFileSink(file="tone.wav", rate=8000)(tone)
        >>> WavFileSource(file="tone.wav", rate=8000)()
        array([ 0. ,  0.5,  0. , -0.5], dtype=float32)
    """

    channels: int = parameter(1, low=1, high=1024, doc="Channels of the file: as many outputs.")
    mix: Literal["no", "mean"] = parameter(
        "no", doc="Whether the one output is the mean of all channels of the file."
    )
    rate: int | None = parameter(
        None, unit="samples/s", low=1, doc="Sample rate that the file must have."
    )
    repeat: bool = parameter(False, doc="Whether to begin again after the last sample.")
    offset: int = parameter(0, unit="items", low=0, doc="Samples to leave out at the beginning.")
    length: int | None = parameter(
        None, unit="items", low=0, doc="Samples to give (in one round); up to the end if not given."
    )

    y = Output("float32", count="channels", doc="The samples of each channel.")

    items: int = state(0, doc="Samples given.")

    def configure(self) -> None:
        super().configure()
        if self.mix == "mean" and self.channels != 1:
            raise ParameterError("'mix: mean' gives one channel: leave 'channels' at 1", "channels")

    def start(self) -> None:
        super().start()
        self._found = found = self._head()
        total, left = divmod(found.size, found.block)
        if left:
            self.note(f"the last {left} bytes of '{self._path}' are no whole sample: left out")
        for text in found.notes:
            self.note(f"'{self._path}': {text}")
        self._total = total
        self._portion = Portion(
            total,
            f"file '{self._path}'",
            offset=self.offset,
            length=self.length,
            repeat=self.repeat,
            unit="sample",
        )

    def work(self, n: int, at: int) -> tuple[Array, ...]:
        start, count = self._portion.piece(at, n)
        if self._portion.ends(at, n):
            self.finish()
        sound = self._read(self.offset + start, count)
        self.items = at + len(sound)
        if self.mix == "mean":
            return (sound.mean(axis=1, dtype=np.float64).astype(np.float32),)
        # Copies: a strided view would hold on to the samples of all channels.
        return tuple(np.ascontiguousarray(sound[:, k]) for k in range(self.channels))

    def results(self) -> dict[str, Any]:
        found = self._found
        names = {form: name for name, form in FORMATS.items()}
        return {
            "items": self.items,
            "rate": found.rate,
            "channels": found.channels,
            "format": names[self._samples],
            "seconds": self._total / found.rate,
        }

    def _head(self) -> WavFile:
        """Read what the file tells, and compare it with what is stated."""
        found = self._stored.parsed(read_wav)
        self._samples = WavSamples(found.kind, found.bits)
        whole = found.bits % 8 == 0 and found.block == found.channels * self._samples.nbytes
        if self._samples not in FORMATS.values() or not whole or not found.channels:
            raise self._wrong(
                f"holds sound of kind {found.kind} with {found.bits} bits, which is not read here: "
                "convert it to PCM of 16 bits first"
            )
        if found.rate == 0:
            raise self._wrong("is a WAV file with a sample rate of 0")
        if self.rate not in (None, found.rate):
            raise ParameterError(
                f"parameter 'rate' is {self.rate}, but file '{self._path}' has {found.rate} "
                "samples/s: state that, or convert the file",
                "rate",
            )
        if self.mix == "no" and found.channels != self.channels:
            raise ParameterError(
                f"parameter 'channels' is {self.channels}, but file '{self._path}' has "
                f"{found.channels}: state that, or 'mix: mean'",
                "channels",
            )
        return found

    def _read(self, start: int, n: int) -> Array:
        """Return samples of all channels, float32[n, channels]."""
        found = self._found
        raw = self._stored.read(found.begin + start * found.block, n * found.block)
        return self._samples.decode(raw).reshape(n, found.channels)
