"""The scheduler of one process: steps its blocks in topological order until all have ended.

A pass lets every block work on what waits for it, so a chunk that a source emits runs through the
whole process while it is still in the cache: no thread hand-over, no event loop, no copy. Only
when a pass moves nothing does the scheduler wait: for messages, for a clock, or, if there is
nothing to wait for, it makes room where two paths of unequal length hold each other up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import zmq

from semradio.blocks.api.queue import Queue
from semradio.blocks.api.runner import Runner, SourceRunner
from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.runtime.segment import Segment, segments_of
from semradio.flowgraphs.runtime.sockets import Socket

_TICK = 0.05
"""Longest wait in seconds before requests from outside are looked at again."""

_PASSES_PER_LOOK = 8
"""Passes between two looks at the clock and at requests from outside."""

_CLOCK_TICK = 0.001
"""Wait in seconds while a block waits for a clock."""


class Scheduler:
    """Runs the runners of one process.

    Args:
        runners: by block name, in topological order.
        steps: further work of each pass, such as the edges to other processes; each tells whether
            anything happened.
        idle_sockets: sockets whose messages end a wait.
        done: whether the edges have finished too.
    """

    def __init__(
        self,
        runners: Mapping[str, Runner],
        steps: Sequence[Callable[[], bool]] = (),
        idle_sockets: Sequence[Socket] = (),
        done: Callable[[], bool] = lambda: True,
    ) -> None:
        self.runners = list(runners.values())
        units = segments_of(runners)
        self.segments = [unit for unit in units if isinstance(unit, Segment)]
        self.steps = [*steps, *(unit.step for unit in units)]
        self.poller: zmq.Poller | None = None
        if idle_sockets:
            self.poller = zmq.Poller()
            for socket in idle_sockets:
                self.poller.register(socket, zmq.POLLIN)
        self.edges_done = done
        self.stopping = False
        self.on_tick: Callable[[], None] = lambda: None
        self.on_stop: Callable[[], None] = lambda: None
        self.tick_every = 0.1

    def stop(self) -> None:
        """Let the sources end at the next item border; everything under way is finished."""
        self.stopping = True
        for segment in self.segments:
            segment.attention.append(self)

    def settle(self) -> None:
        """Bring the counts of all runners and queues up to date."""
        for segment in self.segments:
            segment.settle()

    def busy(self) -> dict[str, float]:
        """Return the seconds that each block has worked, by name; estimated from samples."""
        factors = {id(r): s.time_factor for s in self.segments for r in s.runners}
        return {r.block.name: r.busy * factors.get(id(r), 1.0) for r in self.runners}

    def run(self) -> None:
        """Run until every block has ended and every edge has delivered.

        Raises:
            BlockError: a block failed.
            SemradioError: the flowgraph holds itself up for good.
        """
        steps = self.steps
        clock = time.monotonic
        next_tick = clock() + self.tick_every
        passes = 0
        while True:
            progress = False
            for step in steps:
                if step():
                    progress = True
            passes += 1
            if not progress:
                if all(runner.finished for runner in self.runners) and self.edges_done():
                    self.settle()
                    return
                self._wait()
            elif passes % _PASSES_PER_LOOK:
                continue
            if self.stopping:
                self._end_sources()
            if clock() >= next_tick:
                self.on_tick()
                next_tick = clock() + self.tick_every

    def _end_sources(self) -> None:
        self.stopping = False
        for runner in self.runners:
            runner.block.stopping = True
            if isinstance(runner, SourceRunner):
                runner.end()
        self.on_stop()

    def _wait(self) -> None:
        waiting = any(runner.waiting for runner in self.runners if not runner.finished)
        for runner in self.runners:
            runner.waiting = False
        pause = _CLOCK_TICK if waiting else _TICK
        if self.poller is not None:
            if not waiting and self._stalled_by_local_queue():
                return
            self.poller.poll(int(pause * 1000))
        elif waiting:
            time.sleep(pause)
        elif not self._stalled_by_local_queue():
            stuck = ", ".join(f"'{r.block.name}'" for r in self.runners if not r.finished)
            raise SemradioError(f"the flowgraph has come to a halt: {stuck} wait for each other")

    def _stalled_by_local_queue(self) -> bool:
        """Double the smallest full queue whose reader waits for another input; True if one is.

        Where a stream forks and joins again, one branch may need more items in advance than a
        queue holds (Parks, "Bounded scheduling of process networks", 1995).
        """
        full: list[Queue] = []
        for runner in self.runners:
            if runner.finished or len(runner.queues) < 2:
                continue
            if any(queue.items == 0 and not queue.ended for queue in runner.queues):
                full += [q for q in runner.queues if q.items >= q.capacity]
        if not full:
            return False
        smallest = min(full, key=lambda queue: queue.capacity)
        smallest.capacity *= 2
        return True
