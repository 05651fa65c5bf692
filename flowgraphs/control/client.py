"""Asks running flowgraphs over their control sockets: :class:`Control` for one, and who is there.

Every wait is bounded, and a run that ends in the middle of a conversation is noticed at once, by
its connection.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq
from zmq.utils.monitor import recv_monitor_message

from semradio.blocks.errors import ParameterError, SemradioError, nearest
from semradio.blocks.zeromq import Socket
from semradio.flowgraphs.control import folder, messages
from semradio.flowgraphs.control.server import TAKEN_S
from semradio.flowgraphs.curve.entry import call
from semradio.flowgraphs.curve.folder import CHANGE, LOOK, RUN, KeysError, read_pair, read_public
from semradio.flowgraphs.plan import veiled
from semradio.flowgraphs.runtime.watch import Drawn, Status, Tap

ANSWER_S = TAKEN_S + 2.0
"""Seconds that a run may take to answer: another's change may have to be answered first."""

CHANGE_S = TAKEN_S + ANSWER_S
"""Seconds that a run may take to say what became of a change."""

_LOOK_EVERY_S = 0.1
"""Seconds between two looks for a run that is waited for."""

_NOT_LET_IN = (
    zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)
_EVENTS = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECT_RETRIED | _NOT_LET_IN
)


class ControlError(SemradioError):
    """A run did not do what it was asked for: it has ended, hangs, or refused at run time."""

    trace = ""
    """Tells the command line that the command was right and the run failed it."""

    def __init__(self, message: str) -> None:
        super().__init__(veiled(message))


class RefusedError(ControlError):
    """The run is there, and could not do what it was asked for; perhaps it can later."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The keys with which a control socket on another host is asked.

    Args:
        folder: of keys: the pair ``change`` is shown if it is there, ``look`` otherwise.
        process: whose key the run must have: the process that was started with ``--only``.
    """

    folder: Path
    process: str = RUN

    def show(self, socket: Socket) -> None:
        """Give a socket its keys; KeysError if they are not there."""
        try:
            pair = read_pair(self.folder, CHANGE)
        except KeysError:
            pair = read_pair(self.folder, LOOK)
        call(socket, pair, read_public(self.folder, self.process))


@dataclass(frozen=True, slots=True)
class Found:
    """A run that was found: where, and what it is; None where it does not answer."""

    endpoint: str
    what: messages.IsRunning | None

    def __str__(self) -> str:
        if self.what is None:
            return f"{self.endpoint} does not answer within {ANSWER_S:.0f} s"
        process = f", process {self.what.process}" if self.what.process else ""
        return f"{self.what.pid}: {self.what.flowgraph}{process}, for {self.what.elapsed_s:.0f} s"


def find_runs() -> list[Found]:
    """Return the runs of this user on this host; removes sockets that were left behind."""
    paths = {f"ipc://{path}": path for path in folder.sockets()}
    found = []
    for endpoint, answer in _ask(paths, messages.AskRunning(), ANSWER_S).items():
        if isinstance(answer, messages.IsRunning):
            found.append(Found(endpoint, answer))
        elif isinstance(answer, _NobodyError):
            folder.clear(paths[endpoint])
        elif not isinstance(answer, _EndedError):
            found.append(Found(endpoint, None))
    return found


