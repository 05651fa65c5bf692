"""Runs a flowgraph as one process per entry of ``processes``: starts, watches, stops, reports."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import IO, Any, NamedTuple, TypeVar

import msgspec

from semradio.blocks.errors import ParameterError, SemradioError
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.runtime.change import (
    Changes,
    Control,
    LiveParameter,
    OnTaken,
    Outcome,
    Taken,
    Tell,
    complain,
    wrong_names,
)
from semradio.flowgraphs.runtime.failure import RunError
from semradio.flowgraphs.runtime.recovery.restarting import Restarting
from semradio.flowgraphs.runtime.result import RunResult
from semradio.flowgraphs.runtime.run import protocol
from semradio.flowgraphs.runtime.run.forked import Child
from semradio.flowgraphs.runtime.run.places import check_descriptors, socket_folder
from semradio.flowgraphs.runtime.run.signals import ENDING, BrokenOffError
from semradio.flowgraphs.runtime.run.supervisor import OnProgress, Supervisor
from semradio.flowgraphs.runtime.watch import (
    BlockStatus,
    Ports,
    ProcessStatus,
    Standing,
    Tap,
    Tapped,
    check_tap,
    ports_of,
)

M = TypeVar("M")

TRANSPORTS = ("ipc", "tcp")
"""What edges between processes of one host may run over."""

STARTUP_S = 60.0
"""Seconds that all workers together may take to load their models and start."""

_CHECK_S = 2.0
"""Seconds that workers may take to say whether they accept a change."""

_WHERE_S = 0.5
"""Seconds that workers may take to say how they stand."""

_HELD_S = 5.0
"""Seconds that workers may take to say what they are at, when they have not drained in time: what
they say is the error, and a busy machine is no reason not to have it."""

_DIED_S = 10.0
"""Seconds that a worker whose pipe has closed may take to be gone."""

_SHOWN_S = 3.0
"""Seconds that a worker may take to begin to show a port, if it answered what it was asked last."""

_WORKER = "semradio.flowgraphs.runtime.run.worker"

_log = logging.getLogger("semradio")

_FILES_A_CHILD = 4
"""File descriptors that a worker takes of the launcher's."""


class _Pending(NamedTuple):
    """A live change that a process has been asked for."""

    process: str
    left: set[str]
    """Blocks that have not answered yet."""
    tell: Tell


class _Question(NamedTuple):
    """A question to a process that it has not answered yet."""

    process: str
    answer: queue.SimpleQueue[protocol.Reply]


