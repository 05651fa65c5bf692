"""Sound from a WAV file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from semradio.blocks.api import Array, Output, ParameterError, Source, block, parameter, state
from semradio.blocks.media.wav_chunks import WavFile, read_wav
from semradio.blocks.media.wav_samples import FORMATS, WavSamples
from semradio.blocks.stored_file import fill, opened


@block("wav_file_source", category="media")
class WavFileSource(Source):
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

    file: str = parameter(doc="Path of the file.")
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

    _descriptor: int | None = None

    def configure(self) -> None:
        self._path = Path(self.file).expanduser()
        if self.mix == "mean" and self.channels != 1:
            raise ParameterError("'mix: mean' gives one channel: leave 'channels' at 1", "channels")

    def start(self) -> None:
        self._descriptor = opened(self._path)
        self._found = found = self._head(self._descriptor)
        total, left = divmod(found.size, found.block)
        if left:
            self.note(f"the last {left} bytes of '{self._path}' are no whole sample: left out")
        for text in found.notes:
            self.note(f"'{self._path}': {text}")
        self._total = total
        self._count = total - self.offset if self.length is None else self.length
        if self.offset > total or self._count > total - self.offset:
            name = "offset" if self.offset > total else "length"
            raise ParameterError(
                f"parameter '{name}' is {getattr(self, name)}, but file '{self._path}' holds only "
                f"{total} samples",
                name,
            )
        if self.repeat and self._count == 0:
            raise ParameterError(
                f"parameter 'repeat': file '{self._path}' gives no samples to repeat", "repeat"
            )

    def reads(self) -> Sequence[Path]:
        return [self._path]

    def restore(self, saved: None) -> None:
        """Do nothing: what comes next follows from its index."""

    def stop(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def work(self, n: int, at: int) -> tuple[Array, ...]:
        start = at % self._count if self.repeat else at
        if not self.repeat and at + n >= self._count:
            self.finish()
        sound = self._read(self.offset + start, min(n, self._count - start))
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

    def _head(self, descriptor: int) -> WavFile:
        """Read what the file tells, and compare it with what is stated."""
        with os.fdopen(os.dup(descriptor), "rb") as stream:
            stream.seek(0)
            try:
                found = read_wav(stream, os.fstat(descriptor).st_size)
            except ValueError as error:
                raise self._wrong(f"{error}") from None
            except OSError as error:
                raise self._wrong(f"cannot be read: {error.strerror}") from None
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

    def _wrong(self, text: str) -> ParameterError:
        return ParameterError(f"file '{self._path}' {text}", "file")

    def _read(self, start: int, n: int) -> Array:
        """Return samples of all channels, float32[n, channels]."""
        assert self._descriptor is not None  # between start() and stop()
        found = self._found
        raw = np.empty(n * found.block, np.uint8)
        place = found.begin + start * found.block
        fill(self._descriptor, raw.data, place, f"file '{self._path}'")
        return self._samples.decode(raw).reshape(n, found.channels)
