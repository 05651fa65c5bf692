"""What goes to the page in one piece: a header in JSON, then arrays as they are."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from semradio.blocks.api.item_type import Array
from semradio.flowgraphs.plain import for_message

ALIGN = 8
"""Arrays begin at multiples of so many bytes, so that the page reads them where they are."""


def packed(header: dict[str, Any], arrays: Sequence[Array]) -> bytes:
    """Return a message: length of the header (uint32, little-endian), header, arrays.

    The header says under ``arrays`` of each its dtype, where it begins, and its length in values.
    Complex numbers travel as pairs.
    """
    parts: list[bytes] = []
    places: list[tuple[str, int, int]] = []
    at = 0
    for array in arrays:
        plain = np.ascontiguousarray(array)
        if np.iscomplexobj(plain):
            plain = plain.view(plain.real.dtype)
        data = plain.astype(plain.dtype.newbyteorder("<"), copy=False).tobytes()
        places.append((plain.dtype.name, at, plain.size))
        parts += [data, bytes(-len(data) % ALIGN)]
        at += len(data) + -len(data) % ALIGN
    head = msgspec.json.encode({**header, "arrays": places}, enc_hook=for_message)
    head += b" " * (-(len(head) + 4) % ALIGN)
    return b"".join([struct.pack("<I", len(head)), head, *parts])