class Children:
    """Hosts the processes of a plan in worker processes of this host.

    Args:
        graph: the whole checked graph; its blocks do not run here.
        transport: ``ipc`` or ``tcp`` (loopback); None takes what the plan binds, else ipc.
        chunk: items that a source emits per step.
        planned: changes to be repeated. on_taken: told of each change that a block took over.
        profile: whether to take down where the time goes.
        children: workers that wait for their jobs; without, they are started here.
        spare: workers for processes that die.
        latency: whether to measure how long items take from sources to sinks.
        restarting: which processes are started again when they die; None: none.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        transport: str | None = None,
        chunk: int | None = None,
        planned: Iterable[Taken] = (),
        on_taken: OnTaken | None = None,
        profile: bool = False,
        children: Mapping[str, Child] | None = None,
        spare: Iterable[Child] = (),
        latency: bool = False,
        restarting: Restarting | None = None,
    ) -> None:
        if transport is not None and transport not in TRANSPORTS:
            raise ParameterError(
                f"transport must be one of {', '.join(TRANSPORTS)}, not {transport!r}"
            )
        self.plan = graph.plan
        self.types = protocol.encode_types(graph.edge_types)
        self.transport = transport
        self.chunk = chunk
        self.planned = list(planned)
        self.on_taken = on_taken
        self.latency = latency
        self.profile = profile
        self.home = {b: p.name for p in self.plan.processes.values() for b in p.blocks}
        self.folder: str | None = None
        self.children: dict[str, Child] = dict(children or {})
        self.inbox: queue.SimpleQueue[tuple[str, protocol.FromWorker | None]] = queue.SimpleQueue()
        self.reports: dict[str, dict[str, Any]] = {}
        self.shown: dict[str, dict[str, Any]] = {}
        self.live: dict[tuple[str, str], LiveParameter] = {}
        self.stands: dict[str, protocol.Stands] = {}
        self.numbers = itertools.count()
        self.pending: dict[int, _Pending] = {}
        self.asked: dict[int, _Question] = {}
        self.asking = threading.Lock()
        """Held by whoever asks the workers something: one at a time."""
        self.ports_here = ports_of(graph.blocks)
        self.tapped: dict[tuple[str, int], str] = {}
        """The process that each tap is in."""
        self.told: dict[str, Standing] = {}
        """How each process stood when it was last asked."""
        self.signalled: list[int] = []
        self.restarting = restarting
        self.endpoints: dict[str, str] = {}
        """Where each process listens."""
        self.coming_back: dict[str, float] = {}
        """Processes that are being started again, and until when that may take."""
        self.spare = list(spare)
        """Workers without a job yet: to start one takes longer than all the rest."""
        self.stopped = False

    # Start ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Start every process, and let them meet.

        Raises:
            RunError: a process failed, died, or took too long.
            BrokenOffError: a process was asked to end before it had begun.
        """
        check_descriptors(_FILES_A_CHILD * len(self.plan.processes))
        if self.transport != "tcp" and sys.platform != "win32":
            self.folder = socket_folder(len(self.plan.processes))
        jobs = {name: self._job(name, self._endpoint(name)) for name in self.plan.processes}
        if not self.children:
            self.children = {name: self._spawned() for name in self.plan.processes}
        for name, child in self.children.items():
            threading.Thread(target=self._listen, args=(name, child.stdout), daemon=True).start()
        for name, job in jobs.items():
            self._write(name, job)
        self.endpoints = {
            name: message.endpoint
            for name, message in self._gather(protocol.Bound)
            if message.endpoint is not None
        }
        self._tell(protocol.Connect(self.endpoints))
        for _, ready in self._gather(protocol.Ready):
            self.live.update({(found.block, found.parameter): found for found in ready.parameters})
        self._tell(protocol.Go())
        self._keep_spares()

    def _job(self, name: str, endpoint: str) -> bytes:
        recovery = None if self.restarting is None else self.restarting.settings(name)
        if recovery is not None:
            recovery.ended = list(self.reports)
        return protocol.encode(
            protocol.Job(
                self.plan,
                name,
                self.types,
                endpoint,
                self.chunk,
                self.planned,
                self.latency,
                self.profile,
                recovery,
            )
        )

    def _keep_spares(self) -> None:
        """Have workers at hand for processes that die."""
        while self.restarting is not None and len(self.spare) < self.restarting.spares:
            self.spare.append(self._spawned())

    def _endpoint(self, name: str) -> str:
        planned = self.plan.processes[name].bind
        if self.transport is None and planned is not None:
            return planned
        if self.folder is None:
            return "tcp://127.0.0.1:*"
        return f"ipc://{self.folder}/{list(self.plan.processes).index(name)}"

    def _spawned(self) -> Child:
        # One thread per process for BLAS and the like: the flowgraph is the parallelism.
        environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **os.environ}
        # -P: the worker imports nothing from the current folder. A group of its own: Ctrl-C
        # reaches the launcher alone, which then lets the workers drain.
        return subprocess.Popen(
            [sys.executable, "-P", "-m", _WORKER, *self._types()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            process_group=0 if os.name == "posix" else None,
        )

    def _types(self) -> list[str]:
        """Return the block types that a worker may load before it is given its job."""
        if self.restarting is None:
            return []
        return self.plan.block_types

    def _listen(self, name: str, pipe: IO[bytes] | None) -> None:
        """Pass on what a worker says; None when its pipe closes."""
        for line in pipe or ():
            try:
                message = protocol.from_worker.decode(line)
            except msgspec.DecodeError as error:
                message = protocol.Failed(f"unreadable message: {error}")
            if isinstance(message, protocol.Reply):
                # Whoever asked waits for this, in a thread of its own.
                question = self.asked.pop(message.number, None)
                if question is not None:
                    question.answer.put(message)
            elif isinstance(message, protocol.Stands):
                self.stands[name] = message
            else:
                self.inbox.put((name, message))
        if pipe is not None:
            pipe.close()
        self.inbox.put((name, None))

    def _gather(self, kind: type[M]) -> Iterator[tuple[str, M]]:
        """Yield one message of a kind from every process."""
        missing = set(self.children)
        deadline = time.monotonic() + STARTUP_S
        while missing:
            try:
                name, message = self.inbox.get(timeout=0.05)
            except queue.Empty:
                if time.monotonic() > deadline:
                    raise RunError(
                        f"processes {sorted(missing)} did not start within {STARTUP_S:.0f} s"
                    ) from None
                continue
            if message is None and (number := self._killed_by(name)) in ENDING:
                # A service manager asks all of us to end, also those that have hardly begun.
                raise BrokenOffError(number)
            if not isinstance(message, kind):
                raise self._failure(name, message)
            missing.discard(name)
            yield name, message

    # Watch ---------------------------------------------------------------------------------

    def attend(self, seconds: float) -> bool:
        """Take what the workers say for about so long; returns whether all have reported."""
        deadline = time.monotonic() + seconds
        while len(self.reports) < len(self.children):
            try:
                name, message = self.inbox.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                self._look_after_restarts()
                return False
            self._take(name, message)
            if time.monotonic() > deadline:
                break
        self._look_after_restarts()
        return len(self.reports) == len(self.children)

    def _take(self, name: str, message: protocol.FromWorker | None) -> None:
        if isinstance(message, protocol.Progress):
            self.shown[name] = {"items": message.items, "rss_bytes": message.rss_bytes}
        elif isinstance(message, protocol.Done):
            self.reports[name] = message.report
            self._end_pending(name)
            self._tell(protocol.Ended(name))
        elif isinstance(message, protocol.Changed):
            self._take_outcome(message.number, message.outcome)
        elif isinstance(message, protocol.Took):
            if self.on_taken is not None:
                self.on_taken(message.change)
        elif isinstance(message, protocol.Signalled):
            self.signalled.append(message.number)
        elif isinstance(message, protocol.Bound) and name in self.coming_back:
            self._write(name, protocol.encode(protocol.Connect(self.endpoints)))
        elif isinstance(message, protocol.Ready) and name in self.coming_back:
            self._let_go_on(name, message)
        elif message is not None or name not in self.reports:
            failure = self._failure(name, message)
            if message is not None or not self._restarts(name):
                raise failure
            self._restart(name, str(failure))

    def _failure(self, name: str, message: protocol.FromWorker | None) -> RunError:
        if isinstance(message, protocol.Failed):
            if message.of_block:
                return RunError(f"{message.message} (process '{name}')", message.traceback)
            return RunError(f"process '{name}': {message.message}", message.traceback)
        if message is None:
            child = self.children[name]
            try:
                status = child.wait(_DIED_S)
            except subprocess.TimeoutExpired:
                return RunError(f"process '{name}' (pid {child.pid}) closed its pipe")
            return RunError(f"process '{name}' (pid {child.pid}) died: {_cause(status)}")
        return RunError(f"process '{name}' said {type(message).__name__} out of turn")

    def _killed_by(self, name: str) -> int:
        """Return the number of the signal that a worker died of; 0 if it was none."""
        try:
            return max(0, -self.children[name].wait(_DIED_S))
        except subprocess.TimeoutExpired:
            return 0

    # Start again ---------------------------------------------------------------------------

    def _restarts(self, name: str) -> bool:
        """Whether a process that has died is started again."""
        if self.restarting is None or self._killed_by(name) in ENDING:
            return False
        return self.restarting.allows(name)

    def _restart(self, name: str, why: str) -> None:
        """Start a process again; it goes on where its checkpoints and the others are."""
        _log.warning("%s; it is started again", why)
        for number, question in list(self.asked.items()):
            if question.process == name:
                del self.asked[number]
        self._end_pending(name, f"process '{name}' has died, and is started again")
        before = self.children[name]
        for pipe in (before.stdin, before.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        child = self.spare.pop(0) if self.spare else self._spawned()
        self.children[name] = child
        self.coming_back[name] = time.monotonic() + STARTUP_S
        threading.Thread(target=self._listen, args=(name, child.stdout), daemon=True).start()
        self._write(name, self._job(name, self.endpoints.get(name) or self._endpoint(name)))

    def _let_go_on(self, name: str, ready: protocol.Ready) -> None:
        del self.coming_back[name]
        self.live.update({(found.block, found.parameter): found for found in ready.parameters})
        self._write(name, protocol.encode(protocol.Go()))
        if self.stopped:
            self._write(name, protocol.encode(protocol.Stop()))

    def _look_after_restarts(self) -> None:
        """Break off if a process does not come back; have spare workers again."""
        now = time.monotonic()
        for name, until in self.coming_back.items():
            if now > until:
                raise RunError(f"process '{name}' did not start again within {STARTUP_S:.0f} s")
            for ended in self.reports:
                # It may wait for one of them, to ask where that is.
                self._write(name, protocol.encode(protocol.Ended(ended)))
        if not self.coming_back:
            self._keep_spares()

    def progress(self) -> Mapping[str, Mapping[str, Any]]:
        """Return items and memory of each process, as far as told."""
        return self.shown

    def signals(self) -> list[int]:
        """Return the signals that reached a worker: a service manager sends them to all."""
        return self.signalled

    # Talk ----------------------------------------------------------------------------------

    def parameters(self) -> list[LiveParameter]:
        """Return the live parameters of all processes, and their present values."""
        order = list(self.plan.blocks)
        return sorted(self.live.values(), key=lambda found: order.index(found.block))

    def change(self, changes: Changes, tell: Tell) -> None:
        """Change live parameters of blocks in whichever processes they run.

        Raises:
            ParameterError: something is wrong with a change; nothing is changed.
            SemradioError: a process has not answered the change before, or does not answer.
        """
        wrong = wrong_names(self.home, self.plan, changes)
        parts: dict[str, dict[str, dict[str, Any]]] = {}
        for block, values in changes.items():
            if block in self.home:
                parts.setdefault(self.home[block], {})[block] = dict(values)
        # One at a time for each process: a pipe that nobody reads would fill up and block.
        busy = {pending.process for pending in self.pending.values()} & parts.keys()
        if busy:
            names = ", ".join(f"'{name}'" for name in sorted(busy))
            raise SemradioError(f"process {names} has not taken the change before over yet")
        complain([*self._problems(parts), *wrong])
        for process, part in parts.items():
            number = next(self.numbers)
            self.pending[number] = _Pending(process, set(part), tell)
            self._write(process, protocol.encode(protocol.Set(number, part)))
            if process in self.reports:
                self._end_pending(process)

    def _problems(self, parts: Mapping[str, dict[str, dict[str, Any]]]) -> list[str]:
        """Return what the workers find wrong with a change; those that have ended say it later."""
        with self.asking:
            silent = self._silent() & parts.keys()
            if silent:
                names = ", ".join(f"'{name}'" for name in sorted(silent))
                raise SemradioError(f"process {names} does not answer; nothing was changed")
            replies = self._ask(
                {process: partial(protocol.Check, changes=part) for process, part in parts.items()},
                _CHECK_S,
            )
        problems: list[str] = []
        for process, reply in replies.items():
            if reply is None:
                raise SemradioError(
                    f"process '{process}' does not say within {_CHECK_S:.0f} s whether it "
                    "accepts the change; nothing was changed"
                )
            assert isinstance(reply, protocol.Checked)
            problems += reply.problems
        return problems

    # Ask -----------------------------------------------------------------------------------

    def _silent(self) -> set[str]:
        """Return the processes that have not answered the question before, and might."""
        return {question.process for question in list(self.asked.values())} - self.reports.keys()

    def _ask(
        self, questions: Mapping[str, Callable[[int], protocol.ToWorker]], within: float
    ) -> dict[str, protocol.Reply | None]:
        """Ask processes, each of which answered what it was asked before; those that ended are not.

        Args:
            questions: by process, what makes the question, given its number.
            within: seconds that all of them together may take.

        Returns:
            The reply of each process, None where there is none in time; those that have ended in
            the meantime are left out.
        """
        asked: dict[int, _Question] = {}
        for process, question in questions.items():
            if process not in self.reports:
                number = next(self.numbers)
                asked[number] = self.asked[number] = _Question(process, queue.SimpleQueue())
                self._write(process, protocol.encode(question(number)))
        deadline = time.monotonic() + within
        replies: dict[str, protocol.Reply | None] = {}
        for number, (process, answer) in asked.items():
            while process not in replies:
                try:
                    replies[process] = answer.get(timeout=0.05)
                except queue.Empty:
                    if process in self.reports or self.children[process].poll() is not None:
                        self.asked.pop(number, None)
                        break
                    if time.monotonic() > deadline:
                        replies[process] = None
        return replies

    def tap(self, tap: Tap) -> Tapped:
        """Show somebody what passes at a port.

        Raises:
            ParameterError: there is no such port.
            SemradioError: its process does not answer.
        """
        item = check_tap(tap, self.ports_here.types, self.plan)
        process = self.home[tap.port.rpartition(".")[0]]
        self._tell_of_tap(process, partial(protocol.ShowPort, tap=tap))
        self.tapped[tap.to, tap.number] = process
        return Tapped(item, process)

    def untap(self, to: str, number: int) -> None:
        """Show nothing more for a tap."""
        process = self.tapped.pop((to, number), None)
        if process is not None:
            self._tell_of_tap(process, partial(protocol.HidePort, to=to, tap=number))

    def _tell_of_tap(self, process: str, question: Callable[[int], protocol.ToWorker]) -> None:
        with self.asking:
            answers = process not in self._silent()
            if not answers or None in self._ask({process: question}, _SHOWN_S).values():
                raise SemradioError(f"process '{process}' does not answer")

    def standings(self) -> list[Standing]:
        """Return how each process stands; of one that does not answer, how it stood."""
        with self.asking:
            silent = self._silent()
            asked = [name for name in self.children if name not in silent]
            replies = self._ask(dict.fromkeys(asked, protocol.Ask), _WHERE_S)
        for name, reply in replies.items():
            if isinstance(reply, protocol.Told):
                self.told[name] = reply.standing
        for name, standing in self.told.items():
            standing.process.silent = name in silent or (name in replies and replies[name] is None)
        return [self.told.get(name) or self._unknown(name) for name in self.children]

    def _unknown(self, name: str) -> Standing:
        """Return how a process stands that has not answered yet."""
        process = ProcessStatus(name, self.children[name].pid, 0.0, 0, None, 0.0, silent=True)
        blocks = [
            BlockStatus(block, name, 0, 0, 0.0, False) for block in self.plan.processes[name].blocks
        ]
        return Standing(process, blocks, [], {})

    def ports(self) -> Ports:
        """Return the ports of all blocks."""
        return self.ports_here

    def _take_outcome(self, number: int, outcome: Outcome) -> None:
        pending = self.pending.get(number)
        if pending is None:
            # It came after the report; that the process has ended was the answer.
            return
        pending.left.discard(outcome.block)
        if not pending.left:
            del self.pending[number]
        for key, value in outcome.values.items():
            known = self.live.get((outcome.block, key))
            if known is not None:
                known.value = value
        pending.tell(outcome)

    def _end_pending(self, process: str, why: str = "") -> None:
        """Answer what a process can no longer answer, because it has ended."""
        for number, pending in list(self.pending.items()):
            if pending.process == process and self.pending.pop(number, None) is not None:
                for block in pending.left:
                    pending.tell(Outcome(block, reason=why or f"block '{block}' has ended"))

    def stop(self) -> None:
        """Let the sources of all processes end."""
        self.stopped = True
        for name in self.children:
            if name not in self.reports and name not in self.coming_back:
                self._write(name, protocol.encode(protocol.Stop()))

    def left(self) -> str:
        """Say which processes have not drained because of themselves, and by which block."""
        waited = [name for name in self.children if name not in self.reports]
        self.stands.clear()
        self._tell(protocol.Where())
        deadline = time.monotonic() + _HELD_S
        while len(self.stands) < len(waited) and time.monotonic() < deadline:
            time.sleep(0.01)
        found = []
        for name in waited:
            stands = self.stands.get(name)
            if stands is None:
                found.append(f"process '{name}' (which does not answer)")
            elif stands.inside is not None:
                found.append(f"process '{name}' (held up inside block '{stands.inside}')")
            elif stands.holding:
                names = ", ".join(f"'{block}'" for block in stands.holding)
                found.append(f"process '{name}' (held up by block {names})")
        return ", ".join(found or [f"process '{name}'" for name in waited])

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
        except (BrokenPipeError, ValueError):
            # Its death is told by its other pipe, in order with what it said before; a pipe that is
            # closed is one of a run that has ended.
            return

    # End -----------------------------------------------------------------------------------

    def finish(self) -> dict[str, Any]:
        """Return the report of each process."""
        return self.reports

    def close(self, *, failed: bool) -> None:
        """Leave no process behind, whatever happened."""
        for name, child in self.children.items():
            if name not in self.reports and child.poll() is None:
                child.kill()
        for child in self.spare:
            child.kill()
        for child in [*self.children.values(), *self.spare]:
            if child.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    child.stdin.close()
            child.wait()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self.restarting is not None:
            self.restarting.close()


def run_children(
    graph: Graph,
    *,
    transport: str | None = None,
    chunk: int | None = None,
    max_seconds: float | None = None,
    on_progress: OnProgress | None = None,
    control: Control | None = None,
    planned: Iterable[Taken] = (),
    on_taken: OnTaken | None = None,
    profile: bool = False,
    children: Mapping[str, Child] | None = None,
    spare: Iterable[Child] = (),
    latency: bool = False,
    restarting: Restarting | None = None,
) -> RunResult:
    """Run each process of a flowgraph in a process of this host, and return the result.

    Args:
        graph: a checked graph whose plan names processes.
        transport: ``ipc`` or ``tcp`` (loopback); None takes what the plan binds, else ipc.
        chunk, max_seconds, on_progress, control, planned, on_taken, profile: as for running in
            one process.
        children: workers that wait for their jobs; without, they are started here.
        spare: workers for processes that die.
        latency: whether to measure how long items take from sources to sinks.
        restarting: which processes are started again when they die; None: none.

    Raises:
        RunError: a process failed or died; all others have been stopped.
        ParameterError: the transport is unknown.
    """
    return Supervisor(
        Children(
            graph,
            transport=transport,
            chunk=chunk,
            planned=planned,
            on_taken=on_taken,
            profile=profile,
            children=children,
            spare=spare,
            latency=latency,
            restarting=restarting,
        ),
        graph.plan,
        max_seconds=max_seconds,
        on_progress=on_progress,
        control=control,
    ).run()


def _cause(status: int) -> str:
    if status < 0:
        return f"killed by signal {-status} ({signal.Signals(-status).name})"
    return f"exit status {status}"
