"""IQ samples from a file of another program."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from semradio.blocks.api import Array, Output, ParameterError, Source, block, parameter
from semradio.blocks.media.wav_chunks import is_wav
from semradio.blocks.radio.iq_format import raw_format
from semradio.blocks.radio.radio_tags import RX_FREQ, RX_RATE, RX_TIME, time_value
from semradio.blocks.radio.wav_header import WavHead, read_head
from semradio.blocks.sources.known_format import known_format
from semradio.blocks.stored_file import fill, opened

_LOOKED_AT = 512


@block("iq_file_source", category="radio")
class IqFileSource(Source):
    """Give the IQ samples of a raw or WAV file as complex64; full scale is 1.0 per rail.

    Raw formats are ``cu8`` (RTL-SDR: (v - 127.5) / 127.5), ``cs8`` (v / 128), ``cs16`` (v /
    32768), ``cf32`` and ``cf64``, by ``format`` or by the ending of the file's name: ``.cu8``,
    ``.cs16``, ``.cfile``, ``.complex16u`` and so on. WAV files (SDR#, HDSDR, SDRuno; 8, 16, 24 or
    32 bits or floats, RF64 too) are known by their content, and tell their rate and, in their
    ``auxi`` chunk or their name, time and centre frequency. The first sample carries ``rx_time``,
    ``rx_rate`` and ``rx_freq``, as far as they are known. Other known files (SigMF, gzip, ...)
    are refused by name. The file is read piece by piece.

    Raises:
        ParameterError: the file is missing, damaged or of another kind, or its format is not told.
        StreamError: the file became shorter while it was read.

    Example:
        >>> np.uint8([255, 0, 0, 255]).tofile("rtl.cu8")
        >>> IqFileSource(file="rtl.cu8", rate=2.4e6)()
        array([ 1.-1.j, -1.+1.j], dtype=complex64)
    """

    file: str = parameter(doc="Path of the file.")
    format: Literal["cu8", "cs8", "cs16", "cf32", "cf64"] | None = parameter(
        None, doc="Format of a raw file; by the ending of its name if not given."
    )
    rate: float | None = parameter(
        None, unit="samples/s", above=0, doc="Sample rate, where the file does not tell it."
    )
    frequency: float | None = parameter(
        None, unit="Hz", doc="Centre frequency, where the file does not tell it."
    )
    repeat: bool = parameter(False, doc="Whether to begin again after the last item.")
    offset: int = parameter(0, unit="items", low=0, doc="Items to leave out at the beginning.")
    length: int | None = parameter(
        None, unit="items", low=0, doc="Items to give (in one round); up to the end if not given."
    )

    y = Output("complex64", doc="The samples.")

    _descriptor: int | None = None

    def configure(self) -> None:
        self._path = Path(self.file).expanduser()

    def start(self) -> None:
        self._descriptor = opened(self._path)
        try:
            size = os.fstat(self._descriptor).st_size
            head = os.pread(self._descriptor, _LOOKED_AT, 0)
        except OSError as error:
            raise self._wrong(f"cannot be read: {error.strerror}") from None
        self._found = found = self._layout(head, size)
        items, left = divmod(found.size, found.format.nbytes)
        if left:
            self.note(f"the last {left} bytes of '{self._path}' are no whole sample: left out")
        for text in found.notes:
            self.note(f"'{self._path}': {text}")
        self._items = items - self.offset if self.length is None else self.length
        if self.offset > items or self._items > items - self.offset:
            name = "offset" if self.offset > items else "length"
            raise ParameterError(
                f"parameter '{name}' is {getattr(self, name)}, but file '{self._path}' holds only "
                f"{items} items",
                name,
            )
        if self.repeat and self._items == 0:
            raise ParameterError(
                f"parameter 'repeat': file '{self._path}' gives no items to repeat", "repeat"
            )

    def on_start(self) -> None:
        found = self._found
        rate, frequency = self.rate or found.rate, self.frequency or found.frequency
        if found.time_ns is not None:
            later = round(self.offset / rate * 1e9) if rate else 0
            self.tag(RX_TIME, time_value(found.time_ns + later), 0)
        if rate:
            self.tag(RX_RATE, rate, 0)
        if frequency is not None:
            self.tag(RX_FREQ, frequency, 0)

    def reads(self) -> Sequence[Path]:
        return [self._path]

    def restore(self, saved: None) -> None:
        """Do nothing: what comes next follows from its index."""

    def stop(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def work(self, n: int, at: int) -> Array:
        start = at % self._items if self.repeat else at
        if not self.repeat and at + n >= self._items:
            self.finish()
        return self._read(self.offset + start, min(n, self._items - start))

    def _wrong(self, text: str) -> ParameterError:
        return ParameterError(f"file '{self._path}' {text}", "file")

    def _layout(self, head: bytes, size: int) -> WavHead:
        """Find what the file is and where its samples stand."""
        assert self._descriptor is not None  # open since start()
        if is_wav(head):
            with os.fdopen(os.dup(self._descriptor), "rb") as stream:
                stream.seek(0)
                try:
                    return read_head(stream, size, self._path)
                except ValueError as error:
                    raise self._wrong(str(error)) from None
        known = known_format(self._path, head)
        if known is not None:
            raise self._wrong(f"holds no plain samples: it {known}")
        return WavHead(raw_format(self._path, self.format), 0.0, 0, size)

    def _read(self, start: int, n: int) -> Array:
        assert self._descriptor is not None  # between start() and stop()
        found = self._found
        raw = np.empty(n * found.format.nbytes, np.uint8)
        place = found.begin + start * found.format.nbytes
        fill(self._descriptor, raw.data, place, f"file '{self._path}'")
        return found.format.decode(raw)
