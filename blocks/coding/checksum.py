"""Cyclic redundancy checks of 5G NR, on many words of bits at once."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Checksum = Literal["crc24a", "crc24b", "crc16"]
Bits = NDArray[np.uint8]
"""One bit, 0 or 1, to a byte."""

POLYNOMIALS: dict[Checksum, tuple[int, int]] = {
    "crc24a": (24, 0x864CFB),
    "crc24b": (24, 0x800063),
    "crc16": (16, 0x1021),
}
"""Length and polynomial without its highest power; TS 38.212, section 5.1."""


def checksum(bits: Bits, kind: Checksum) -> Bits:
    """Return the check bits of each word: [n, length] gives [n, 24 or 16], highest power first.

    The check is linear: it is the sum of the remainders of those powers that occur.
    """
    count, _ = POLYNOMIALS[kind]
    remainders = _remainders(bits.shape[1], kind)
    found = np.empty(len(bits), np.uint32)
    # Word by word: a picture's powers fit into the cache, those of many pictures do not.
    for k, word in enumerate(bits):
        found[k] = np.bitwise_xor.reduce(remainders * word, initial=0)
    return ((found[:, None] >> np.arange(count - 1, -1, -1, dtype=np.uint32)) & 1).astype(np.uint8)


@lru_cache(maxsize=16)
def _remainders(length: int, kind: Checksum) -> NDArray[np.uint32]:
    """Return the remainder of each bit of a word behind which the check bits stand."""
    count, polynomial = POLYNOMIALS[kind]
    found = np.empty(length, np.uint32)
    top, mask = 1 << (count - 1), (1 << count) - 1
    remainder = polynomial
    for k in range(length - 1, -1, -1):
        found[k] = remainder
        remainder = ((remainder << 1) & mask) ^ (polynomial if remainder & top else 0)
    return found
