"""The two base graphs of 5G NR's LDPC code, and what they are lifted by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

SYSTEMATIC = {1: 22, 2: 10}
"""Columns of information."""

_SETS = (2, 3, 5, 7, 9, 11, 13, 15)
"""Lifting sizes are these times powers of two, up to :data:`_LARGEST`; table 5.3.2-1."""
_LARGEST = 384

LARGEST_BLOCK = {1: 8448, 2: 3840}
"""Information bits of a code block."""


@dataclass(frozen=True)
class LiftedRow:
    """A row of checks: bit i of it is the sum of bits (i + shift) mod Z of its columns."""

    columns: tuple[int, ...]
    shifts: tuple[int, ...]


@cache
def lifted(graph: int, size: int) -> tuple[LiftedRow, ...]:
    """Return the rows of a base graph for a lifting size.

    Source: 3GPP TS 38.212, section 5.3.2, tables 5.3.2-2 and 5.3.2-3.
    """
    column = 2 + _set_of(size)
    rows: dict[int, list[tuple[int, int]]] = {}
    for line in _table(graph):
        rows.setdefault(line[0], []).append((line[1], line[column] % size))
    return tuple(
        LiftedRow(tuple(c for c, _ in row), tuple(s for _, s in row)) for row in rows.values()
    )


def lifting_size(bits: int, graph: int) -> int:
    """Return the smallest lifting size that holds so many bits of a code block, check included.

    Source: TS 38.212, section 5.2.2.
    """
    columns = SYSTEMATIC[graph]
    if graph == 2:
        columns = 10 if bits > 640 else 9 if bits > 560 else 8 if bits > 192 else 6
    return min(size for size in _sizes() if columns * size >= bits)


def _sizes() -> list[int]:
    return [a << j for a in _SETS for j in range(8) if a << j <= _LARGEST]


def _set_of(size: int) -> int:
    return next(k for k, a in enumerate(_SETS) if size in [a << j for j in range(8)])


@cache
def _table(graph: int) -> tuple[tuple[int, ...], ...]:
    text = (files(__package__) / f"base_graph_{graph}.txt").read_text("ascii")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return tuple(tuple(map(int, line.split())) for line in lines)
