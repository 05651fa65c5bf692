"""Where the time of one process goes: what its blocks did when, how long items waited for them.

For a part of each second every pass is taken down, with the start and the end of each block's work;
the rest runs undisturbed. How full queues are is sampled in these windows, waits are taken down all
the time. Passes that are taken down are careful ones: blocks that otherwise run as one call are
seen one by one there.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import msgspec

from semradio.blocks.engine.chain import Chain
from semradio.blocks.engine.queue import Queue

WINDOW_S, EVERY_S = 0.05, 0.25
"""Seconds of a window, and from one to the next."""

MOST_SPANS = 100_000
"""Spans that one process keeps at most; what comes later is counted."""

WAITING = "(waits)"
"""Stands for the block where the process has nothing to do."""


class Span(msgspec.Struct, array_like=True):
    """Something that took a while."""

    name: str
    began: float
    """Seconds of the machine's monotonic clock."""
    seconds: float
    index: int
    items: int


class BlockTime(msgspec.Struct):
    """What one block took, in the passes that were taken down."""

    calls: int = 0
    items: int = 0
    seconds: float = 0.0
    longest: float = 0.0


class QueueTime(msgspec.Struct):
    """How full one queue was at the beginning of passes, what is worked on in them included."""

    item_seconds: float = 0.0
    """Items times the seconds for which they were there, summed up."""
    seconds: float = 0.0
    most: int = 0


class Profile(msgspec.Struct):
    """What was taken down of one process."""

    spans: list[Span]
    spans_left_out: int
    blocks: dict[str, BlockTime]
    queues: dict[str, QueueTime]
    waited_s: float
    seconds: float
    """From the first pass to the end."""


class Profiler:
    """Takes down where the time of a process goes.

    Args:
        chains: of the process. queues: those that items wait in, by the label of the edge.
    """

    def __init__(self, chains: Sequence[Chain], queues: Mapping[str, Queue]) -> None:
        self._chains, self._queues = chains, queues
        self._began = time.monotonic()
        self._turn_at = self._began
        self._open = False
        self._spans: list[Span] = []
        self._left_out = 0
        self._waited = 0.0
        self._blocks: dict[str, BlockTime] = {}
        self._fills = {label: QueueTime() for label in queues}
        self._looked_at = self._began
        self._seen: dict[str, int] = {}

    def step(self) -> bool:
        """Open or close a window where it is time; never counts as something that happened."""
        now = time.monotonic()
        if now >= self._turn_at:
            self._turn(now)
        for label, items in self._seen.items():
            found = self._fills[label]
            found.item_seconds += items * (now - self._looked_at)
            found.seconds += now - self._looked_at
            found.most = max(found.most, items)
        self._looked_at = now
        self._seen = {n: queue.items for n, queue in self._queues.items()} if self._open else {}
        return False

    def _turn(self, now: float) -> None:
        self._open = not self._open
        self._turn_at = now + (WINDOW_S if self._open else EVERY_S - WINDOW_S)
        for chain in self._chains:
            chain.take_down(self.take if self._open else None)

    def take(self, name: str, began: float, seconds: float, index: int, items: int) -> None:
        """Take down one call of a block."""
        found = self._blocks.setdefault(name, BlockTime())
        found.calls += 1
        found.items += items
        found.seconds += seconds
        found.longest = max(found.longest, seconds)
        self._keep(Span(name, began, seconds, index, items))

    def take_wait(self, seconds: float) -> None:
        """Take down a wait that is over now."""
        self._waited += seconds
        if self._open:
            self._keep(Span(WAITING, time.perf_counter() - seconds, seconds, 0, 0))

    def _keep(self, span: Span) -> None:
        if len(self._spans) < MOST_SPANS:
            self._spans.append(span)
        else:
            self._left_out += 1

    def profile(self) -> Profile:
        """Return what was taken down."""
        return Profile(
            self._spans,
            self._left_out,
            self._blocks,
            self._fills,
            self._waited,
            time.monotonic() - self._began,
        )
