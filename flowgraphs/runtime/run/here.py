"""Runs a share of a flowgraph inside the calling process."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import zmq

from semradio.blocks.api.block import Block
from semradio.blocks.endpoint import stays_here
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.plan import FlowgraphError, Plan, Problem
from semradio.flowgraphs.runtime.change import (
    Changes,
    Control,
    LiveParameter,
    OnTaken,
    Taken,
    Tell,
    live_parameters,
)
from semradio.flowgraphs.runtime.failure import RunError
from semradio.flowgraphs.runtime.result import RunResult
from semradio.flowgraphs.runtime.run.cpus import Pin
from semradio.flowgraphs.runtime.run.places import make_room_for_strangers
from semradio.flowgraphs.runtime.run.supervisor import OnProgress, Supervisor
from semradio.flowgraphs.runtime.share import Share
from semradio.flowgraphs.runtime.watch import Ports, Standing, Tap, Tapped, check_tap

if TYPE_CHECKING:
    from semradio.flowgraphs.runtime.edges.peers import Peers
    from semradio.flowgraphs.runtime.recovery.settings import Recovery


class Meeting(Protocol):
    """How a process finds those that it has edges with."""

    alone: bool
    """Whether nobody stops the other processes when this one is to stop."""

    def look(self) -> None:
        """Look at what may end the wait for others, while this process starts."""

    def meet(self, share: Share) -> None:
        """Listen, and connect to those that send to this process."""

    def check(self) -> None:
        """Look whether the others are still there; called several times a second."""

    def ready(self, share: Share) -> None:
        """Say that every block has started; returns when the others have, where that matters."""

    def close(self) -> None:
        """Stop watching; called before the sockets are closed."""


class Alone:
    """The whole flowgraph runs here: there is nobody to meet."""

    alone = False

    def look(self) -> None:
        """Do nothing."""

    def meet(self, share: Share) -> None:
        """Do nothing."""

    def check(self) -> None:
        """Do nothing."""

    def ready(self, share: Share) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class ByPlan:
    """The others were started one by one: they are where the plan says, sooner or later."""

    alone = True

    def __init__(self, process: str, patience: float | None = None) -> None:
        self.process = process
        self.patience = patience
        self.peers: Peers | None = None

    def look(self) -> None:
        """Do nothing: the others may come whenever they like."""

    def meet(self, share: Share) -> None:
        """Listen and connect; FlowgraphError where the plan lacks an address."""
        plan, process = share.plan, self.process
        bind = plan.processes[process].bind
        if share.outgoing and bind is None:
            raise _wrong(
                plan,
                process,
                f"process '{process}' sends to others but has no 'bind' to listen on: "
                f"write e.g.  {process}: {{blocks: [...], bind: 'tcp://127.0.0.1:5555'}}",
            )
        if bind is not None:
            if not stays_here(bind):
                make_room_for_strangers()
            try:
                # From the first connection on: also who comes too early is counted.
                share.bind(bind, watch=True)
            except zmq.ZMQError as error:
                raise RunError(
                    f"process '{process}' cannot listen on {bind}: {error.strerror or error}"
                ) from error
        endpoints: dict[str, str] = {}
        for crossing in share.incoming:
            endpoint = plan.processes[crossing.sender].endpoint
            if endpoint is None:
                raise _wrong(
                    plan,
                    crossing.sender,
                    f"process '{process}' receives from '{crossing.sender}', which has no "
                    "'endpoint' to connect to",
                )
            endpoints[crossing.sender] = endpoint
        share.connect(endpoints)
        # Imported late: what only this way of meeting needs.
        from semradio.flowgraphs.runtime.agreement import agreement
        from semradio.flowgraphs.runtime.edges.peers import Peers

        share.introduce(agreement(plan, process))
        self.peers = Peers(share) if self.patience is None else Peers(share, self.patience)

    def check(self) -> None:
        """Look at every connection; WireError when a process has gone for good."""
        if self.peers is not None:
            self.peers.check()

    def ready(self, share: Share) -> None:
        """Wait for nobody: whoever comes later is served then."""

    def close(self) -> None:
        """Stop watching the connections."""
        if self.peers is not None:
            self.peers.close()


class Here:
    """Hosts a share in this process.

    Args:
        graph: the blocks that run here, checked. process: which process of the plan they are.
        chunk: items that a source emits per step.
        meeting: how the other processes are found.
        planned: changes to be repeated. on_taken: told of each change that a block took over.
        latency: whether to measure how long items take from sources to sinks.
        profile: whether to take down where the time goes.
        recovery: how it keeps itself recoverable; None: it does not.
    """

    def __init__(
        self,
        graph: Graph,
        process: str | None,
        chunk: int | None,
        meeting: Meeting,
        planned: Iterable[Taken] = (),
        on_taken: OnTaken | None = None,
        *,
        latency: bool = False,
        profile: bool = False,
        recovery: Recovery | None = None,
    ) -> None:
        self.share = Share(graph, process, chunk, latency=latency, recovery=recovery)
        self.share.plan_changes(planned)
        self.share.on_taken = on_taken
        if profile:
            self.share.take_down_times()
        self.name = process or graph.plan.name
        self.pin = Pin(graph.plan.processes[process] if process else None)
        self.meeting = meeting
        self.thread = threading.get_ident()
        """The thread that the blocks run in."""

    def start(self) -> None:
        """Listen and connect, then start every block."""
        # First, for the threads that the others start run where the one does that starts them.
        self.pin.set()
        self.meeting.meet(self.share)
        self.share.start(self.meeting.look)
        self.meeting.ready(self.share)

    def attend(self, seconds: float) -> bool:
        """Run for about so long; returns whether all streams have ended."""
        self.thread = threading.get_ident()
        done = self.share.run_for(seconds)
        if not done:
            self.meeting.check()
        return done

    def stop(self) -> None:
        """Let the sources end."""
        self.share.stop(alone=self.meeting.alone)

    def change(self, changes: Changes, tell: Tell) -> None:
        """Change live parameters; ParameterError, with nothing changed, if any is refused."""
        self.share.change(changes, tell)

    def parameters(self) -> list[LiveParameter]:
        """Return the live parameters of the blocks here."""
        return live_parameters(self.share.graph.blocks)

    def tap(self, tap: Tap) -> Tapped:
        """Show somebody what passes at a port; ParameterError if there is no such port here."""
        item = check_tap(tap, self.share.ports.types, self.share.plan)
        self.share.tap(tap)
        return Tapped(item, self.name)

    def untap(self, to: str, number: int) -> None:
        """Show nothing more for a tap."""
        self.share.untap(to, number)

    def standings(self) -> list[Standing]:
        """Return how this process stands."""
        return [self.share.standing(block_at_work(self.thread))]

    def ports(self) -> Ports:
        """Return the ports of the blocks here."""
        return self.share.ports

    def progress(self) -> Mapping[str, Mapping[str, Any]]:
        """Return items and memory."""
        return {self.name: self.share.progress()}

    def signals(self) -> list[int]:
        """Return nothing: there are no children."""
        return []

    def left(self) -> str:
        """Say what has not drained."""
        return f"what was under way{_held_by(self.share.holding())}"

    def finish(self) -> dict[str, Any]:
        """Put the blocks' work away; returns the report."""
        self.share.stop_blocks()
        return {self.name: self.share.report()}

    def close(self, *, failed: bool) -> None:
        """Stop the blocks and close the sockets; BlockError if a block fails over it."""
        try:
            self.share.stop_blocks()
        finally:
            self.pin.release()
            self.meeting.close()
            self.share.close(failed=failed)


