"""Files that are no raw samples, told by how they begin and what stands beside them."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

from semradio.blocks.media.wav_chunks import is_wav

LOOKED_AT = 512
"""Bytes from the beginning of a file that are looked at."""

_SIGMF_DTYPES = {
    "cf32": "complex64",
    "cf64": "complex128",
    "rf32": "float32",
    "rf64": "float64",
}


def known_format(path: Path, head: bytes) -> str | None:
    """Return what a file is and which block reads it, in words; None if it may well be raw.

    Args:
        path: of the file. head: its first bytes, :data:`LOOKED_AT` if it has so many.
    """
    if is_wav(head):
        return "is a WAV recording: wav_file_source reads it, and iq_file_source where it holds IQ"
    if head[:2] == b"\x1f\x8b" and _is_gzip(head):
        return "is compressed with gzip: unpack it first"
    if head[:6] in (b"\xfd7zXZ\0", b"BZh91A") or head[:4] == b"\x28\xb5\x2f\xfd":
        return "is compressed: unpack it first"
    if head[:4] == b"PK\x03\x04" and path.suffix in (".zip", ".npz"):
        return "is a zip archive: unpack it first"
    if head[:6] == b"\x93NUMPY":
        return "is in NumPy's format: name it *.npy"
    if head[257:262] == b"ustar":
        sigmf = path.suffix == ".sigmf"
        return f"is a tar archive: {'sigmf_source reads it' if sigmf else 'unpack it first'}"
    if path.name.endswith(".sigmf-meta") and head.lstrip()[:1] == b"{":
        return "holds the metadata of a SigMF recording: sigmf_source reads it"
    return None


def sigmf_dtype(path: Path) -> tuple[str, str | None] | None:
    """Return the data type that the SigMF metadata beside a data file state.

    With it the dtype of a stream that it is raw samples of (None: of none); None where there
    are no such metadata.
    """
    if not path.name.endswith(".sigmf-data"):
        return None
    meta = path.with_name(path.name.removesuffix("-data") + "-meta")
    try:
        stated = str(json.loads(meta.read_bytes())["global"]["core:datatype"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return stated, _SIGMF_DTYPES.get(stated.removesuffix("_le"))


def _is_gzip(head: bytes) -> bool:
    """Whether what begins as gzip does can be unpacked: raw samples may begin so too."""
    try:
        zlib.decompressobj(wbits=31).decompress(head)
    except zlib.error:
        return False
    return head[2:3] == b"\x08" and len(head) > 10
