"""Decoding of the LDPC code of 5G NR: min-sum, layer by layer, on many code words at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semradio.blocks.coding.base_graph import SYSTEMATIC, lifted
from semradio.blocks.coding.checksum import Bits

Integers = NDArray[np.int16]

STEPS = 8
"""Integer steps of a log-likelihood ratio of 1."""
_LIMIT = 1023
"""Largest magnitude of a message and of what was received: the sum of one for each check of a bit,
30 at most, and of what was received fits into 16 bits."""
_SIGN_SHIFT = np.int16(15)
_WORDS = 16
"""Code words that are worked on together at most."""


class Decoded(NamedTuple):
    """Decoded blocks.

    bits : [n, information bits]. good : [n], whether all checks held
    iterations : [n], how many it took
    """

    bits: Bits
    good: NDArray[np.bool_]
    iterations: NDArray[np.int32]


class MinSum:
    """A layered min-sum decoder with an offset.

    Messages are integers, so what comes out does not depend on which words are decoded together.
    A word is ready when every row of checks holds as its turn comes, and is taken out then.

    Args:
        graph, size, columns: the code; columns of the base graph that are not sent are left out.
        iterations: at most. offset: taken off each message's magnitude, in units of the
            log-likelihood ratio.
    """

    def __init__(
        self, graph: int, size: int, columns: int, iterations: int = 20, offset: float = 0.5
    ) -> None:
        self._known, self._size, self._columns = SYSTEMATIC[graph], size, columns
        self._iterations = iterations
        self._offset = np.int16(round(offset * STEPS))
        rows = lifted(graph, size)[: columns - self._known]
        self._degree = max(len(row.columns) for row in rows)
        # A column lies turned as the row that had it last left it, so that it goes back without
        # being moved; 'reads' turns it as the next row wants it.
        turn = np.zeros(columns, np.intp)
        for row in rows:
            turn[list(row.columns)] = row.shifts
        steps = np.arange(size)
        self._turned = (np.arange(columns)[:, None] * size + (steps + turn[:, None]) % size).ravel()
        self._back = (np.arange(columns)[:, None] * size + (steps - turn[:, None]) % size).ravel()
        self._rows: list[_Row] = []
        for row in rows:
            places, shifts = np.array(row.columns), np.array(row.shifts)
            moved = (steps + (shifts - turn[places])[:, None]) % size
            self._rows.append(_Row(places, (places[:, None] * size + moved).ravel()))
            turn[places] = shifts

    def __call__(self, ratios: NDArray[np.float32], filler: int) -> Decoded:
        """Decode.

        Args:
            ratios: log-likelihood ratios [n, columns * size], positive where 0 is likelier; 0 of
                bits that were not sent.
            filler: known zeros at the end of the information.
        """
        count, last = len(ratios), self._known * self._size
        bits = np.empty((count, last), np.uint8)
        good, taken = np.zeros(count, np.bool_), np.zeros(count, np.int32)
        if not count:
            return Decoded(bits, good, taken)
        coming = min(count, _WORDS)
        # Which word each place holds, and how many iterations it has had.
        held, spent = np.arange(coming), np.zeros(coming, np.int32)
        beliefs = self._beliefs(ratios[:coming], filler)
        messages = [np.zeros((len(row.reads), coming), np.int16) for row in self._rows]
        room = _Room(self._degree, self._size, coming)
        while True:
            failed = self._iterate(beliefs, messages, room)
            spent += 1
            ended = ~failed | (spent == self._iterations)
            if not ended.any():
                continue
            done = held[ended]
            bits[done] = (beliefs[self._back[:last]][:, ended] < 0).T
            good[done], taken[done] = ~failed[ended], spent[ended]
            # The next words take the places of those that are done; where none wait, places close.
            free = np.flatnonzero(ended)
            filled = free[: count - coming]
            if len(filled):
                news = slice(coming, coming + len(filled))
                beliefs[:, filled] = self._beliefs(ratios[news], filler)
                for each in messages:
                    each[:, filled] = 0
                held[filled], spent[filled] = np.arange(news.start, news.stop), 0
                coming = news.stop
                ended[filled] = False
            if ended.all():
                return Decoded(bits, good, taken)
            if ended.any():
                held, spent = held[~ended], spent[~ended]
                beliefs = np.ascontiguousarray(beliefs[:, ~ended])
                messages = [np.ascontiguousarray(each[:, ~ended]) for each in messages]
                room = _Room(self._degree, self._size, len(held))

    def _beliefs(self, ratios: NDArray[np.float32], filler: int) -> Integers:
        """Return the integers that words begin with, [columns * size, words]."""
        scaled = np.clip(np.rint(ratios * np.float32(STEPS)), -_LIMIT, _LIMIT)
        state = scaled.astype(np.int16).reshape(len(ratios), self._columns * self._size)
        last = self._known * self._size
        state[:, last - filler : last] = _LIMIT
        # Words last: what is moved is then contiguous.
        return np.ascontiguousarray(state.T[self._turned])

    def _iterate(
        self, beliefs: Integers, messages: list[Integers], room: _Room
    ) -> NDArray[np.bool_]:
        """Work through all rows once; return of which words a check failed."""
        whole = beliefs.reshape(self._columns, -1)
        failed = np.zeros(whole.shape[1], np.int16)
        for row, kept in zip(self._rows, messages, strict=True):
            degree = len(row.columns)
            values = room.values[:degree]
            beliefs.take(row.reads, axis=0, out=values.reshape(kept.shape), mode="clip")
            failed |= np.bitwise_xor.reduce(values, axis=0)
            # The messages of the last time are taken off, and the new ones take their place.
            least = kept.reshape(values.shape)
            values -= least
            sign = np.bitwise_xor.reduce(values, axis=0)
            magnitudes = np.abs(values, out=room.magnitudes[:degree])
            _least_of_others(magnitudes, least, room)
            least -= self._offset
            np.maximum(least, room.zeros, out=least)
            # -1 where the sign of all others is negative, else 0.
            signs = np.bitwise_xor(values, sign, out=magnitudes)
            signs >>= _SIGN_SHIFT
            least ^= signs
            least -= signs
            values += least
            whole[row.columns] = values
        broken = (failed < 0).reshape(self._size, -1)
        found: NDArray[np.bool_] = np.logical_or.reduce(broken, axis=0)
        return found


def _least_of_others(values: Integers, least: Integers, room: _Room) -> None:
    """Fill ``least[k]`` with the least of all ``values`` but the k-th, the limit at most.

    That is the least of those before it and of those behind it.
    """
    degree, behind = len(values), room.behind
    np.minimum(values[0], room.limits, out=least[1])
    for k in range(2, degree):
        np.minimum(least[k - 1], values[k - 1], out=least[k])
    np.minimum(values[degree - 1], room.limits, out=behind)
    for k in range(degree - 2, 0, -1):
        np.minimum(least[k], behind, out=least[k])
        np.minimum(behind, values[k], out=behind)
    np.copyto(least[0], behind)


class _Row(NamedTuple):
    """A row of checks: its columns, and where their bits lie when its turn comes."""

    columns: NDArray[np.intp]
    reads: NDArray[np.intp]


class _Room:
    """Arrays that one row fills."""

    def __init__(self, degree: int, size: int, words: int) -> None:
        shape = (degree, size * words)
        self.values, self.magnitudes = np.empty(shape, np.int16), np.empty(shape, np.int16)
        self.behind, self.zeros = np.empty(shape[1], np.int16), np.zeros(shape[1], np.int16)
        # As an array: NumPy takes ten times as long for a number.
        self.limits = np.full(shape[1], _LIMIT, np.int16)