def run_here(
    graph: Graph,
    *,
    process: str | None = None,
    chunk: int | None = None,
    max_seconds: float | None = None,
    on_progress: OnProgress | None = None,
    control: Control | None = None,
    planned: Iterable[Taken] = (),
    on_taken: OnTaken | None = None,
    latency: bool = False,
    profile: bool = False,
    patience: float | None = None,
    recovery: Recovery | None = None,
) -> RunResult:
    """Run a flowgraph in this process, and return its result.

    Args:
        graph: a checked graph.
        process: run this process of the plan only; it then listens where the plan says and
            connects to the others at their endpoints.
        chunk: items that a source emits per step.
        max_seconds: stop the sources after so long and drain.
        on_progress: called about five times a second.
        control: a control socket that is to serve this run.
        planned: changes to be repeated. on_taken: told of each change that a block took over.
        latency: whether to measure how long items take from sources to sinks.
        profile: whether to take down where the time goes.
        patience: seconds that another process which has gone may take to come back.
        recovery: how it keeps itself recoverable; None: it does not.

    Raises:
        RunError: a block or an edge failed.
    """
    meeting = Alone() if process is None else ByPlan(process, patience)
    return Supervisor(
        Here(
            graph,
            process,
            chunk,
            meeting,
            planned,
            on_taken,
            latency=latency,
            profile=profile,
            recovery=recovery,
        ),
        graph.plan,
        process,
        max_seconds=max_seconds,
        on_progress=on_progress,
        control=control,
    ).run()


def block_at_work(thread: int) -> str | None:
    """Return the name of the block whose code a thread is in; None if it is in none."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        owner = frame.f_locals.get("self")
        if isinstance(owner, Block):
            return owner.name
        frame = frame.f_back
    return None


def _held_by(blocks: list[str]) -> str:
    if not blocks:
        return ""
    names = ", ".join(f"block '{name}'" for name in blocks)
    return f" (held up by {names})"


def _wrong(plan: Plan, process: str, message: str) -> FlowgraphError:
    location = plan.processes[process].location
    return FlowgraphError([Problem(message, location, location.text if location else "")])
