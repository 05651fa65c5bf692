"""A worker process: hosts one process of a plan for a launcher, which talks to it over pipes.

Started as ``python -m semradio.flowgraphs.runtime.run.worker``, or a fork of the launcher. The pipe
that was standard output carries the protocol; what blocks print goes to standard error. When the
launcher vanishes, its end of the pipe closes and the worker exits at once.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, NoReturn, TypeVar

from semradio.blocks.api import registry
from semradio.blocks.errors import BlockError, SemradioError
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.runtime.change import Outcome, Steerable, Taken, live_parameters
from semradio.flowgraphs.runtime.run import protocol
from semradio.flowgraphs.runtime.run.here import Here, block_at_work
from semradio.flowgraphs.runtime.run.places import clear_away
from semradio.flowgraphs.runtime.run.signals import listening
from semradio.flowgraphs.runtime.run.supervisor import Supervisor
from semradio.flowgraphs.runtime.share import Share

M = TypeVar("M")


class Pipe:
    """The two pipes to the launcher: how the others are met, and through which orders come."""

    alone = False

    def __init__(self, reader: IO[bytes], writer: IO[bytes]) -> None:
        self.reader = reader
        self.writer = writer
        self.writing = threading.Lock()
        self.endpoint = ""
        self.share: Share | None = None
        self.signalled = False
        self.early: deque[protocol.ToWorker] = deque()
        """Orders that came before the run began: whoever asks a process does not know that another
        one has just taken its place."""

    # Meeting the other processes -----------------------------------------------------------

    def meet(self, share: Share) -> None:
        """Listen, tell the launcher where, and connect to where it says that the others are."""
        self.share = share
        share.on_taken = self.tell_taken
        self.send(protocol.Bound(share.bind(self.endpoint)))
        share.connect(self.receive(protocol.Connect).endpoints)

    def look(self) -> None:
        """Take what the launcher says while this process waits for others to start."""
        while self.share is not None and select.select([self.reader], [], [], 0)[0]:
            # What is read ahead is not waited for again.
            for _ in range(max(1, self._read_ahead().count(b"\n"))):
                self._keep(self._read())

    def _read_ahead(self) -> bytes:
        peek = getattr(self.reader, "peek", None)
        return b"" if peek is None else bytes(peek(1))

    def check(self) -> None:
        """Nothing: the launcher sees its workers die."""

    def ready(self, share: Share) -> None:
        """Tell the launcher, and wait until all are."""
        self.send(protocol.Ready(live_parameters(share.graph.blocks)))
        self.receive(protocol.Go)

    def close(self) -> None:
        """Nothing: the pipes go with the process."""

    # Orders --------------------------------------------------------------------------------

    def serve(self, host: Steerable) -> None:
        """Take orders while the flowgraph runs."""
        main = threading.get_ident()
        threading.Thread(target=self._listen, args=(main,), daemon=True).start()

    def _listen(self, main: int) -> None:
        share = self.share
        assert share is not None
        while self.early:
            self._obey(self.early.popleft(), share, main)
        for line in self.reader:
            self._obey(protocol.to_worker.decode(line), share, main)
        self.leave()

    def _obey(self, message: protocol.ToWorker, share: Share, main: int) -> None:
        if isinstance(message, protocol.Stop):
            share.stop()
        elif isinstance(message, protocol.Ended):
            share.note_end(message.process)
        elif isinstance(message, protocol.Where):
            self.send(protocol.Stands(block_at_work(main), share.holding()))
        elif isinstance(message, protocol.Check):
            self.send(protocol.Checked(message.number, share.refusals(message.changes)))
        elif isinstance(message, protocol.Set):
            self._set(share, message)
        elif isinstance(message, protocol.ShowPort):
            share.tap(message.tap)
            self.send(protocol.Heard(message.number))
        elif isinstance(message, protocol.HidePort):
            share.untap(message.to, message.tap)
            self.send(protocol.Heard(message.number))
        elif isinstance(message, protocol.Ask):
            self.send(protocol.Told(message.number, share.standing(block_at_work(main))))

    def _set(self, share: Share, message: protocol.Set) -> None:
        def tell(outcome: Outcome) -> None:
            self.send(protocol.Changed(message.number, outcome))

        share.take(message.changes, tell)

    def tell_progress(self, shown: Mapping[str, Mapping[str, Any]]) -> None:
        """Tell items and memory."""
        for found in shown.values():
            self.send(protocol.Progress(found["items"], found["rss_bytes"]))

    def tell_taken(self, change: Taken) -> None:
        """Tell of a change that a block took over."""
        self.send(protocol.Took(change))

    def tell_signal(self, number: int) -> None:
        """Pass a signal on to the launcher, once: it decides."""
        if not self.signalled:
            self.signalled = True
            self.send(protocol.Signalled(number))

    # Lines ---------------------------------------------------------------------------------

    def receive(self, kind: type[M]) -> M:
        """Return the next order of a kind; what comes before it waits until the run begins."""
        while not isinstance(message := self._read(), kind):
            if isinstance(message, protocol.Job | protocol.Connect | protocol.Go):
                raise SemradioError(f"the launcher sent {type(message).__name__} out of turn")
            self._keep(message)
        return message

    def _keep(self, message: protocol.ToWorker) -> None:
        """Keep an order until the run begins; that another process has ended counts at once."""
        if isinstance(message, protocol.Ended) and self.share is not None:
            self.share.note_end(message.process)
        else:
            self.early.append(message)

    def _read(self) -> protocol.ToWorker:
        """Return the next order, whichever."""
        line = self.reader.readline()
        if not line:
            self.leave()
        return protocol.to_worker.decode(line)

    def send(self, message: protocol.FromWorker) -> None:
        """Send one message; without a launcher to read it the process ends."""
        line = protocol.encode(message)
        try:
            with self.writing:
                self.writer.write(line)
                self.writer.flush()
        except BrokenPipeError:
            self.leave()

    def leave(self) -> NoReturn:
        """End at once: the launcher is gone, and with it everybody who wants the result."""
        clear_away(self.endpoint)
        os._exit(1)


def work(pipe: Pipe) -> int:
    """Run one job; returns the exit status."""
    try:
        job = pipe.receive(protocol.Job)
        sys.path[:0] = job.plan.import_folders
        for file in job.plan.code:
            registry.load_file(Path(file))
        graph = Graph.part(
            job.plan,
            job.plan.processes[job.process].blocks,
            protocol.decode_types(job.edge_types),
        )
        pipe.endpoint = job.endpoint
        host = Here(
            graph,
            job.process,
            job.chunk,
            pipe,
            job.planned,
            latency=job.latency,
            profile=job.profile,
            recovery=job.recovery,
        )
        run = Supervisor(
            host,
            job.plan,
            on_progress=pipe.tell_progress,
            control=pipe,
            on_signal=pipe.tell_signal,
        )
        # A signal that comes while it closes and reports must not end it: the launcher decides.
        with listening(run.heard):
            pipe.send(protocol.Done(run.reports()[job.process]))
    except Exception as error:
        pipe.send(_failure(error))
        return 1
    return 0


def _failure(error: Exception) -> protocol.Failed:
    trace = getattr(error, "trace", "") or traceback.format_exc()
    if isinstance(error, SemradioError):
        return protocol.Failed(str(error), isinstance(error.__cause__, BlockError), trace)
    return protocol.Failed(f"{type(error).__name__}: {error}", traceback=trace)


def serve(reader: IO[bytes], writer: IO[bytes], types: Iterable[str] = ()) -> int:
    """Do the work of a worker process over two pipes; returns the exit status.

    Args:
        types: block types that it loads before it is given its job.
    """
    for name in types:
        with contextlib.suppress(Exception):
            registry.find(name)
    return work(Pipe(reader, writer))


def main() -> None:
    """Entry point of a worker process that is no fork."""
    writer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    status = serve(sys.stdin.buffer, writer, sys.argv[1:])
    # Threads of third-party libraries must not keep a finished worker alive.
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    # Ctrl-C in a terminal reaches the launcher, which lets its workers drain.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main()
