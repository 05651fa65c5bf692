"""Worker processes as forks of the launcher: they have everything imported already.

Starting an interpreter and importing NumPy and semradio takes longer than all the rest of a start.
A fork shares the launcher's memory instead. Forks are made before the flowgraph is checked, for two
reasons: the check brings threads along (ONNX Runtime's, then ZeroMQ's), and a fork of a process
with threads may find a lock held for ever; and workers can import what they need meanwhile.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import IO, Protocol

from semradio.flowgraphs.plan import Plan

_LOOK_S = 0.002
"""Seconds between two looks at whether a process has ended, while somebody waits for that."""


class Child(Protocol):
    """A child process that talks over two pipes: ``subprocess.Popen``, or a fork."""

    pid: int
    stdin: IO[bytes] | None
    stdout: IO[bytes] | None

    def poll(self) -> int | None:
        """Return the exit status, a signal's number negated; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status once there is one; subprocess.TimeoutExpired if that is late."""

    def kill(self) -> None:
        """Kill it, if it still runs."""


def fork_workers(plan: Plan) -> dict[str, Child]:
    """Fork a worker for each process of a plan; none if this process has a second thread."""
    if not _may_fork():
        return {}
    from semradio.flowgraphs.runtime.run import worker

    made: dict[str, Child] = {}
    for name in plan.processes:
        made[name] = Forked(worker.serve, made.values())
    return made


def fork_spares(plan: Plan, count: int, others: Iterable[Child]) -> list[Child]:
    """Fork workers for processes that die; they load meanwhile what the blocks need.

    Args:
        others: forks made before.
    """
    if not _may_fork():
        return []
    from semradio.flowgraphs.runtime.run import worker

    made = list(others)
    before = len(made)
    for _ in range(count):
        made.append(Forked(partial(worker.serve, types=plan.block_types), made))
    return made[before:]


def _may_fork() -> bool:
    return sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1


def dismiss(children: Iterable[Child]) -> None:
    """End workers that may not have been given anything to do: they do when their orders close."""
    made = list(children)
    for child in made:
        if child.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
    for child in made:
        child.wait()


class Forked:
    """A fork of this process.

    Args:
        work: what it does; returns its exit status. It is given the two pipes.
        others: forks made before, whose pipes are none of its business.
    """

    def __init__(
        self, work: Callable[[IO[bytes], IO[bytes]], int], others: Iterable[Child]
    ) -> None:
        self.returncode: int | None = None
        self.reaping = threading.Lock()
        orders, from_launcher = os.pipe()
        from_worker, answers = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(from_launcher)
            os.close(from_worker)
            _be_a_worker(work, orders, answers, others)
        os.close(orders)
        os.close(answers)
        self.stdin: IO[bytes] | None = os.fdopen(from_launcher, "wb")
        self.stdout: IO[bytes] | None = os.fdopen(from_worker, "rb")

    def poll(self) -> int | None:
        """Return the exit status, a signal's number negated; None while it runs."""
        # The system tells it once, and several threads may ask.
        with self.reaping:
            if self.returncode is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status once there is one; subprocess.TimeoutExpired if that is late."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a worker", timeout or 0.0)
            time.sleep(_LOOK_S)
        return status

    def kill(self) -> None:
        """Kill it, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def _be_a_worker(
    work: Callable[[IO[bytes], IO[bytes]], int], orders: int, answers: int, others: Iterable[Child]
) -> None:
    """Do the work in the fork, and end there: nothing of the launcher's own code may go on."""
    status = 1
    try:
        # A group of its own, and no way to draw SIGINT: the launcher lets its workers drain.
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        for other in others:
            for pipe in (other.stdin, other.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        # What is there already stays; to look through it again would copy its pages.
        gc.freeze()
        status = work(os.fdopen(orders, "rb"), os.fdopen(answers, "wb"))
        sys.stderr.flush()
    finally:
        os._exit(status)
