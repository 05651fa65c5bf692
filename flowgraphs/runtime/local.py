"""Runs a flowgraph, or one process of it, inside the calling process."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import zmq

from semradio.blocks.api.runner import BlockError
from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.plan import FlowgraphError, Plan, Problem
from semradio.flowgraphs.runtime.failure import RunError, from_block_error
from semradio.flowgraphs.runtime.live import Answer, Changes, Running, live_parameters
from semradio.flowgraphs.runtime.peers import Peers
from semradio.flowgraphs.runtime.process import Process
from semradio.flowgraphs.runtime.result import RunResult, merge

if TYPE_CHECKING:
    from semradio.flowgraphs.control.server import ControlServer

DRAIN_S = 10.0
"""Seconds that a stopped flowgraph may take to drain before it is broken off."""

OnProgress = Callable[[Mapping[str, Mapping[str, Any]]], None]
"""Called now and then with what each process has to show: items by block, memory in bytes."""


def run_local(
    graph: Graph,
    *,
    process: str | None = None,
    chunk: int | None = None,
    max_seconds: float | None = None,
    on_progress: OnProgress | None = None,
    control: ControlServer | None = None,
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

    Raises:
        RunError: a block or an edge failed.
    """
    plan = graph.plan
    share = Process(graph, process, chunk)
    began = time.monotonic()
    interrupted = False
    stopped_at: float | None = None
    peers: Peers | None = None

    def stop() -> None:
        nonlocal stopped_at
        if stopped_at is None:
            stopped_at = time.monotonic()
            share.stop(alone=process is not None)

    def interrupt() -> None:
        nonlocal interrupted
        interrupted = True
        stop()

    def tick() -> None:
        now = time.monotonic()
        if max_seconds is not None and now - began > max_seconds:
            stop()
        if stopped_at is not None and now - stopped_at > DRAIN_S:
            raise RunError(f"what was under way did not drain within {DRAIN_S:.0f} s")
        if peers is not None:
            peers.check()
        if on_progress is not None:
            on_progress({process or plan.name: share.progress()})

    failed = True
    try:
        with _stopping_on_interrupt(interrupt):
            if process is not None:
                _meet_the_others(share, process)
                peers = Peers(share)
            share.start()
            running = time.monotonic()
            if control is not None:
                control.serve(_Steering(share, interrupt))
            share.run(tick, 0.2)
            elapsed = time.monotonic() - running
            share.stop_blocks()
        report = share.report()
        failed = False
    except BlockError as error:
        cause = error.__cause__ or error
        trace = "".join(traceback.format_exception(cause))
        raise from_block_error(plan, error, trace) from error
    except zmq.ZMQError as error:
        raise RunError(f"ZeroMQ: {error}", traceback.format_exc()) from error
    except (RunError, FlowgraphError):
        raise
    except SemradioError as error:
        where = "" if process is None else f"process '{process}': "
        raise RunError(f"{where}{error}", traceback.format_exc()) from error
    finally:
        _stop_quietly(share)
        if peers is not None:
            peers.close()
        share.close(failed=failed)
    result = merge(plan, {process or plan.name: report})
    result.elapsed_s = round(elapsed, 6)
    result.interrupted = interrupted
    return result


class _Steering:
    """What a control socket asks of the blocks that run in this process."""

    def __init__(self, share: Process, stop: Callable[[], None]) -> None:
        self.share = share
        self.stop = stop
        self.began = time.monotonic()

    def running(self) -> Running:
        """Say what runs, with the present values of its live parameters."""
        plan = self.share.plan
        return Running(
            os.getpid(),
            plan.name,
            plan.file,
            self.share.name,
            round(time.monotonic() - self.began, 3),
            live_parameters(self.share.graph.blocks),
        )

    def change(self, changes: Changes, answer: Answer) -> None:
        """Change live parameters; ParameterError, with nothing changed, if any is refused."""
        self.share.change(changes, answer)


def _meet_the_others(share: Process, process: str) -> None:
    plan = share.plan
    bind = plan.processes[process].bind
    if share.outgoing and bind is None:
        raise _wrong(
            plan,
            process,
            f"process '{process}' sends to others but has no 'bind' to listen on: "
            f"write e.g.  {process}: {{blocks: [...], bind: 'tcp://127.0.0.1:5555'}}",
        )
    if bind is not None:
        try:
            share.bind(bind)
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
                f"process '{process}' receives from '{crossing.sender}', which has no 'endpoint' "
                "to connect to",
            )
        endpoints[crossing.sender] = endpoint
    share.connect(endpoints)


def _wrong(plan: Plan, process: str, message: str) -> FlowgraphError:
    location = plan.processes[process].location
    return FlowgraphError([Problem(message, location, location.text if location else "")])


def _stop_quietly(share: Process) -> None:
    """Stop the blocks after a failure, which is already on its way to the user."""
    try:
        share.stop_blocks()
    except BlockError as error:
        raise SemradioError(f"while stopping: {error}") from error


@contextmanager
def _stopping_on_interrupt(interrupt: Callable[[], None]) -> Iterator[None]:
    """Let the first Ctrl-C drain the streams, and the second one break off."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_signal(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        interrupt()

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
