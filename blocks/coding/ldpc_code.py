"""Encoding with the LDPC code of 5G NR."""

from __future__ import annotations

import numpy as np

from semradio.blocks.coding.base_graph import SYSTEMATIC, LiftedRow, lifted
from semradio.blocks.coding.checksum import Bits


def encode(blocks: Bits, graph: int, size: int, columns: int) -> Bits:
    """Return the code words of code blocks.

    The first four rows are a double diagonal but for one column, which their sum gives; the
    rows below have one bit of parity each.

    Args:
        blocks: bits [n, 22 or 10 times size]. columns: of the base graph, the rest is not made.

    Returns:
        Bits [n, columns * size], the information first.

    Source: TS 38.212, section 5.3.2.
    """
    known = SYSTEMATIC[graph]
    rows = lifted(graph, size)[: columns - known]
    # Columns first, so that a shift moves contiguous memory; words are independent of each other.
    words = np.zeros((columns, size, len(blocks)), np.uint8)
    words[:known] = np.moveaxis(blocks.reshape(len(blocks), known, size), 0, 2)
    sums = [_sum_of(words, row, known) for row in rows]
    core = [dict(zip(row.columns, row.shifts, strict=True)).get(known) for row in rows[:4]]
    shifts = [shift for shift in core if shift is not None]
    single = next(shift for shift in shifts if shifts.count(shift) % 2)
    words[known] = np.roll(sums[0] ^ sums[1] ^ sums[2] ^ sums[3], single, axis=0)
    for k, row in enumerate(rows):
        if k != 3:
            place = known + 1 + k if k < 3 else known + k
            words[place] = sums[k] ^ _parity(words, row, known, place)
    return np.moveaxis(words, 2, 0).reshape(len(blocks), -1)


def _sum_of(words: Bits, row: LiftedRow, below: int) -> Bits:
    found: Bits = np.zeros(words.shape[1:], np.uint8)
    for column, shift in zip(row.columns, row.shifts, strict=True):
        if column < below:
            found ^= np.roll(words[column], -shift, axis=0)
    return found


def _parity(words: Bits, row: LiftedRow, known: int, place: int) -> Bits:
    found: Bits = np.zeros(words.shape[1:], np.uint8)
    for column, shift in zip(row.columns, row.shifts, strict=True):
        if known <= column < place:
            found ^= np.roll(words[column], -shift, axis=0)
    return found
