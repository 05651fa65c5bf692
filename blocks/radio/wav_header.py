"""The head of a WAV file with IQ samples, as SDR#, HDSDR, SDRuno and others write it.

I is the left channel, Q the right one. The chunk ``auxi`` holds when the recording began and ended
(two Windows SYSTEMTIMEs), the centre frequency and more; where it is missing, the name of the file
may tell both. Source: WinRAD's auxi.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from semradio.blocks.media.wav_chunks import FLOATS, INTEGERS, WavFile, read_wav, wav_start
from semradio.blocks.radio.iq_format import FORMATS, WAV_FORMATS, IqFormat
from semradio.blocks.radio.radio_tags import NS

_SYSTEMTIME = struct.Struct("<8H")
_HIGHEST = 0xFFFFFFFF
"""Frequency, in Hz, beyond which the chunk auxi cannot tell it."""

_NAME = re.compile(
    r"(?P<day>\d{8})_(?P<time>\d{6})Z?_(?P<frequency>\d+(?:\.\d+)?)(?P<unit>[kM]?Hz)", re.I
)
"""In a file's name: SDRSharp_20230101_120000Z_100000000Hz_IQ.wav, HDSDR_..._7100kHz_RF.wav."""

_UNITS = {"hz": 1.0, "khz": 1e3, "mhz": 1e6}


@dataclass
class WavHead:
    """What stands before the samples."""

    format: IqFormat
    rate: float
    begin: int
    """Byte of the first sample."""
    size: int
    """Bytes of samples."""
    frequency: float | None = None
    time_ns: int | None = None
    """When the first sample was taken, in nanoseconds since 1970."""
    notes: list[str] = field(default_factory=list)


def read_head(stream: BinaryIO, size: int, path: Path) -> WavHead:
    """Read the head of a WAV file of ``size`` bytes.

    Raises:
        ValueError: what is wrong with it, to be put after the name of the file.
    """
    found = read_wav(stream, size)
    form = _format(found)
    frequency, time_ns = _by_name(path)
    auxi = _auxi(found.chunks.get(b"auxi", b""))
    return WavHead(
        form,
        float(found.rate),
        found.begin,
        found.size,
        auxi[0] or frequency,
        auxi[1] or time_ns,
        found.notes,
    )


def wav_head(
    form: IqFormat, rate: float, size: int, frequency: float | None, time_ns: int | None
) -> bytes:
    """Return the head of a WAV file with so many bytes of samples; always of one length."""
    whole = round(rate)
    began = _EPOCH if time_ns is None else _EPOCH + timedelta(microseconds=time_ns // 1000)
    ended = began + timedelta(seconds=size / form.nbytes / rate)
    auxi = b"".join(
        _SYSTEMTIME.pack(
            t.year, t.month, (t.weekday() + 1) % 7, t.day, t.hour, t.minute, t.second,
            t.microsecond // 1000,
        ) if time_ns is not None else bytes(_SYSTEMTIME.size)
        for t in (began, ended)
    )  # fmt: skip
    auxi += struct.pack("<9I", min(round(frequency or 0), _HIGHEST), whole, *[0] * 7)
    kind = FLOATS if form.rail.kind == "f" else INTEGERS
    return wav_start(kind, 2, whole, 8 * form.rail.itemsize, size, {b"auxi": auxi})


WAV_SINK_FORMATS = {
    "cu8": WAV_FORMATS[INTEGERS, 8],
    "cs16": FORMATS["cs16"],
    "cf32": FORMATS["cf32"],
}
"""What a WAV file can be written as."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _format(found: WavFile) -> IqFormat:
    if found.channels != 2:
        raise ValueError(
            f"has {found.channels} channels, where I and Q are 2: it holds no IQ samples"
        )
    form = WAV_FORMATS.get((found.kind, found.bits))
    if form is None or found.block != form.nbytes:
        raise ValueError(
            f"is a WAV file of kind {found.kind} with {found.bits} bits, which is not known here"
        )
    if found.rate == 0:
        raise ValueError("is a WAV file with a sample rate of 0")
    return form


def _auxi(body: bytes) -> tuple[float | None, int | None]:
    """Centre frequency and time of the beginning, as far as they are told."""
    if len(body) < 2 * _SYSTEMTIME.size + 4:
        return None, None
    (frequency,) = struct.unpack_from("<I", body, 2 * _SYSTEMTIME.size)
    year, month, _, day, hour, minute, second, ms = _SYSTEMTIME.unpack_from(body)
    try:
        moment = datetime(year, month, day, hour, minute, second, 1000 * ms, UTC)
    except ValueError:
        return float(frequency) or None, None
    return float(frequency) or None, _ns(moment)


def _by_name(path: Path) -> tuple[float | None, int | None]:
    found = _NAME.search(path.name)
    if found is None:
        return None, None
    frequency = float(found["frequency"]) * _UNITS[found["unit"].lower()]
    try:
        moment = datetime.strptime(found["day"] + found["time"], "%Y%m%d%H%M%S")
    except ValueError:
        return frequency, None
    return frequency, _ns(moment.replace(tzinfo=UTC))


def _ns(moment: datetime) -> int:
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * NS + 1000 * since.microseconds
