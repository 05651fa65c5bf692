"""Puts things in order of what they need, and finds the circles among them."""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Mapping


def in_order(needs: Mapping[str, Iterable[str]]) -> tuple[list[str], list[list[str]]]:
    """Return all names, each after those it needs, and every circle that stood in the way.

    A circle is given as ``[a, b, a]``: a is needed by b, and b by a. Of things in a circle the
    order means nothing.
    """
    # Sorted: the order must not change from run to run, as that of a set of texts does.
    left = {name: dict.fromkeys(sorted(needed)) for name, needed in needs.items()}
    circles: list[list[str]] = []
    while True:
        sorter = graphlib.TopologicalSorter(left)
        try:
            return list(sorter.static_order()), circles
        except graphlib.CycleError as error:
            circle: list[str] = error.args[1]
            circles.append(circle)
            del left[circle[1]][circle[0]]
