"""The scheduler of one process: steps its chains in topological order until all have ended.

A pass lets every chain work on what waits for it, so what a source makes runs through the whole
process while it is still in the cache: no thread hand-over, no event loop, no copy. Only when a
pass moves nothing does the scheduler wait: for messages, for a clock, or, if there is nothing to
wait for, it makes room where two paths of unequal length hold each other up.

Other threads ask for something by posting an act into the inbox. It is read between passes only,
when every chain stands at an item border.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence

import zmq

from semradio.blocks.engine.chain import Chain
from semradio.blocks.engine.queue import Queue
from semradio.blocks.engine.queue_intake import QueueIntake
from semradio.blocks.engine.target import Target
from semradio.blocks.errors import SemradioError
from semradio.blocks.zeromq import Socket

Act = Callable[[], None]
"""Something to be done between two passes."""

_ACTS = 16
"""Acts between two passes at most: however fast others ask, the streams go on."""

_TICK = 0.05
"""Longest wait in seconds before requests from outside are looked at again."""

_WATCHED_TICK = 0.005
"""The same while somebody looks on, who is to see soon what there is."""

WATCHED_S = 60.0
"""Seconds for which waits are accounted for after somebody has asked."""

_CLOCK_TICK = 0.001
"""Wait in seconds while a block waits for a clock."""


class Waits:
    """Seconds with nothing to do, and what was waited for; counted while somebody looks."""

    def __init__(self) -> None:
        self.total = 0.0
        self.for_room: dict[Target, float] = {}
        self.for_items: dict[Queue, float] = {}
        self.take_down: Callable[[float], None] | None = None
        """Told of each wait that is over, where somebody wants to know."""

    def note(self, chains: Sequence[Chain], seconds: float) -> None:
        """Account for one wait."""
        self.total += seconds
        if self.take_down is not None:
            self.take_down(seconds)
        for chain in chains:
            if chain.finished:
                continue
            full = [target for target in chain.outside if target.items >= target.capacity]
            for target in full:
                self.for_room[target] = self.for_room.get(target, 0.0) + seconds
            for queue in () if full else chain.intake.queues:
                if not queue.items and not queue.ended:
                    self.for_items[queue] = self.for_items.get(queue, 0.0) + seconds


class Scheduler:
    """Runs the chains of one process.

    Args:
        chains: in topological order.
        inbox: what others have asked for; see :meth:`post`.
        steps: further work of each pass, such as the edges to other processes; each tells whether
            anything happened.
        idle_sockets: sockets whose messages end a wait.
        edges_done: whether the edges have finished too.
    """

    def __init__(
        self,
        chains: Sequence[Chain],
        inbox: deque[Act],
        steps: Sequence[Callable[[], bool]] = (),
        idle_sockets: Sequence[Socket] = (),
        edges_done: Callable[[], bool] = lambda: True,
    ) -> None:
        self.chains = list(chains)
        self.inbox = inbox
        self.steps = [*steps, *(chain.step for chain in chains)]
        self.poller: zmq.Poller | None = None
        if idle_sockets:
            self.poller = zmq.Poller()
            for socket in idle_sockets:
                self.poller.register(socket, zmq.POLLIN)
        self.edges_done = edges_done
        self.done = False
        self.waits = Waits()
        self.watched_until = 0.0
        """Until when waits are accounted for."""
        self.watched_always = False

    def post(self, act: Act) -> None:
        """Ask for an act between two passes; any thread may. After the end it happens at once."""
        self.inbox.append(act)
        if self.done:
            self._act()

    def run_for(self, seconds: float) -> bool:
        """Run for about so long; returns whether every block has ended and every edge delivered.

        Raises:
            BlockError: a block failed.
            SemradioError: the flowgraph holds itself up for good.
        """
        steps, inbox = self.steps, self.inbox
        clock = time.monotonic
        deadline = clock() + seconds
        while not self.done:
            if inbox:
                self._act(_ACTS)
            progress = False
            for step in steps:
                if step():
                    progress = True
            if not progress:
                if all(chain.finished for chain in self.chains) and self.edges_done():
                    self.done = True
                    self._act()
                    break
                self._wait()
            if clock() >= deadline:
                break
        return self.done

    def add(self, step: Callable[[], bool]) -> None:
        """Do further work in each pass; only as an act, or before the first pass."""
        self.steps.append(step)

    def remove(self, step: Callable[[], bool]) -> None:
        """Do some work no more; only as an act."""
        self.steps.remove(step)

    def _act(self, most: float = math.inf) -> None:
        # Two threads may be here at once after the end.
        while most > 0:
            try:
                act = self.inbox.popleft()
            except IndexError:
                return
            act()
            most -= 1

    def watch(self) -> None:
        """Account for waits for a while; any thread may ask."""
        self.watched_until = time.monotonic() + WATCHED_S

    def _wait(self) -> None:
        if not self.watched_until:
            self._wait_for(_TICK)
            return
        began = time.monotonic()
        if began > self.watched_until and not self.watched_always:
            self.watched_until = 0.0
        self._wait_for(_WATCHED_TICK)
        self.waits.note(self.chains, time.monotonic() - began)

    def _wait_for(self, tick: float) -> None:
        waiting = any(chain.waiting for chain in self.chains if not chain.finished)
        for chain in self.chains:
            chain.waiting = False
        pause = _CLOCK_TICK if waiting else tick
        if self.poller is not None:
            if not waiting and self._stalled_by_local_queue():
                return
            self.poller.poll(int(pause * 1000))
        elif waiting:
            time.sleep(pause)
        elif not self.inbox and not self._stalled_by_local_queue():
            stuck = ", ".join(
                f"'{stage.block.name}'"
                for chain in self.chains
                for stage in chain.stages
                if not stage.finished
            )
            raise SemradioError(f"the flowgraph has come to a halt: {stuck} wait for each other")

    def _stalled_by_local_queue(self) -> bool:
        """Double the smallest full queue whose reader waits for another input; True if one is.

        Where a stream forks and joins again, one branch may need more items in advance than a
        queue holds (Parks, "Bounded scheduling of process networks", 1995).
        """
        full: list[Queue] = []
        for chain in self.chains:
            queues = chain.intake.queues
            if chain.finished or len(queues) < 2:
                continue
            grid = chain.intake.grid if isinstance(chain.intake, QueueIntake) else None
            if any(queue.items < (grid or 1) and not queue.ended for queue in queues):
                full += [q for q in queues if q.items >= q.capacity]
        if not full:
            return False
        smallest = min(full, key=lambda queue: queue.capacity)
        smallest.capacity *= 2
        return True
