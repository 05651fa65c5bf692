"""Sinks that measure many items at once, however few arrive together."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, state
from semradio.blocks.metrics.segments import M, SegmentedSink

_GROUP_BYTES = 1 << 20
"""Bytes of a group at most: of large items one or a few are enough."""


class GroupedSink(SegmentedSink[M]):
    """Base of sinks that gather items into groups, and measure a group at once.

    Groups begin at multiples of their size in each segment. Sums then meet the same numbers in
    the same order however the stream was cut, and NumPy gets enough to do at once even if items
    come one at a time.
    """

    gathered: list[Array] = state(
        factory=list, doc="Items of the group that is not complete yet: for each input its array."
    )

    group_size = 1
    """Items of a group."""

    def make_groups(self, most: int) -> None:
        """Settle the size of a group, at most ``most`` items; called by :meth:`start`."""
        items = self.input_types.values()
        size = max(1, min(most, _GROUP_BYTES // max(1, sum(item.nbytes for item in items))))
        self.group_size = size
        self.gathered = [np.empty((size, *item.shape), item.numpy) for item in items]

    def add(self, measure: M, *group: Array) -> None:
        """Add the figures of some items to a measure that has counted them already.

        Args:
            group: for each input its items, in one piece of memory; at most ``group_size``.
        """
        raise NotImplementedError

    def gather(self, at: int, *chunks: Array) -> None:
        """Take a chunk of each input, checked, that begins at item ``at``."""
        left_out = self.stand_ins(at, len(chunks[0]))
        if left_out:
            at, chunks = at + left_out, tuple(x[left_out:] for x in chunks)
            if not len(chunks[0]):
                return
        measure = self.segment(at)
        first, count = measure.items % self.group_size, len(chunks[0])
        measure.items += count
        end = first + count
        if end < self.group_size:
            # Where items come one at a time, this is all that happens to most of them.
            rooms, place = self.gathered, slice(first, end)
            for k, x in enumerate(chunks):
                rooms[k][place] = x
        else:
            self._add_groups(measure, first, chunks)

    def _add_groups(self, measure: M, first: int, chunks: tuple[Array, ...]) -> None:
        """Add what completes the group begun with ``first`` items, and keep the rest."""
        size, count, done = self.group_size, len(chunks[0]), 0
        chunks = tuple(np.ascontiguousarray(x) for x in chunks)
        if first:
            done = size - first
            for room, x in zip(self.gathered, chunks, strict=True):
                room[first:] = x[:done]
            self.add(measure, *self.gathered)
        while count - done >= size:
            self.add(measure, *(x[done : done + size] for x in chunks))
            done += size
        for room, x in zip(self.gathered, chunks, strict=True):
            room[: count - done] = x[done:]

    def completed(self, measure: M) -> M:
        rest = measure.items % self.group_size
        if not rest:
            return measure
        whole: M = measure.plus(self.blank())
        self.add(whole, *(room[:rest] for room in self.gathered))
        return whole
