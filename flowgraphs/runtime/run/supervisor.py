"""The one loop that watches a run, whoever started it and wherever its blocks are.

Start, meet the others, run, drain, report, end: the same for a flowgraph in this process, for one
process of several that a person started, for a worker, and for the launcher of workers.
"""

from __future__ import annotations

import logging
import os
import signal
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import zmq

from semradio.blocks.errors import BlockError, SemradioError
from semradio.flowgraphs.plan import FlowgraphError, Plan
from semradio.flowgraphs.runtime.change import Changes, Control, LiveParameter, Running, Tell
from semradio.flowgraphs.runtime.failure import RunError, from_block_error
from semradio.flowgraphs.runtime.result import RunResult, merge
from semradio.flowgraphs.runtime.run.draining import DRAIN_S
from semradio.flowgraphs.runtime.run.signals import Heard, listening
from semradio.flowgraphs.runtime.watch import (
    Drawn,
    Ports,
    Standing,
    Status,
    Tap,
    Tapped,
    drawn,
    joined,
)

TICK_S = 0.2
"""Seconds between two looks at the clock, at signals and at progress."""

OnProgress = Callable[[Mapping[str, Mapping[str, Any]]], None]
"""Called now and then with what each process has to show: items by block, memory in bytes."""

_log = logging.getLogger("semradio")


class Host(Protocol):
    """Where the blocks of a run are: in this process, or in children."""

    def start(self) -> None:
        """Build, meet the others, start every block."""

    def attend(self, seconds: float) -> bool:
        """Run, or watch those that run, for about so long; returns whether all have ended."""

    def stop(self) -> None:
        """Let the sources end."""

    def change(self, changes: Changes, tell: Tell) -> None:
        """Change live parameters; SemradioError, with nothing changed, if any is refused."""

    def parameters(self) -> list[LiveParameter]:
        """Return the live parameters and their present values."""

    def tap(self, tap: Tap) -> Tapped:
        """Show somebody what passes at a port; ParameterError if there is none of that name."""

    def untap(self, to: str, number: int) -> None:
        """Show nothing more for a tap."""

    def standings(self) -> list[Standing]:
        """Return how each process stands."""

    def ports(self) -> Ports:
        """Return the ports of all blocks that run for this run."""

    def progress(self) -> Mapping[str, Mapping[str, Any]]:
        """Return items and memory by process."""

    def signals(self) -> list[int]:
        """Return the signals that reached a child instead of this process."""

    def left(self) -> str:
        """Say what has not drained, and what holds it up."""

    def finish(self) -> dict[str, Any]:
        """Put the blocks' work away; returns the report of each process."""

    def close(self, *, failed: bool) -> None:
        """Leave nothing behind, whatever happened."""


