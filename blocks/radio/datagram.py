"""The headers of GNU Radio's UDP blocks: a running number before the samples of each packet.

=========  ==========================================================
header     bytes before the samples, little-endian
=========  ==========================================================
none       none
seq        uint64: number of the packet, from 1 on
seq_size   the same, uint16: bytes of the whole packet, 6 unused bytes
=========  ==========================================================

A sender that ends sends three empty packets. Source: GNU Radio 3.10, gr-network.
"""

from __future__ import annotations

import struct
from typing import Literal

Header = Literal["none", "seq", "seq_size"]

_SEQ, _SEQ_SIZE = struct.Struct("<Q"), struct.Struct("<QH6x")
_LAYOUTS = {"none": None, "seq": _SEQ, "seq_size": _SEQ_SIZE}

FAREWELLS = 3
"""Empty packets that tell of the end; some may be lost."""


def header_bytes(kind: Header) -> int:
    """Bytes before the samples."""
    layout = _LAYOUTS[kind]
    return 0 if layout is None else layout.size


def pack(kind: Header, number: int, size: int) -> bytes:
    """Return the header of a packet of ``size`` bytes in all."""
    if kind == "none":
        return b""
    return _SEQ.pack(number) if kind == "seq" else _SEQ_SIZE.pack(number, size)


def number_of(kind: Header, packet: bytes) -> int | None:
    """Return the number of a packet; None where it has none.

    Raises:
        ValueError: the packet is shorter than its header, or than it says.
    """
    layout = _LAYOUTS[kind]
    if layout is None:
        return None
    if len(packet) < layout.size:
        raise ValueError(f"a packet of {len(packet)} bytes has no header '{kind}'")
    number, *size = layout.unpack_from(packet)
    if size and size[0] != len(packet) & 0xFFFF:
        raise ValueError(
            f"a packet of {len(packet)} bytes says that it has {size[0]}: see 'header'"
        )
    return int(number)
