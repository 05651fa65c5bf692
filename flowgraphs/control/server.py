"""The control socket of a run: answers requests in a thread of its own.

The data path is not touched: the thread sleeps until a request comes, and a change waits in the
scheduler's inbox, which is read between passes.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import zmq

from semradio.blocks.endpoint import stays_here
from semradio.blocks.errors import ParameterError, SemradioError
from semradio.blocks.zeromq import Socket
from semradio.flowgraphs.control import folder, messages
from semradio.flowgraphs.curve.entry import whose
from semradio.flowgraphs.curve.folder import CHANGE, LOOK, RUN
from semradio.flowgraphs.plan import veiled
from semradio.flowgraphs.runtime.change import Changes, Outcome, Steerable
from semradio.flowgraphs.runtime.failure import RunError
from semradio.flowgraphs.runtime.watch import LEASE_S, LastWord, Tap

if TYPE_CHECKING:
    from semradio.flowgraphs.curve.guard import Guard

TAKEN_S = 3.0
"""Seconds that blocks may take until a change is told as not taken over yet; others wait for it."""

_CLOSE_S = 2.0
"""Seconds that the last answer may take to leave."""

_WORD_S = 2.0
"""Seconds that the last word to those who look may take to leave: on a busy machine, or to one who
has just gone."""

_MOST_WORDS = 2000
"""Characters of it."""

_log = logging.getLogger("semradio")


def check_endpoint(endpoint: str) -> None:
    """Raise ParameterError unless a text is an endpoint to listen on."""
    kind, _, rest = endpoint.partition("://")
    host, _, port = rest.rpartition(":")
    tcp = kind == "tcp" and host and (port == "*" or port.isdecimal())
    if not tcp and not (kind == "ipc" and rest):
        raise ParameterError(
            f"control: '{endpoint}' is no endpoint; write tcp://127.0.0.1:5556 (this host), "
            "tcp://*:5556 (every interface, with keys or 'security: none') or ipc://PATH"
        )


class ControlServer:
    """Listens from the start; answers once :meth:`serve` says for which run.

    Args:
        endpoint: a further endpoint, beside the socket in this user's folder.
        keys: the folder of keys without which nobody comes in there; None: no keys are wanted.
        name: whose key this process has.

    Raises:
        KeysError: a key is missing or wrong.
        ParameterError: the endpoint cannot be read.
        RunError: it cannot be listened on.
    """

    def __init__(
        self, endpoint: str | None = None, keys: Path | None = None, name: str = RUN
    ) -> None:
        if endpoint is not None:
            check_endpoint(endpoint)
        self.path: Path | None = None
        self.endpoints: list[str] = []
        self.thread: threading.Thread | None = None
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.guard: Guard | None = None
        self.sockets: list[Socket] = []
        # Wakes the thread to end it.
        self.bell = self.context.socket(zmq.PAIR)
        self.ear = self.context.socket(zmq.PAIR)
        self.bell.bind("inproc://end")
        self.ear.connect("inproc://end")
        self.closing = threading.Event()
        self.found: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
        self.looking: dict[str, float] = {}
        """Where those listen who look at ports, and when they asked last."""
        try:
            self._listen_in_folder()
            if endpoint is not None:
                self._listen(endpoint, keys, name)
        except BaseException:
            self.close()
            raise

    def _listen_in_folder(self) -> None:
        try:
            self.path = folder.take()
            self._listen(f"ipc://{self.path}")
        except SemradioError as error:
            # A run is worth more than being able to steer it.
            _log.warning("no control socket: %s", error)

    def _listen(self, endpoint: str, keys: Path | None = None, name: str = RUN) -> None:
        """Open a socket of its own for an endpoint: keys count for all of a socket or for none."""
        socket = self.context.socket(zmq.REP)
        self.sockets.append(socket)
        socket.setsockopt(zmq.MAXMSGSIZE, messages.MAX_FRAME)
        socket.setsockopt(zmq.LINGER, int(_CLOSE_S * 1000))
        if keys is not None:
            from semradio.flowgraphs.curve.guard import Guard

            self.guard = Guard(self.context, keys, name, (LOOK, CHANGE))
            self.guard.watch(socket)
        try:
            socket.bind(endpoint)
        except zmq.ZMQError as error:
            raise RunError(f"cannot listen on {endpoint}: {error.strerror or error}") from error
        self.endpoints.append(socket.getsockopt_string(zmq.LAST_ENDPOINT))

    def serve(self, host: Steerable) -> None:
        """Answer requests for a run that has begun."""
        self.thread = threading.Thread(target=self._serve, args=(host,), daemon=True)
        self.thread.start()

    def last_word(self, why: str) -> None:
        """Tell those who look at ports why the run fails; who does not listen is not waited for."""
        word = msgspec.json.encode(LastWord(veiled(why)[:_MOST_WORDS]))
        since = time.monotonic() - LEASE_S
        for to in [to for to, asked in self.looking.items() if asked > since]:
            line = self.context.socket(zmq.PUSH)
            line.setsockopt(zmq.LINGER, int(_WORD_S * 1000))
            line.connect(to)
            with suppress(zmq.Again):
                line.send(word, zmq.NOBLOCK)
            line.close()

    def close(self) -> None:
        """Answer what is being asked, then listen no more; called at the end of the run."""
        self.closing.set()
        self.found.put(None)
        if self.thread is not None:
            self.bell.send(b"")
            self.thread.join(_CLOSE_S)
            if self.thread.is_alive():
                # It holds the socket still, and goes with the process.
                return
        if self.guard is not None:
            self.guard.stop()
        for socket in (*self.sockets, self.bell, self.ear):
            socket.close()
        self.context.term()
        if self.path is not None:
            folder.give_back(self.path)

    # In the thread -------------------------------------------------------------------------

    def _serve(self, host: Steerable) -> None:
        poller = zmq.Poller()
        for socket in (*self.sockets, self.ear):
            poller.register(socket, zmq.POLLIN)
        while not self.closing.is_set():
            for socket, _ in poller.poll():
                if socket is self.ear:
                    continue
                frames = socket.recv_multipart(copy=False)
                looks_only = whose(frames[0]) == LOOK
                request = [frame.bytes for frame in frames]
                socket.send(self._answer(host, request, looks_only=looks_only))

    def _answer(self, host: Steerable, frames: list[bytes], *, looks_only: bool = False) -> bytes:
        """Return the answer to a request, whatever it is: the run must not notice."""
        try:
            return messages.encode(self._deal_with(host, frames, looks_only))
        except (msgspec.DecodeError, RecursionError) as error:
            return _refused(f"the request cannot be read: {error}")
        except ParameterError as error:
            return _refused(str(error))
        except SemradioError as error:
            return _refused(str(error), mistaken=False)
        except Exception as error:
            return _refused(f"{type(error).__name__}: {error}", mistaken=False)

    def _deal_with(self, host: Steerable, frames: list[bytes], looks_only: bool) -> messages.Answer:
        if len(frames) != 1 or len(frames[0]) > messages.MAX_REQUEST:
            size = sum(map(len, frames))
            return messages.Refused(
                f"a request is one message of at most {messages.MAX_REQUEST} bytes, not "
                f"{len(frames)} of {size}"
            )
        request = messages.requests.decode(frames[0])
        if looks_only and isinstance(request, messages.CHANGING):
            return messages.Refused(
                f"the key '{LOOK}' lets in who looks; to change or stop a run takes '{CHANGE}'"
            )
        if isinstance(request, messages.AskChange):
            return self._change(host, request.changes)
        if isinstance(request, messages.AskTap):
            return self._tap(host, request)
        if isinstance(request, messages.AskUntap):
            host.untap(request.to, request.number)
            return messages.Untapped(request.number)
        if isinstance(request, messages.AskStatus):
            return messages.IsStatus(host.status())
        if isinstance(request, messages.AskGraph):
            return messages.IsGraph(host.drawn())
        if isinstance(request, messages.AskStop):
            host.stop()
            return messages.Stopping()
        found = host.running()
        return messages.IsRunning(
            found.pid,
            found.flowgraph,
            found.file,
            found.process,
            found.elapsed_s,
            self.endpoints,
            found.parameters,
        )

    def _tap(self, host: Steerable, ask: messages.AskTap) -> messages.Tapped:
        """Let somebody look at a port, who listens where the run may send to."""
        self._check_receiver(ask.to)
        self.looking[ask.to] = time.monotonic()
        tapped = host.tap(Tap(ask.port, ask.to, ask.number, ask.per_s, ask.items))
        return messages.Tapped(ask.number, tapped.item, tapped.process)

    def _check_receiver(self, to: str) -> None:
        if to.startswith("ipc://") and Path(to.removeprefix("ipc://")).parent in folder.folders():
            return
        if self.guard is not None and not stays_here(to):
            raise ParameterError(
                f"cannot send to '{to}': this run has keys, and what a tap shows would leave this "
                "host in clear; look through an ssh tunnel, from 127.0.0.1"
            )
        if to.startswith("tcp://") and any(e.startswith("tcp://") for e in self.endpoints):
            return
        raise ParameterError(
            f"cannot send to '{to}': whoever looks listens at ipc:// in the folder of this user's "
            "control sockets, or at tcp:// if the run has a tcp endpoint itself (--control)"
        )

    def _change(self, host: Steerable, changes: Changes) -> messages.Changed:
        """Pass a change on, and wait until every block has said what became of it."""
        # A queue of its own: a block that answers too late answers nobody.
        answers: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
        self.found = answers
        if self.closing.is_set():
            answers.put(None)
        host.change(changes, answers.put)
        taken: dict[str, int] = {}
        refused: dict[str, str] = {}
        deadline = time.monotonic() + TAKEN_S
        while len(taken) + len(refused) < len(changes):
            try:
                answer = answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                late = f"is not at an item border after {TAKEN_S:.0f} s; it takes the change there"
                refused.update(_rest(changes, taken, refused, late))
                break
            if answer is None:
                refused.update(_rest(changes, taken, refused, "ended before it took the change"))
                break
            if answer.index is None:
                refused[answer.block] = answer.reason
            else:
                taken[answer.block] = answer.index
        return messages.Changed(taken, refused)


def _rest(
    changes: Changes, taken: dict[str, int], refused: dict[str, str], why: str
) -> dict[str, str]:
    """Return why the blocks that have not answered did not."""
    return {b: f"block '{b}' {why}" for b in changes if b not in taken and b not in refused}


def _refused(reason: str, *, mistaken: bool = True) -> bytes:
    return messages.encode(messages.Refused(reason, mistaken))
