"""Second step of a drawing: the order within each column, so that few wires cross.

Sweeps forwards and backwards put each node at the median of its neighbours in the column before;
groups and lanes move as a whole, by the mean of what they hold. Exchanges of neighbours then
remove what the medians left.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, MutableSequence, Sequence
from statistics import mean, median
from typing import TypeVar

from semradio.flowgraphs.show.layers import Lane, Layers
from semradio.flowgraphs.show.scheme import Scheme

SWEEPS = 12
EXCHANGES = 4
"""Rounds of exchanges at most; each ends earlier where nothing improves."""

T = TypeVar("T")
Neighbours = Mapping[int, Sequence[int]]


def reduce_crossings(layers: Layers) -> None:
    """Reorder groups, lanes and nodes of the layers in place."""
    _Ordering(layers).run()


def port_orders(
    scheme: Scheme, layers: Layers
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return the inputs and the outputs of each block in the order of what they connect to."""
    place = {node: k for c in range(layers.count) for k, node in enumerate(layers.column(c))}
    before: dict[tuple[str, str], list[int]] = {}
    after: dict[tuple[str, str], list[int]] = {}
    for wire, route in zip(scheme.wires, layers.routes, strict=True):
        if route:
            after.setdefault((wire.source, wire.output), []).append(place[route[1]])
            before.setdefault((wire.target, wire.input), []).append(place[route[-2]])

    def ordered(
        name: str, ports: Sequence[str], connected: Mapping[tuple[str, str], Sequence[int]]
    ) -> list[str]:
        # What leads back runs beside the whole drawing, beyond all else.
        beyond = [len(place)]
        return sorted(ports, key=lambda port: mean(connected.get((name, port), beyond)))

    return (
        {name: ordered(name, block.inputs, before) for name, block in scheme.blocks.items()},
        {name: ordered(name, block.outputs, after) for name, block in scheme.blocks.items()},
    )


class _Ordering:
    def __init__(self, layers: Layers) -> None:
        self.layers = layers
        self.before: dict[int, list[int]] = {node: [] for node in range(len(layers.nodes))}
        self.after: dict[int, list[int]] = {node: [] for node in range(len(layers.nodes))}
        for source, target in layers.links():
            self.after[source].append(target)
            self.before[target].append(source)
        self.place: dict[int, float] = {}

    def run(self) -> None:
        """Sweep, keep the best order seen, and improve that by exchanges."""
        fewest, best = self._crossings(), self._saved()
        for sweep in range(SWEEPS):
            self._sweep(forwards=sweep % 2 == 0)
            crossings = self._crossings()
            if crossings < fewest:
                fewest, best = crossings, self._saved()
        self._restore(best)
        for _ in range(EXCHANGES):
            if not self._exchange():
                break

    # Sweeps ----------------------------------------------------------------------------------

    def _sweep(self, forwards: bool) -> None:
        neighbours = self.before if forwards else self.after
        step = 1 if forwards else -1
        for stage in self.layers.stages[::step]:
            self._note_places()
            stage.groups.sort(key=lambda group: self._mean(group, neighbours))
            for group in stage.groups:
                group.sort(key=lambda lane: self._mean([lane], neighbours))
            for column in stage.columns[::step]:
                self._note_places()
                for lane in stage.lanes():
                    lane.columns.get(column, []).sort(key=lambda n: self._median(n, neighbours))

    def _note_places(self) -> None:
        """Note where nodes stand in their columns, from 0 to 1."""
        for number in range(self.layers.count):
            column = self.layers.column(number)
            for k, node in enumerate(column):
                self.place[node] = (k + 0.5) / len(column)

    def _median(self, node: int, neighbours: Neighbours) -> float:
        places = [self.place[other] for other in neighbours[node]]
        return median(places) if places else self.place[node]

    def _mean(self, lanes: Sequence[Lane], neighbours: Neighbours) -> float:
        """Return the mean place of the neighbours that lanes have outside; else their own."""
        own = [node for lane in lanes for nodes in lane.columns.values() for node in nodes]
        inside = set(own)
        places = [
            self.place[other] for node in own for other in neighbours[node] if other not in inside
        ]
        places = places or [self.place[node] for node in own]
        return sum(places) / len(places)

    # Exchanges -------------------------------------------------------------------------------

    def _exchange(self) -> bool:
        """Exchange neighbours where that removes crossings; False if nothing improved."""
        improved = False
        for stage in self.layers.stages:
            columns = range(stage.columns.start - 1, stage.columns.stop)
            improved |= self._exchange_in(stage.groups, columns)
            for group in stage.groups:
                improved |= self._exchange_in(group, columns)
            for lane in stage.lanes():
                for column, nodes in lane.columns.items():
                    improved |= self._exchange_in(nodes, range(column - 1, column + 1))
        return improved

    def _exchange_in(self, things: MutableSequence[T], gaps: range) -> bool:
        improved = False
        crossings = -1
        for k in range(len(things) - 1):
            if crossings < 0:
                crossings = self._crossings(gaps)
            if not crossings:
                break
            things[k], things[k + 1] = things[k + 1], things[k]
            fewer = self._crossings(gaps)
            if fewer < crossings:
                crossings, improved = fewer, True
            else:
                things[k], things[k + 1] = things[k + 1], things[k]
        return improved

    # Crossings -------------------------------------------------------------------------------

    def _crossings(self, gaps: range | None = None) -> int:
        """Count the crossings in the gaps behind these columns, or in all."""
        last = self.layers.count - 1
        gaps = range(last) if gaps is None else gaps
        return sum(self._crossings_behind(gap) for gap in gaps if 0 <= gap < last)

    def _crossings_behind(self, column: int) -> int:
        place = {node: k for k, node in enumerate(self.layers.column(column + 1))}
        seen: list[int] = []
        total = 0
        for node in self.layers.column(column):
            places = [place[other] for other in self.after[node]]
            total += sum(len(seen) - bisect_right(seen, p) for p in places)
            for p in places:
                insort(seen, p)
        return total

    def _saved(self) -> list[list[list[tuple[Lane, dict[int, list[int]]]]]]:
        return [
            [
                [(lane, {c: list(nodes) for c, nodes in lane.columns.items()}) for lane in group]
                for group in stage.groups
            ]
            for stage in self.layers.stages
        ]

    def _restore(self, saved: list[list[list[tuple[Lane, dict[int, list[int]]]]]]) -> None:
        for stage, groups in zip(self.layers.stages, saved, strict=True):
            stage.groups = []
            for group in groups:
                for lane, columns in group:
                    lane.columns = columns
                stage.groups.append([lane for lane, _ in group])
