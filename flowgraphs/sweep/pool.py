"""Persistent worker processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait as wait_for
from multiprocessing.process import BaseProcess
from types import TracebackType

from semradio.flowgraphs.runtime.failure import RunError
from semradio.flowgraphs.sweep.grid import Cell

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables that keep numeric libraries to one thread; cells are the parallelism."""


class Pool:
    """Worker processes, each with one cell at a time.

    Every worker is an executor of its own, so that one that dies is known by its cell. Workers
    end with this process, however it ends, and do not hear of Ctrl-C.

    Args:
        workers: how many there are at most; they start when there is work.
    """

    def __init__(self, workers: int) -> None:
        self._workers = [_Worker() for _ in range(workers)]

    def run(self, cells: Iterable[Cell]) -> Iterator[tuple[Cell, str]]:
        """Run cells and yield each with what its worker said, as they finish.

        Raises:
            RunError: a worker died.
        """
        waiting = iter(cells)
        busy: dict[Future[str], tuple[_Worker, Cell]] = {}

        def feed(worker: _Worker) -> None:
            cell = next(waiting, None)
            if cell is not None:
                busy[worker.submit(cell)] = worker, cell

        for worker in self._workers:
            feed(worker)
        while busy:
            done, _ = wait(busy, return_when=FIRST_COMPLETED)
            for future in done:
                worker, cell = busy.pop(future)
                try:
                    said = worker.answer(future)
                except BrokenProcessPool:
                    raise RunError(f"{cell.label}: {worker.obituary()}") from None
                # Before the caller has stored what was said, so that nobody is idle.
                feed(worker)
                yield cell, said

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            worker.end()


class _Worker:
    """One process, started with its first cell."""

    def __init__(self) -> None:
        self._executor: ProcessPoolExecutor | None = None
        self._process: BaseProcess | None = None
        self._answered = False

    def submit(self, cell: Cell) -> Future[str]:
        from semradio.flowgraphs.sweep.worker import run_cell

        if self._executor is not None:
            return self._executor.submit(run_cell, cell.job)
        self._executor = ProcessPoolExecutor(
            1, multiprocessing.get_context("spawn"), initializer=_begin
        )
        before = set(multiprocessing.active_children())
        with _quiet_start():
            future = self._executor.submit(run_cell, cell.job)
        (self._process,) = set(multiprocessing.active_children()) - before
        return future

    def answer(self, future: Future[str]) -> str:
        said = future.result()
        self._answered = True
        return said

    def obituary(self) -> str:
        """Return what is known of the death of the process."""
        assert self._process is not None  # it had a cell
        # Not join: the executor's thread may be the one that learns the status.
        deadline = time.monotonic() + 5
        while (status := self._process.exitcode) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        pid = self._process.pid
        if status is not None and status < 0:
            cause = f"killed by signal {-status} ({signal.Signals(-status).name})"
        else:
            cause = f"exit status {status}"
            if not self._answered and hasattr(sys.modules["__main__"], "__file__"):
                cause += " (a script that sweeps needs 'if __name__ == \"__main__\":')"
        return f"its worker process (pid {pid}) died: {cause}"

    def end(self) -> None:
        if self._executor is None:
            return
        if self._process is not None:
            # What it may still be running is of no use to anybody.
            self._process.kill()
        self._executor.shutdown(cancel_futures=True)


def _begin() -> None:
    """Prepare a worker process: it ends with its parent, and prints to standard error."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.dup2(2, 1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None  # this runs in a child
    wait_for([parent.sentinel])
    os._exit(1)


@contextmanager
def _quiet_start() -> Iterator[None]:
    """Let what starts now inherit one thread for numeric libraries, and no ear for Ctrl-C."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    masks = hasattr(signal, "pthread_sigmask")
    old = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masks else set()
    try:
        yield
    finally:
        if masks:
            signal.pthread_sigmask(signal.SIG_SETMASK, old)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
