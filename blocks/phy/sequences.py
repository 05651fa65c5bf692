"""Symbols that both ends know: they never change, on no machine and with no version of NumPy."""

from __future__ import annotations

import hashlib

import numpy as np

from semradio.blocks.api import Array
from semradio.blocks.phy.waveform import SEGMENT

BASE = np.exp(0.25j * np.pi * np.array([0, 0, 2, 1, 2, 2, 6, 6, 2, 2, 6, 2, 6, 1, 6, 5]))
"""The preamble's segment, found by search: no sidelobe of the autocorrelation above 2.24 of 16.

Its correlation with its own conjugate is 0.6 of its energy, and no less at any frequency offset in
question: enough for the detector to stop at a burst whose I and Q are exchanged, and little enough
to tell the two apart.
"""

TAIL_BASE = np.exp(0.25j * np.pi * np.array([1, 5, 3, 1, 5, 7, 3, 7, 7, 0, 2, 3, 1, 0, 0, 0]))
"""The tail's segment; its correlation with BASE is small at every shift."""

_BARKER = {
    5: (1, 1, 1, -1, 1),
    7: (1, 1, 1, -1, -1, 1, -1),
    11: (1, 1, 1, -1, -1, -1, 1, -1, -1, 1, -1),
    13: (1, 1, 1, 1, 1, -1, -1, 1, 1, -1, 1, -1, 1),
}


def barker(symbols: int) -> Array:
    """Return the products of neighbouring segments' signs in a preamble of so many symbols."""
    return np.array(_BARKER[symbols // SEGMENT - 1], np.float64)


def cover(symbols: int) -> Array:
    """Return the sign of each segment of the preamble."""
    return np.concatenate([[1.0], np.cumprod(barker(symbols))])


def preamble(symbols: int) -> Array:
    """Return the preamble, complex128 of unit power."""
    return np.kron(cover(symbols), BASE)


def tail(symbols: int) -> Array:
    """Return the tail, complex128 of unit power."""
    return np.kron(signs("tail", symbols // SEGMENT), TAIL_BASE)


def signs(purpose: str, count: int) -> Array:
    """Return random signs, float64[count]; another purpose gives others."""
    bits = np.unpackbits(np.frombuffer(_drawn(purpose, -(-count // 8)), np.uint8))
    return 1.0 - 2.0 * bits[:count]


def quaternary(purpose: str, count: int) -> Array:
    """Return random symbols of four phases, complex128[count] of unit power."""
    pairs = signs(purpose, 2 * count)
    symbols: Array = (pairs[0::2] + 1j * pairs[1::2]) / np.sqrt(2)
    return symbols


def permutation(purpose: str, count: int) -> Array:
    """Return a random order of ``count`` things, int64[count]."""
    return np.argsort(np.frombuffer(_drawn(purpose, 8 * count), "<u8"), kind="stable")


def _drawn(purpose: str, count: int) -> bytes:
    return hashlib.shake_256(f"semradio burst {purpose}".encode()).digest(count)
