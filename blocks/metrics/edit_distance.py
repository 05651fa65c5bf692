"""How many changes turn one sequence into another."""

from __future__ import annotations

from collections.abc import Hashable, Sequence


def edit_distance(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """Return the least number of insertions, deletions and replacements of one element each.

    The columns of the table of distances are kept as bits, one number for each sign of the
    differences, so that a step of ``b`` costs a few operations on numbers of len(a) bits.

    Source:
        H. Hyyrö, "A Bit-Vector Algorithm for Computing Levenshtein and Damerau Edit Distances",
        Nordic Journal of Computing 10, 2003, after G. Myers, 1999.
    """
    if not a:
        return len(b)
    places: dict[Hashable, int] = {}
    for k, element in enumerate(a):
        places[element] = places.get(element, 0) | 1 << k
    whole, last = (1 << len(a)) - 1, 1 << len(a) - 1
    up, down, distance = whole, 0, len(a)
    for element in b:
        match = places.get(element, 0)
        diagonal = (((match & up) + up) ^ up) | match | down
        right_up, right_down = down | ~(diagonal | up) & whole, diagonal & up
        distance += bool(right_up & last) - bool(right_down & last)
        right_up, right_down = right_up << 1 | 1, right_down << 1
        up = (right_down | ~(diagonal | right_up)) & whole
        down = diagonal & right_up & whole
    return distance
