"""IQ samples to a file that other programs read."""

from __future__ import annotations

from typing import Any, BinaryIO, Literal

from semradio.blocks.api import (
    Array,
    Input,
    ParameterError,
    StreamError,
    Tag,
    block,
    parameter,
    state,
)
from semradio.blocks.radio.iq_format import raw_format
from semradio.blocks.radio.radio_tags import RX_FREQ, RX_RATE, RX_TIME, number, time_ns
from semradio.blocks.radio.wav_header import WAV_SINK_FORMATS, wav_head
from semradio.blocks.sinks.part_file_sink import PartFileSink


@block("iq_file_sink", category="radio")
class IqFileSink(PartFileSink):
    """Write IQ samples to a raw file, or to a WAV file if it is named ``*.wav``.

    Formats are those of ``iq_file_source``, by ``format`` or the ending of the name; a WAV file
    has cs16 (16 bits) unless ``format`` says cu8 (8 bits) or cf32 (floats), and is an RF64 file
    beyond 4 GiB. It tells the rate, and in a chunk ``auxi``, which SDR#, HDSDR and SDRuno read,
    the time and the centre frequency, by the tags ``rx_time`` and ``rx_freq`` on the first sample
    or by the parameters. Full scale is 1.0 per rail; what lies beyond is clipped and counted. The
    samples go to ``FILE.part``, which takes the place of FILE when the stream has ended.

    Results:
        ``items``, ``clipped`` and the ``file``.

    Raises:
        ParameterError: the file cannot be written, its format is not told, or a WAV file lacks its
            sample rate.
        StreamError: writing failed later, for instance because the disk is full.

    Example:
        >>> tone = 0.5 * np.exp(0.3j * np.arange(100)).astype(np.complex64)
        >>> IqFileSink(file="tone.wav", rate=48_000)(tone)
        {'items': 100, 'clipped': 0, 'file': 'tone.wav'}
        >>> IqFileSource(file="tone.wav")().shape
        (100,)
    """

    listens = (RX_RATE, RX_FREQ, RX_TIME)

    format: Literal["cu8", "cs8", "cs16", "cf32", "cf64"] | None = parameter(
        None, doc="Format; by the ending of the file's name if not given."
    )
    rate: float | None = parameter(
        None,
        unit="samples/s",
        above=0,
        doc="Sample rate, for WAV; by the tag rx_rate if not given.",
    )
    frequency: float | None = parameter(
        None, unit="Hz", low=0, doc="Centre frequency, for WAV; by the tag rx_freq if not given."
    )

    x = Input("complex64", doc="IQ samples.")

    clipped: int = state(0, doc="Samples beyond full scale.")
    told: dict[str, Any] = state(factory=dict, doc="Tags on the first sample.")

    def configure(self) -> None:
        super().configure()
        self._wav = self._path.suffix.lower() == ".wav"
        if not self._wav:
            self._format = raw_format(self._path, self.format)
            return
        name = self.format or "cs16"
        if name not in WAV_SINK_FORMATS:
            raise ParameterError(
                f"parameter 'format': WAV files hold {', '.join(WAV_SINK_FORMATS)}, not {name}",
                "format",
            )
        self._format = WAV_SINK_FORMATS[name]

    def begin(self, stream: BinaryIO) -> None:
        if self._wav:
            stream.write(wav_head(self._format, self.rate or 1.0, 0, None, None))

    def on_tag(self, tag: Tag) -> None:
        if self.items == 0 and self.enabled:
            self.told[tag.key] = tag.value

    def work(self, x: Array, at: int) -> None:
        raw, clipped = self._format.encode(x)
        self.write(raw.data)
        self.items += len(x)
        self.clipped += clipped

    def complete(self, stream: BinaryIO) -> None:
        if self.clipped:
            self.note(f"{self.clipped} samples went beyond full scale and were clipped")
        if self._wav:
            size = self.items * self._format.nbytes
            stream.write(bytes(size % 2))
            stream.seek(0)
            stream.write(self._head(size))

    def results(self) -> dict[str, Any]:
        return {"items": self.items, "clipped": self.clipped, "file": str(self._path)}

    def _head(self, size: int) -> bytes:
        rate = self.rate or number(self.told.get(RX_RATE))
        frequency = self.frequency
        if frequency is None:
            frequency = number(self.told.get(RX_FREQ))
        if not rate:
            before = len(wav_head(self._format, 1.0, 0, None, None))
            raise StreamError(
                f"WAV file '{self._path}' needs its sample rate: set 'rate'; the samples are in "
                f"'{self._written.part}', after {before} bytes"
            )
        return wav_head(self._format, rate, size, frequency, time_ns(self.told.get(RX_TIME)))
