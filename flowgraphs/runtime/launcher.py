"""Runs a flowgraph as one process per entry of ``processes``: starts, watches, stops, reports."""

from __future__ import annotations

import itertools
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from semradio.blocks.errors import ParameterError, SemradioError
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.runtime import protocol
from semradio.flowgraphs.runtime.failure import NOT_STARTED, RunError, block_failure
from semradio.flowgraphs.runtime.live import (
    Answer,
    Changes,
    Running,
    check_changes,
    live_parameters,
)
from semradio.flowgraphs.runtime.local import DRAIN_S, OnProgress
from semradio.flowgraphs.runtime.result import RunResult, merge

if TYPE_CHECKING:
    from semradio.flowgraphs.control.server import ControlServer

M = TypeVar("M")

TRANSPORTS = ("ipc", "tcp")
"""What edges between processes of one host may run over."""

STARTUP_S = 60.0
"""Seconds that all workers together may take to load their models and start."""


class _Pending(NamedTuple):
    """A live change that a process has been asked for."""

    process: str
    left: dict[str, dict[str, Any]]
    """Values by block, of the blocks that have not answered yet."""
    answer: Answer


class Launcher:
    """Runs the processes of a plan on this host.

    Args:
        graph: the whole checked graph; its blocks check live changes, and do not run.
        transport: ``ipc`` or ``tcp`` (loopback); None takes what the plan binds, else ipc.
        chunk: items that a source emits per step.
        max_seconds: stop the sources after so long and drain.
        on_progress: called with the items and the memory of each process, when they change.
        control: a control socket that is to serve this run.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        transport: str | None = None,
        chunk: int | None = None,
        max_seconds: float | None = None,
        on_progress: OnProgress | None = None,
        control: ControlServer | None = None,
    ) -> None:
        if transport is not None and transport not in TRANSPORTS:
            raise ParameterError(
                f"transport must be one of {', '.join(TRANSPORTS)}, not {transport!r}"
            )
        self.plan = graph.plan
        self.blocks = graph.blocks
        self.edge_types = graph.edge_types
        self.transport = transport
        self.chunk = chunk
        self.max_seconds = max_seconds
        self.on_progress = on_progress
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.inbox: queue.SimpleQueue[tuple[str, protocol.FromWorker | None]] = queue.SimpleQueue()
        self.reports: dict[str, dict[str, Any]] = {}
        self.shown: dict[str, dict[str, Any]] = {}
        self.interrupts = 0
        self.control = control
        self.began = time.monotonic()
        self.numbers = itertools.count()
        self.pending: dict[int, _Pending] = {}

    def run(self) -> RunResult:
        """Run to the end of all streams and return the result.

        Raises:
            RunError: a process failed or died; all others have been stopped.
            KeyboardInterrupt: interrupted a second time while draining.
        """
        folder = tempfile.mkdtemp(prefix="semradio-")
        try:
            with self._counting_interrupts():
                self._start(folder)
                self.began = time.monotonic()
                if self.control is not None:
                    self.control.serve(self)
                self._watch()
            result = merge(self.plan, self.reports)
            result.elapsed_s = round(time.monotonic() - self.began, 6)
            result.interrupted = self.interrupts > 0
            return result
        finally:
            self._end_all()
            shutil.rmtree(folder, ignore_errors=True)

    # Start ---------------------------------------------------------------------------------

    def _start(self, folder: str) -> None:
        types = protocol.encode_types(self.edge_types)
        jobs = {
            name: protocol.encode(
                protocol.Job(self.plan, name, types, self._endpoint(name, folder), self.chunk)
            )
            for name in self.plan.processes
        }
        for name in self.plan.processes:
            self.children[name] = self._spawn(name)
        for name, job in jobs.items():
            self._write(name, job)
        endpoints = {
            name: message.endpoint
            for name, message in self._gather(protocol.Bound)
            if message.endpoint is not None
        }
        self._tell(protocol.Connect(endpoints))
        list(self._gather(protocol.Ready))
        self._tell(protocol.Go())

    def _endpoint(self, name: str, folder: str) -> str:
        planned = self.plan.processes[name].bind
        if self.transport is None and planned is not None:
            return planned
        if self.transport == "tcp" or sys.platform == "win32":
            return "tcp://127.0.0.1:*"
        index = list(self.plan.processes).index(name)
        return f"ipc://{folder}/{index}"

    def _spawn(self, name: str) -> subprocess.Popen[bytes]:
        # One thread per process for BLAS and the like: the flowgraph is the parallelism.
        environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **os.environ}
        # -P: the worker imports nothing from the current folder. A group of its own: Ctrl-C
        # reaches the launcher alone, which then lets the workers drain.
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "semradio.flowgraphs.runtime.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            process_group=0 if os.name == "posix" else None,
        )
        thread = threading.Thread(target=self._listen, args=(name, child.stdout), daemon=True)
        thread.start()
        return child

    def _listen(self, name: str, pipe: IO[bytes]) -> None:
        """Pass on what a worker says; None when its pipe closes."""
        for line in pipe:
            try:
                self.inbox.put((name, protocol.from_worker.decode(line)))
            except msgspec.DecodeError as error:
                self.inbox.put((name, protocol.Failed(f"unreadable message: {error}")))
        self.inbox.put((name, None))

    def _gather(self, kind: type[M]) -> Iterator[tuple[str, M]]:
        """Yield one message of a kind from every process."""
        missing = set(self.children)
        deadline = time.monotonic() + STARTUP_S
        while missing:
            if self.interrupts:
                raise KeyboardInterrupt
            try:
                name, message = self.inbox.get(timeout=0.05)
            except queue.Empty:
                if time.monotonic() > deadline:
                    raise RunError(
                        f"processes {sorted(missing)} did not start within {STARTUP_S:.0f} s"
                    ) from None
                continue
            if not isinstance(message, kind):
                raise self._failure(name, message)
            missing.discard(name)
            yield name, message

    # Watch ---------------------------------------------------------------------------------

    def _watch(self) -> None:
        stopped_at: float | None = None
        while len(self.reports) < len(self.children):
            if stopped_at is None and (
                self.interrupts
                or (
                    self.max_seconds is not None
                    and time.monotonic() - self.began > self.max_seconds
                )
            ):
                stopped_at = time.monotonic()
                self._tell(protocol.Stop())
            if self.interrupts > 1:
                raise KeyboardInterrupt
            if stopped_at is not None and time.monotonic() - stopped_at > DRAIN_S:
                left = ", ".join(f"'{n}'" for n in self.children if n not in self.reports)
                raise RunError(f"processes {left} did not drain within {DRAIN_S:.0f} s")
            try:
                name, message = self.inbox.get(timeout=0.05)
            except queue.Empty:
                continue
            self._take(name, message)

    def _take(self, name: str, message: protocol.FromWorker | None) -> None:
        if isinstance(message, protocol.Progress):
            self.shown[name] = {"items": message.items, "rss_bytes": message.rss_bytes}
            if self.on_progress is not None:
                self.on_progress(self.shown)
        elif isinstance(message, protocol.Done):
            self.reports[name] = message.report
            self._end_pending(name)
        elif isinstance(message, protocol.Changed):
            self._take_change(message)
        elif message is not None or name not in self.reports:
            raise self._failure(name, message)

    def _failure(self, name: str, message: protocol.FromWorker | None) -> RunError:
        if isinstance(message, protocol.Failed):
            if message.block is not None:
                index = message.index if message.index is not None else NOT_STARTED
                error = block_failure(
                    self.plan, message.block, index, message.message, message.traceback
                )
                return RunError(f"{error} (process '{name}')", message.traceback)
            return RunError(f"process '{name}': {message.message}", message.traceback)
        if message is None:
            child = self.children[name]
            try:
                status = child.wait(1.0)
            except subprocess.TimeoutExpired:
                return RunError(f"process '{name}' (pid {child.pid}) closed its pipe")
            return RunError(f"process '{name}' (pid {child.pid}) died: {_cause(status)}")
        return RunError(f"process '{name}' said {type(message).__name__} out of turn")

    # Talk and end --------------------------------------------------------------------------

    def running(self) -> Running:
        """Say what runs, with the present values of its live parameters."""
        return Running(
            os.getpid(),
            self.plan.name,
            self.plan.file,
            None,
            round(time.monotonic() - self.began, 3),
            live_parameters(self.blocks),
        )

    def change(self, changes: Changes, answer: Answer) -> None:
        """Change live parameters of blocks in whichever processes they run.

        Args:
            changes: values by block and parameter.
            answer: told for each block from which item on its change counts, or why it was
                refused.

        Raises:
            ParameterError: something is wrong with a change; nothing is changed.
            SemradioError: a process has not answered the change before.
        """
        check_changes(self.blocks, self.plan, changes)
        home = {b: p.name for p in self.plan.processes.values() for b in p.blocks}
        parts: dict[str, dict[str, dict[str, Any]]] = {}
        for block, values in changes.items():
            parts.setdefault(home[block], {})[block] = dict(values)
        # One at a time for each process: a pipe that nobody reads would fill up and block.
        busy = {pending.process for pending in self.pending.values()} & parts.keys()
        if busy:
            names = ", ".join(f"'{name}'" for name in sorted(busy))
            raise SemradioError(f"process {names} has not taken the change before over yet")
        for process, part in parts.items():
            number = next(self.numbers)
            line = protocol.encode(protocol.Set(number, part))
            self.pending[number] = _Pending(process, part, answer)
            self._write(process, line)
            if process in self.reports:
                self._end_pending(process)

    def stop(self) -> None:
        """End the sources, drain and report, as the first Ctrl-C does."""
        self.interrupts = max(self.interrupts, 1)

    def _take_change(self, message: protocol.Changed) -> None:
        pending = self.pending.get(message.number)
        if pending is None:
            # It came after the report; that the process has ended was the answer.
            return
        values = pending.left.pop(message.block)
        if not pending.left:
            del self.pending[message.number]
        if message.index is None:
            pending.answer(message.block, SemradioError(message.reason))
            return
        # The launcher's own copy of the block says what is in force.
        self.blocks[message.block].assign(values)
        pending.answer(message.block, message.index)

    def _end_pending(self, process: str) -> None:
        """Answer what a process can no longer answer, because it has ended."""
        for number, pending in list(self.pending.items()):
            if pending.process == process and self.pending.pop(number, None) is not None:
                for block in pending.left:
                    pending.answer(block, SemradioError(f"block '{block}' has ended"))

    def _tell(self, message: protocol.ToWorker) -> None:
        for name in self.children:
            if name not in self.reports:
                self._write(name, protocol.encode(message))

    def _write(self, name: str, line: bytes) -> None:
        pipe = self.children[name].stdin
        try:
            if pipe is not None:
                pipe.write(line)
                pipe.flush()
        except BrokenPipeError:
            # Its death is told by its other pipe, in order with what it said before.
            return

    def _end_all(self) -> None:
        """Leave no process behind, whatever happened."""
        for name, child in self.children.items():
            if name not in self.reports and child.poll() is None:
                child.kill()
        for child in self.children.values():
            if child.stdin is not None:
                try:
                    child.stdin.close()
                except BrokenPipeError:
                    continue
            child.wait()

    @contextmanager
    def _counting_interrupts(self) -> Iterator[None]:
        """Count Ctrl-C: the first one drains, the second one breaks off."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def on_signal(number: int, frame: object) -> None:
            self.interrupts += 1

        before = signal.signal(signal.SIGINT, on_signal)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def _cause(status: int) -> str:
    if status < 0:
        return f"killed by signal {-status} ({signal.Signals(-status).name})"
    return f"exit status {status}"
