"""The header of a burst: its number, its frames, and a check that includes the waveform.

48 bits: counter (16), frames (11), last (1) and check (20), a cyclic redundancy check of the others
with the hash of the waveform added. They go out as four words of the Kerdock code of length 64,
12 bits each, half of whose 256 chips are sent twice: 384 chips, two to a symbol. A wrong word is a
burst of errors that the check always finds; what is wrong otherwise passes once in a million.

Source: MacWilliams and Sloane, "The Theory of Error-Correcting Codes", chapter 15, section 5.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from semradio.blocks.api import Array
from semradio.blocks.phy import sequences
from semradio.blocks.phy.waveform import HASH_BITS

HEADER = 192
"""Symbols of the header."""

COUNTERS = 1 << 16
"""Bursts after which the counter begins anew."""

_WORDS, _WORD_BITS, _LENGTH = 4, 12, 64
_CHIPS = _WORDS * _LENGTH
_CHECK = 0b1001
"""x^20 + x^3 + 1 without its first term: primitive, so every burst of 20 errors shows."""


class Header(NamedTuple):
    """What a header says."""

    counter: int
    """Number of the burst, modulo 65536."""
    frames: int
    """Frames that the burst carries; fewer than its waveform has in a last burst only."""
    last: bool
    """Whether the sender's stream ends with this burst."""


def encode(header: Header, code: int) -> Array:
    """Return the symbols of a header, complex64[192] of unit power; ``code``: the waveform's."""
    fields = (header.counter % COUNTERS) << 12 | header.frames << 1 | int(header.last)
    bits = fields << HASH_BITS | (_check(fields) ^ code)
    words = [bits >> _WORD_BITS * k & 0xFFF for k in reversed(range(_WORDS))]
    coded = np.concatenate([_codewords()[word] for word in words])
    chips = np.concatenate([coded, coded[::2]])[_order()] * _scrambler()
    symbols: Array = ((chips[0::2] + 1j * chips[1::2]) * np.sqrt(0.5)).astype(np.complex64)
    return symbols


def decode(symbols: Array) -> list[tuple[Header, int]]:
    """Return for each row what the most likely header says, and the code of its waveform.

    The code is that of the receiver's waveform where the header was sent with the same and is
    right; anything else is wrong, or another waveform's.

    Args:
        symbols: complex64[n, 192], in phase; the amplitude does not matter.
    """
    chips = np.empty((len(symbols), 2 * HEADER), np.float32)
    chips[:, 0::2], chips[:, 1::2] = symbols.real, symbols.imag
    placed = np.empty_like(chips)
    placed[:, _order()] = chips * _scrambler()
    coded = placed[:, :_CHIPS].copy()
    coded[:, ::2] += placed[:, _CHIPS:]
    # One product per burst and word, which rounds the same however many bursts there are.
    cosets = coded.reshape(-1, _WORDS, 1, _LENGTH) * _cosets()
    found = (cosets @ _hadamard()).reshape(len(symbols), _WORDS, -1)
    best = np.abs(found).argmax(axis=2)
    negative = np.take_along_axis(found, best[:, :, None], axis=2)[:, :, 0] < 0
    return [_header(words) for words in (2 * best + negative).tolist()]


def _header(words: list[int]) -> tuple[Header, int]:
    bits = 0
    for word in words:
        bits = bits << _WORD_BITS | word
    fields, check = bits >> HASH_BITS, bits & ((1 << HASH_BITS) - 1)
    header = Header(fields >> 12, fields >> 1 & 0x7FF, bool(fields & 1))
    return header, check ^ _check(fields)


def _check(fields: int) -> int:
    """The remainder of 28 bits, begun with ones so that a header of zeros has a check too."""
    register = (1 << HASH_BITS) - 1
    for k in reversed(range(28)):
        carry = (register >> (HASH_BITS - 1)) ^ (fields >> k & 1)
        register = (register << 1) & ((1 << HASH_BITS) - 1)
        if carry:
            register ^= _CHECK
    return register


@cache
def _codewords() -> Array:
    """All words, float32[4096, 64] of signs: word = 2 * (64 * coset + row) + sign."""
    words = (_cosets()[:, None, :] * _hadamard()[None]).reshape(-1, _LENGTH)
    return np.stack([words, -words], axis=1).reshape(-1, _LENGTH)


@cache
def _hadamard() -> Array:
    """The Hadamard matrix of order 64; symmetric."""
    h = np.ones((1, 1), np.float32)
    for _ in range(6):
        h = np.block([[h, h], [h, -h]])
    return h


@cache
def _cosets() -> Array:
    """The quadratic forms of the Kerdock set, as signs, float32[32, 64].

    Q_a(x, y) = Tr((a x)^3 + (a x)^5) + y Tr(a x) over GF(32) x GF(2): the sum of any two of them is
    bent, so the words of two cosets differ in 28 places at least.
    """
    forms = [
        [
            _trace(_power(_product(a, x), 3) ^ _power(_product(a, x), 5))
            ^ (y & _trace(_product(a, x)))
            for y in (0, 1)
            for x in range(32)
        ]
        for a in range(32)
    ]
    return 1 - 2 * np.array(forms, np.float32)


def _product(a: int, b: int) -> int:
    """Product in GF(32), modulo x^5 + x^2 + 1."""
    product = 0
    for k in range(5):
        product ^= (a << k) * (b >> k & 1)
    for k in range(8, 4, -1):
        product ^= (0b100101 << (k - 5)) * (product >> k & 1)
    return product


def _power(a: int, n: int) -> int:
    power = 1
    for _ in range(n):
        power = _product(power, a)
    return power


def _trace(a: int) -> int:
    """Trace of GF(32) over GF(2): 0 or 1."""
    total = 0
    for _ in range(5):
        total ^= a
        a = _product(a, a)
    return total


@cache
def _order() -> Array:
    """Which chip goes where, so that the two parts of a symbol and its neighbours share no word."""
    return sequences.permutation("header", 2 * HEADER)


@cache
def _scrambler() -> Array:
    return sequences.signs("header", 2 * HEADER).astype(np.float32)
