"""What looking at a process may cost it: a small share of its time, where it has any use for that.

Passes that are looked at are slower, and what was seen has to be copied and sent. How much that
takes is measured, not guessed: the CPU time of a look, less what as many items take otherwise. The
next look then waits for so long that the share is kept. A process that waits now and then anyhow
can be looked at as often as is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable

SHARE = 0.008
"""Share of the time of a process that has no time to spare, for all looks together.

They cost two to three times as much: what is sent afterwards, and caches that were used for other
things, show only in the time of the passes between them.
"""

LONGEST_S = 0.5
"""Longest rest in seconds: whoever looks is to see that it goes on."""

SPARE = 0.1
"""Share of its time that a process must wait to have time to spare."""

_NEWEST = 0.2
"""Weight of the newest look in the mean of what looks cost."""

_REMEMBERED_S = 2.0
"""CPU seconds between looks after which older ones count less."""


class Budget:
    """When a process may be looked at again.

    Args:
        done: returns how many items have been worked on so far.
        waited: returns for how many seconds the process has had nothing to do.
    """

    def __init__(self, done: Callable[[], int], waited: Callable[[], float]) -> None:
        self._done, self._waited = done, waited
        self.free_at = 0.0
        """When the next look may begin, on the monotonic clock."""
        self.cost = 0.0
        """CPU seconds that a look takes, less what its items take otherwise; the mean of some."""
        self.restart()

    def restart(self) -> None:
        """Count items anew: those of other blocks count from now on."""
        self._looking = False
        self._began = 0.0, 0
        """CPU time and items when the present look began."""
        self._ended = 0.0, 0
        """The same when the last one ended."""
        self._rest = 0.0, 0.0
        """Then, too: the clock, and seconds waited."""
        self._between = 0.0, 0
        """CPU time and items between looks."""

    def note(self, looking: bool, now: float) -> None:
        """Learn whether anybody looks from now on."""
        if looking == self._looking:
            return
        self._looking = looking
        cpu, done = time.process_time(), self._done()
        ended, waited_then = self._rest
        if looking:
            if ended:
                self._remember(cpu - self._ended[0], done - self._ended[1])
            self._began = cpu, done
            return
        self._account(cpu - self._began[0], done - self._began[1])
        waited = self._waited()
        # Of the whole time from the end of one look to that of the next.
        spare = ended and waited - waited_then > SPARE * (now - ended)
        rest = min(LONGEST_S, max(0.0, self.cost) / SHARE)
        self.free_at = 0.0 if spare else now + rest
        self._ended, self._rest = (cpu, done), (now, waited)

    def _remember(self, took: float, items: int) -> None:
        cpu, known = self._between
        if cpu > _REMEMBERED_S:
            cpu, known = cpu / 2, known // 2
        self._between = cpu + took, known + items

    def _account(self, took: float, items: int) -> None:
        cpu, known = self._between
        usual = items * cpu / known if known else 0.0
        self.cost += _NEWEST * (took - usual - self.cost)
