"""IQ samples from a file of another program."""

from __future__ import annotations

from typing import Literal

from semradio.blocks.api import Array, Output, block, parameter
from semradio.blocks.media.wav_chunks import is_wav
from semradio.blocks.radio.iq_format import raw_format
from semradio.blocks.radio.radio_tags import RX_FREQ, RX_RATE, RX_TIME, time_value
from semradio.blocks.radio.wav_header import WavHead, read_head
from semradio.blocks.sources.known_format import LOOKED_AT, known_format
from semradio.blocks.sources.portion import Portion
from semradio.blocks.sources.stored_file_source import StoredFileSource


@block("iq_file_source", category="radio")
class IqFileSource(StoredFileSource):
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

    def start(self) -> None:
        super().start()
        self._found = found = self._layout(self._stored.head(LOOKED_AT))
        items, left = divmod(found.size, found.format.nbytes)
        if left:
            self.note(f"the last {left} bytes of '{self._path}' are no whole sample: left out")
        for text in found.notes:
            self.note(f"'{self._path}': {text}")
        self._portion = Portion(
            items,
            f"file '{self._path}'",
            offset=self.offset,
            length=self.length,
            repeat=self.repeat,
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

    def work(self, n: int, at: int) -> Array:
        start, count = self._portion.piece(at, n)
        if self._portion.ends(at, n):
            self.finish()
        return self._read(self.offset + start, count)

    def _layout(self, head: bytes) -> WavHead:
        """Find what the file is and where its samples stand."""
        if is_wav(head):
            return self._stored.parsed(lambda stream, size: read_head(stream, size, self._path))
        known = known_format(self._path, head)
        if known is not None:
            raise self._wrong(f"holds no plain samples: it {known}")
        return WavHead(raw_format(self._path, self.format), 0.0, 0, self._stored.size)

    def _read(self, start: int, n: int) -> Array:
        found = self._found
        each = found.format.nbytes
        return found.format.decode(self._stored.read(found.begin + start * each, n * each))