class Control:
    """One running flowgraph.

    Args:
        endpoint: its control socket, such as ``tcp://127.0.0.1:5556``.
        entry: the keys to be shown there; None: it wants none.
    """

    def __init__(self, endpoint: str, entry: Entry | None = None) -> None:
        self.endpoint = endpoint
        self.entry = entry

    @classmethod
    def find(
        cls, run: str | int | None = None, wait: float = 0.0, entry: Entry | None = None
    ) -> Control:
        """Find a run of this user on this host.

        Args:
            run: its process id, the name of its flowgraph (or of its process, with ``--only``), or
                an endpoint, also of another host; None where there is only one run.
            wait: seconds to wait for one that is only about to start.
            entry: the keys to be shown at an endpoint.

        Raises:
            ParameterError: there is none, or more than one, or the time is none.
        """
        if not wait >= 0:
            raise _mistake(f"wait must be at least 0 s, not {wait}")
        wanted = None if run is None else str(run)
        deadline = time.monotonic() + wait
        if wanted is not None and "://" in wanted:
            question = messages.AskRunning()
            while time.monotonic() < deadline and isinstance(
                _ask([wanted], question, ANSWER_S, entry)[wanted], ControlError
            ):
                time.sleep(_LOOK_EVERY_S)
            return cls(wanted, entry)
        while True:
            found = find_runs()
            fits = [f for f in found if wanted is None or _fits(f, wanted)]
            if fits or time.monotonic() >= deadline:
                break
            time.sleep(_LOOK_EVERY_S)
        if len(fits) == 1:
            return cls(fits[0].endpoint)
        if fits:
            raise _mistake(
                "several flowgraphs are running, say which with --run PID ('semradio top' "
                f"and 'view' take the PID alone): {_listed(fits)}"
            )
        if not found:
            unseen = "".join(f"; cannot look there: {reason}" for reason in folder.unseen())
            raise _mistake(f"no flowgraph is running here: start one with 'semradio run'{unseen}")
        hint = nearest(str(wanted), [name for f in found for name in _names(f)])
        raise _mistake(f"no run '{wanted}'{hint}; running: {_listed(found)}")

    def running(self) -> messages.IsRunning:
        """Return what runs there, with the live parameters and their present values.

        Raises:
            ControlError: it does not answer.
        """
        answer = self._answer(messages.AskRunning(), ANSWER_S)
        assert isinstance(answer, messages.IsRunning)
        return answer

    def values(self) -> dict[str, Any]:
        """Return the present value of every live parameter, by ``block.parameter``."""
        return {f"{p.block}.{p.parameter}": p.value for p in self.running().parameters}

    def set(self, name: str, value: Any) -> int:
        """Change one live parameter; returns the item of its block from which it counts.

        Args:
            name: ``block.parameter``.

        Raises:
            ParameterError: unknown, not live, or a wrong value; nothing is changed.
            ControlError: the run did not take it over.
        """
        return self.change({name: value})[name]

    def change(self, values: Mapping[str, Any]) -> dict[str, int]:
        """Change several live parameters: all are checked before any is changed.

        Args:
            values: by ``block.parameter``.

        Returns:
            By ``block.parameter``, the first item of that block for which the new value counts.

        Raises:
            ParameterError, ControlError: as :meth:`set`.
        """
        changes: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            block, _, parameter = name.rpartition(".")
            changes.setdefault(block, {})[parameter] = _sendable(name, value)
        if not changes:
            return {}
        request = messages.AskChange(changes)
        try:
            size = len(messages.encode(request))
        except (TypeError, ValueError) as error:
            raise _mistake(f"a value cannot be sent: {error}") from None
        if size > messages.MAX_REQUEST:
            raise _mistake(
                f"the change takes {size} bytes; a request has at most {messages.MAX_REQUEST}"
            )
        answer = self._answer(request, CHANGE_S)
        assert isinstance(answer, messages.Changed)
        if answer.refused:
            told = [f"{block} from item {index}" for block, index in answer.taken.items()]
            done = [f"taken over: {', '.join(told)}"] if told else []
            raise RefusedError("; ".join([*answer.refused.values(), *done]))
        return {name: answer.taken[name.rpartition(".")[0]] for name in values}

    def tap(self, tap: Tap) -> messages.Tapped:
        """Ask for messages of some items at a port, or for more of them.

        Args:
            tap: port, rate, and the endpoint of a PULL socket that has been bound.

        Raises:
            ParameterError: there is no such port, or a value is out of its limits.
            RefusedError: the process of the port does not answer.
            ControlError: the run does not answer.
        """
        request = messages.AskTap(tap.port, tap.to, tap.number, tap.per_s, tap.items)
        answer = self._answer(request, ANSWER_S)
        assert isinstance(answer, messages.Tapped)
        return answer

    def untap(self, to: str, number: int) -> None:
        """Ask for no more messages of a tap.

        Raises:
            ControlError: the run does not answer.
        """
        self._answer(messages.AskUntap(to, number), ANSWER_S)

    def status(self) -> Status:
        """Return how the flowgraph stands: items, queues, seconds and memory.

        Raises:
            ControlError: the run does not answer.
        """
        answer = self._answer(messages.AskStatus(), ANSWER_S)
        assert isinstance(answer, messages.IsStatus)
        return answer.status

    def graph(self) -> Drawn:
        """Return blocks, ports, item types and edges as data to be drawn.

        Raises:
            ControlError: the run does not answer.
        """
        answer = self._answer(messages.AskGraph(), ANSWER_S)
        assert isinstance(answer, messages.IsGraph)
        return answer.graph

    def stop(self) -> None:
        """Let the run end its sources, drain and report, as Ctrl-C does.

        Raises:
            ControlError: it does not answer.
        """
        self._answer(messages.AskStop(), ANSWER_S)

    def _answer(self, request: messages.Request, within: float) -> messages.Answer:
        answer = _ask([self.endpoint], request, within, self.entry)[self.endpoint]
        if isinstance(answer, ControlError):
            raise answer
        if isinstance(answer, messages.Refused):
            raise (_mistake if answer.mistaken else RefusedError)(answer.reason)
        return answer


