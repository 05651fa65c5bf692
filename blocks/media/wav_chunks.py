"""How a WAV file is built: chunks, of which one tells the format and another holds the samples.

Source: Microsoft's RIFF, WAVEFORMATEX and WAVEFORMATEXTENSIBLE, EBU Tech 3306 (RF64).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

INTEGERS, FLOATS = 1, 3
"""Kinds of samples."""

_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_SIZES = struct.Struct("<QQQ")
_EXTENSIBLE = 0xFFFE
_UNKNOWN = 0xFFFFFFFF

_MOST_HEAD = 1 << 20
"""Bytes of a chunk before the samples that are read."""


@dataclass
class WavFile:
    """What a WAV file tells of its samples."""

    kind: int
    channels: int
    rate: int
    """Samples of each channel in a second."""
    block: int
    """Bytes of one sample of all channels."""
    bits: int
    """Of one sample of one channel."""
    begin: int
    """Byte of the first sample."""
    size: int
    """Bytes of samples."""
    chunks: dict[bytes, bytes] = field(default_factory=dict)
    """Other chunks before the samples: the latest of each kind."""
    notes: list[str] = field(default_factory=list)
    """What was wrong with it, and was mended."""


def is_wav(head: bytes) -> bool:
    """Whether a file with this beginning, of 12 bytes or more, is a WAV file."""
    return head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE"


def read_wav(stream: BinaryIO, size: int) -> WavFile:
    """Read a WAV file of ``size`` bytes up to its first sample.

    Raises:
        ValueError: what is wrong with it, to be put after the name of the file.
    """
    if not is_wav(stream.read(12)):
        raise ValueError("is no WAV file")
    told: tuple[int, int, int, int, int] | None = None
    long_size: int | None = None
    others: dict[bytes, bytes] = {}
    while True:
        head = stream.read(_CHUNK.size)
        if len(head) < _CHUNK.size:
            raise ValueError("is a WAV file without samples")
        name, length = _CHUNK.unpack(head)
        if name == b"data":
            break
        if length > _MOST_HEAD:
            raise ValueError(f"has a chunk of {length} bytes before its samples")
        body = stream.read(length + length % 2)
        if name == b"fmt ":
            told = _format(body)
        elif name == b"ds64" and len(body) >= _SIZES.size:
            long_size = _SIZES.unpack_from(body)[1]
        else:
            others[name] = body
    if told is None:
        raise ValueError("is a WAV file that does not tell its format before its samples")
    begin = stream.tell()
    left = size - begin
    stated = long_size if length == _UNKNOWN and long_size is not None else length
    found = WavFile(*told, begin, stated, others)
    if stated > left or (stated == 0 and left) or (length == _UNKNOWN and long_size is None):
        found.notes.append(f"the head states {stated} bytes of samples; the file has {left}")
        found.size = left
    return found


def wav_start(
    kind: int,
    channels: int,
    rate: int,
    bits: int,
    size: int,
    others: Mapping[bytes, bytes] | None = None,
) -> bytes:
    """Return what stands before ``size`` bytes of samples: of one length for any size.

    Beyond 4 GiB it is the head of an RF64 file.

    Args:
        others: further chunks, by their names of four letters; each of an even length.
    """
    block = channels * bits // 8
    described = _FORMAT.pack(kind, channels, rate, rate * block, block, bits)
    chunks = b"".join(
        _CHUNK.pack(name, len(body)) + body
        for name, body in {b"fmt ": described, **(others or {})}.items()
    )
    total = 4 + _CHUNK.size + _SIZES.size + 4 + len(chunks) + _CHUNK.size + size + size % 2
    long = total > _UNKNOWN
    sizes = _SIZES.pack(total, size, size // block) + bytes(4)
    return b"".join(
        [
            _CHUNK.pack(b"RF64" if long else b"RIFF", _UNKNOWN if long else total) + b"WAVE",
            _CHUNK.pack(b"ds64" if long else b"JUNK", len(sizes)) + sizes,
            chunks,
            _CHUNK.pack(b"data", _UNKNOWN if long else size),
        ]
    )


def _format(body: bytes) -> tuple[int, int, int, int, int]:
    """Return kind, channels, rate, bytes of a sample of all channels, and bits of one."""
    if len(body) < _FORMAT.size:
        raise ValueError("is a WAV file whose format is cut short")
    kind, channels, rate, _, block, bits = _FORMAT.unpack_from(body)
    if kind == _EXTENSIBLE and len(body) >= 26:
        (kind,) = struct.unpack_from("<H", body, 24)
    return kind, channels, rate, block, bits
