"""What gives a chain its chunks where it begins with a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

from semradio.blocks.api.kinds import Source
from semradio.blocks.engine.chain import Chain, length
from semradio.blocks.engine.queue import Queue
from semradio.blocks.errors import SemradioError

BURST = 64
"""Passes that a source may make in a row before others get their turn; where it shares a reader
with others, items. They keep pace then, and what waits for the reader is still in the cache."""

BURST_S = 0.005
"""Seconds that a burst may take: signals, changes and other processes wait for its end."""


class SourceIntake:
    """A block without inputs, which makes ``chunk`` items a pass."""

    queues: Sequence[Queue] = ()
    taken = 0

    def __init__(self, block: Source, chunk: int) -> None:
        self.block = block
        self.chunk = chunk
        self.waits = block.waits
        self.burst = 1
        """Passes that took less than BURST_S so far."""

    @property
    def makes(self) -> int:
        """Items that the next step makes at most."""
        return 0 if self.waits else self.chunk

    def saved(self) -> dict[str, Any]:
        """Return nothing: a source goes on from an index."""
        return {}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Do nothing."""

    def step(self, chain: Chain) -> bool:
        """Let the source make a chunk; returns whether anything moved."""
        n = self.chunk
        if self.waits:
            n = min(n, self.block.ready(n, False))
            if n <= 0:
                chain.waiting = True
                return False
        careful = chain.careful
        if careful and chain.planned:
            n = chain.until_planned(chain.at, n)
            if chain.finished:
                return True
        if chain.makes and not careful:
            chain.waiting = False
            most = max(1, BURST // n) if chain.feeds_queue else BURST
            if most == 1:
                chain.plainly(n, n)
            else:
                began = perf_counter()
                chain.plainly(n, n, min(most, self.burst, chain.sample_at - chain.passes))
                late = perf_counter() - began > BURST_S
                self.burst = 1 if late else min(2 * self.burst, BURST)
            return not chain.waiting
        x = self._made(chain, n, careful)
        if careful or chain.attention or x is None or not length(x):
            return chain.emit(x)
        self._place(chain, x)
        chain.waiting = False
        chain.run_in_pieces(length(x))
        return True

    def _made(self, chain: Chain, n: int, timed: bool) -> Any:
        began = perf_counter() if timed else 0.0
        try:
            x = self.block.work(n, chain.at)
        except (Exception, SystemExit) as error:
            assert chain.head is not None
            raise chain.head.fail(chain.at, error) from error
        if timed:
            assert chain.head is not None
            chain.head.spent(began, chain.at, length(x) if x is not None else 0)
        return x

    def _place(self, chain: Chain, x: Any) -> None:
        head = chain.head
        assert head is not None
        try:
            chain.place(head, x, length(x))
        except SemradioError as error:
            raise head.fail(chain.at, error) from error