class Supervisor:
    """Watches one run.

    Args:
        host: where its blocks are. plan: the whole flowgraph.
        process: the process of the plan that runs alone; None for all of it.
        max_seconds: stop the sources after so long and drain.
        on_progress: called about five times a second.
        control: something through which the run is steered.
        on_signal: told of signals instead of ending the run, where somebody else decides.
    """

    def __init__(
        self,
        host: Host,
        plan: Plan,
        process: str | None = None,
        *,
        max_seconds: float | None = None,
        on_progress: OnProgress | None = None,
        control: Control | None = None,
        on_signal: Callable[[int], None] | None = None,
    ) -> None:
        self.host = host
        self.plan = plan
        self.process = process
        self.max_seconds = max_seconds
        self.on_progress = on_progress
        self.control = control
        self.on_signal = on_signal
        self.heard = Heard(break_off=on_signal is None)
        self.began = time.monotonic()
        self.elapsed_s = 0.0
        self.stopped_at: float | None = None
        self.stopped_by: int | None = None

    def run(self) -> RunResult:
        """Run to the end of all streams and return the result.

        Raises:
            RunError: a block, an edge or a process failed; nothing is left running.
            FlowgraphError: the plan does not say how to meet the others.
            BrokenOffError: asked a second time to end, while draining, or before it had begun.
        """
        result = merge(self.plan, self.reports())
        result.elapsed_s = round(self.elapsed_s, 6)
        result.stopped_by = self.stopped_by
        result.interrupted = self.stopped_by is not None
        return result

    def reports(self) -> dict[str, Any]:
        """Run to the end of all streams and return the report of each process; see :meth:`run`."""
        failed = True
        try:
            with listening(self.heard):
                self.host.start()
                self.began = time.monotonic()
                if self.control is not None:
                    self.control.serve(self)
                while not self.host.attend(TICK_S):
                    self._look()
                self.elapsed_s = time.monotonic() - self.began
                reports = self.host.finish()
            failed = False
            return reports
        except BlockError as error:
            trace = "".join(traceback.format_exception(error.__cause__ or error))
            raise from_block_error(self.plan, error, trace) from error
        except zmq.ZMQError as error:
            raise RunError(f"ZeroMQ: {error}", traceback.format_exc()) from error
        except (RunError, FlowgraphError):
            raise
        except SemradioError as error:
            where = "" if self.process is None else f"process '{self.process}': "
            raise RunError(f"{where}{error}", traceback.format_exc()) from error
        finally:
            self._close(failed)

    def _close(self, failed: bool) -> None:
        try:
            self.host.close(failed=failed)
        except BlockError as error:
            # The first failure is the one to tell; it is on its way to the user.
            _log.warning("while stopping: %s", error)

    def _look(self) -> None:
        """Look at everything that may end the run, and show how far it is."""
        now = time.monotonic()
        numbers = [*self.heard.numbers, *self.host.signals()]
        if self.on_signal is not None:
            for number in numbers:
                self.on_signal(number)
            self.heard.numbers.clear()
        elif numbers:
            self._stop(numbers[0])
        if self.max_seconds is not None and now - self.began > self.max_seconds:
            self._stop(None)
        if self.stopped_at is not None and now - self.stopped_at > DRAIN_S:
            raise RunError(f"{self.host.left()} did not drain within {DRAIN_S:.0f} s")
        shown = self.host.progress() if self.on_progress is not None else {}
        if self.on_progress is not None and shown:
            self.on_progress(shown)

    def _stop(self, number: int | None) -> None:
        if number is not None and self.stopped_by is None:
            self.stopped_by = number
        if self.stopped_at is None:
            self.stopped_at = time.monotonic()
            self.host.stop()

    # What a control asks -------------------------------------------------------------------

    def running(self) -> Running:
        """Say what runs, with the present values of its live parameters."""
        return Running(
            os.getpid(),
            self.plan.name,
            self.plan.file,
            self.process,
            round(time.monotonic() - self.began, 3),
            self.host.parameters(),
        )

    def change(self, changes: Changes, tell: Tell) -> None:
        """Change live parameters; ParameterError, with nothing changed, if any is refused."""
        self.host.change(changes, tell)

    def tap(self, tap: Tap) -> Tapped:
        """Show somebody what passes at a port; ParameterError if there is none of that name."""
        return self.host.tap(tap)

    def untap(self, to: str, number: int) -> None:
        """Show nothing more for a tap."""
        self.host.untap(to, number)

    def status(self) -> Status:
        """Say how the flowgraph stands."""
        state = "running" if self.stopped_at is None else "draining"
        elapsed_s = round(time.monotonic() - self.began, 3)
        return Status(state, elapsed_s, *joined(self.host.standings()))

    def drawn(self) -> Drawn:
        """Return the flowgraph as data to be drawn."""
        return drawn(self.plan, self.host.ports())

    def stop(self) -> None:
        """End the sources, drain and report, as the first Ctrl-C does."""
        self.heard.numbers[:0] = [] if self.heard.numbers else [int(signal.SIGINT)]
