"""A worker process: runs one process of a plan for a launcher, which talks to it over pipes.

Started as ``python -m semradio.flowgraphs.runtime.worker``. The pipe that was standard output
carries the protocol; what blocks print goes to standard error. When the launcher vanishes, its
end of the pipe closes and the worker exits at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

import zmq

from semradio.blocks.api import registry
from semradio.blocks.api.runner import BlockError
from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.runtime import protocol
from semradio.flowgraphs.runtime.process import Process

M = TypeVar("M")

PROGRESS_EVERY = 0.2
"""Seconds between progress messages."""


class Worker:
    """One process of a plan, driven by messages from the launcher."""

    def __init__(self, reader: BinaryIO, writer: BinaryIO) -> None:
        self.reader = reader
        self.writer = writer
        self.writing = threading.Lock()
        self.process: Process | None = None

    def main(self) -> int:
        """Run one job; returns the exit status."""
        try:
            self._run()
        except Exception as error:
            self._send(_failure(error))
            if self.process is not None:
                self.process.close(failed=True)
            return 1
        return 0

    def _run(self) -> None:
        job = self._receive(protocol.Job)
        sys.path[:0] = job.plan.import_folders
        for file in job.plan.code:
            registry.load_file(Path(file))
        graph = Graph.part(
            job.plan,
            job.plan.processes[job.process].blocks,
            protocol.decode_types(job.edge_types),
        )
        process = self.process = Process(graph, job.process, job.chunk)
        self._send(protocol.Bound(process.bind(job.endpoint)))
        process.connect(self._receive(protocol.Connect).endpoints)
        try:
            process.start()
            self._send(protocol.Ready())
            self._receive(protocol.Go)
            threading.Thread(target=self._listen, args=(process,), daemon=True).start()
            process.run(self._tell_progress, PROGRESS_EVERY)
        except BaseException:
            _stop_quietly(process)
            raise
        process.stop_blocks()
        report = process.report()
        process.close()
        self._send(protocol.Done(report))

    def _listen(self, process: Process) -> None:
        """Take orders while the flowgraph runs."""
        for line in self.reader:
            message = protocol.to_worker.decode(line)
            if isinstance(message, protocol.Stop):
                process.stop()
            elif isinstance(message, protocol.Set):
                answer = partial(self._tell_change, message.number)
                try:
                    process.change(message.changes, answer)
                except SemradioError as error:
                    for block in message.changes:
                        answer(block, error)
        # The launcher is gone, and with it everybody who wants the result.
        os._exit(1)

    def _tell_progress(self) -> None:
        if self.process is not None:
            found = self.process.progress()
            self._send(protocol.Progress(found["items"], found["rss_bytes"]))

    def _tell_change(self, number: int, block: str, found: int | SemradioError) -> None:
        if isinstance(found, SemradioError):
            self._send(protocol.Changed(number, block, None, str(found)))
        else:
            self._send(protocol.Changed(number, block, found))

    def _receive(self, kind: type[M]) -> M:
        line = self.reader.readline()
        if not line:
            os._exit(1)
        message = protocol.to_worker.decode(line)
        if isinstance(message, protocol.Stop):
            raise SemradioError("stopped before the run began")
        if not isinstance(message, kind):
            raise SemradioError(f"the launcher sent {type(message).__name__} out of turn")
        return message

    def _send(self, message: protocol.FromWorker) -> None:
        line = protocol.encode(message)
        try:
            with self.writing:
                self.writer.write(line)
                self.writer.flush()
        except BrokenPipeError:
            os._exit(1)


def _stop_quietly(process: Process) -> None:
    """Stop the blocks of a run that has failed already; the first failure is the one to tell."""
    try:
        process.stop_blocks()
    except BlockError as error:
        print(f"while stopping: {error}", file=sys.stderr)


def _failure(error: Exception) -> protocol.Failed:
    trace = traceback.format_exc()
    if isinstance(error, BlockError):
        cause = error.__cause__ or error
        trace = "".join(traceback.format_exception(cause))
        return protocol.Failed(error.reason, error.block, error.index, trace)
    if isinstance(error, SemradioError):
        return protocol.Failed(str(error), traceback=trace)
    if isinstance(error, zmq.ZMQError):
        return protocol.Failed(f"ZeroMQ: {error}", traceback=trace)
    return protocol.Failed(f"{type(error).__name__}: {error}", traceback=trace)


def main() -> None:
    """Entry point of the worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    writer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    status = Worker(sys.stdin.buffer, writer).main()
    # Threads of third-party libraries must not keep a finished worker alive.
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