class _NobodyError(ControlError):
    """Nobody listens on a socket."""


class _EndedError(ControlError):
    """The connection broke in the middle."""


def _ask(
    endpoints: Iterable[str],
    request: messages.Request,
    within: float,
    entry: Entry | None = None,
) -> dict[str, messages.Answer | ControlError]:
    """Ask several runs at once; returns each one's answer, or why there is none."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    lines: list[_Line] = []
    try:
        for endpoint in endpoints:
            lines.append(_Line(context, endpoint))
            if entry is not None:
                entry.show(lines[-1].socket)
        poller = zmq.Poller()
        for line in lines:
            line.start(request, poller)
        deadline = time.monotonic() + within
        while any(line.answer is None for line in lines):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            for ready, _ in poller.poll(math.ceil(left * 1000)):
                for line in lines:
                    if ready in (line.socket, line.monitor):
                        line.look(poller)
        return {
            line.endpoint: line.answer
            or ControlError(f"{line.endpoint} does not answer within {within:.0f} s")
            for line in lines
        }
    finally:
        for line in lines:
            line.close()
        context.term()


class _Line:
    """One conversation with one run."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> None:
        self.endpoint = endpoint
        self.answer: messages.Answer | ControlError | None = None
        self.connected = False
        self.socket = context.socket(zmq.REQ)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.monitor = self.socket.get_monitor_socket(_EVENTS)

    def start(self, request: messages.Request, poller: zmq.Poller) -> None:
        """Send the request; ParameterError if the endpoint cannot be read."""
        try:
            self.socket.connect(self.endpoint)
        except zmq.ZMQError as error:
            raise _mistake(
                f"'{self.endpoint}' is no endpoint to connect to ({error.strerror or error}); "
                "write e.g. tcp://127.0.0.1:5556"
            ) from None
        self.socket.send(messages.encode(request))
        poller.register(self.socket, zmq.POLLIN)
        poller.register(self.monitor, zmq.POLLIN)

    def look(self, poller: zmq.Poller) -> None:
        """Take the answer if it is there, else what happened to the connection."""
        if self.answer is not None:
            return
        if self.socket.poll(0):
            self.answer = _read(self.socket.recv(), self.endpoint)
        while self.answer is None and self.monitor.poll(0):
            event = recv_monitor_message(self.monitor)["event"]
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self.connected = True
            elif event & _NOT_LET_IN:
                self.answer = ControlError(
                    f"the run at {self.endpoint} does not let in who has not the right key: name "
                    "the folder of keys, and the process if it was started with --only"
                )
            elif event == zmq.EVENT_DISCONNECTED:
                self.answer = _EndedError(f"the run at {self.endpoint} ended before it answered")
            elif event == zmq.EVENT_CONNECT_RETRIED and not self.connected:
                self.answer = _NobodyError(f"no flowgraph listens at {self.endpoint}")
        if self.answer is not None:
            poller.unregister(self.socket)
            poller.unregister(self.monitor)

    def close(self) -> None:
        """End the conversation."""
        self.socket.disable_monitor()
        self.monitor.close(0)
        self.socket.close(0)


def _read(data: bytes, endpoint: str) -> messages.Answer | ControlError:
    try:
        return messages.answers.decode(data)
    except ValueError as error:
        return ControlError(f"{endpoint} does not speak as a semradio run does: {error}")


def _mistake(message: str) -> ParameterError:
    """Return the error for what a user asked for, which may be a key in the wrong place."""
    return ParameterError(veiled(message))


def _sendable(name: str, value: Any) -> Any:
    """Return a value that JSON can carry; it has no infinity and no NaN, and would send null."""
    numbers = value if isinstance(value, list | tuple) else [value]
    if any(isinstance(n, float) and not math.isfinite(n) for n in numbers):
        raise _mistake(f"'{name}' must be a finite number, not {value!r}")
    return value


def _names(found: Found) -> list[str]:
    what = found.what
    return [] if what is None else [what.flowgraph, *([what.process] if what.process else [])]


def _fits(found: Found, wanted: str) -> bool:
    named = wanted in _names(found)
    if found.what is None or not wanted.isdecimal():
        return named or found.endpoint.endswith(f"/{wanted}.sock")
    return named or found.what.pid == int(wanted)


def _listed(found: list[Found]) -> str:
    return "; ".join(map(str, found))
