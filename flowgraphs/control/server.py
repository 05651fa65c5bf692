"""The control socket of a run: answers requests in a thread of its own.

The data path is not touched: the thread sleeps until a request comes, and a change waits in the
runner of its block, which looks at it where it looks for everything out of the ordinary.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from pathlib import Path

import msgspec
import zmq

from semradio.blocks.errors import ParameterError, SemradioError
from semradio.flowgraphs.control import folder, messages
from semradio.flowgraphs.runtime.failure import RunError
from semradio.flowgraphs.runtime.live import Changes, Steerable

TAKEN_S = 3.0
"""Seconds that blocks may take until a change is told as not taken over yet; others wait for it."""

_CLOSE_S = 2.0
"""Seconds that the last answer may take to leave."""

_log = logging.getLogger("semradio")


def check_endpoint(endpoint: str) -> None:
    """Raise ParameterError unless a text is an endpoint to listen on."""
    kind, _, rest = endpoint.partition("://")
    host, _, port = rest.rpartition(":")
    tcp = kind == "tcp" and host and (port == "*" or port.isdecimal())
    if not tcp and not (kind == "ipc" and rest):
        raise ParameterError(
            f"control: '{endpoint}' is no endpoint; write tcp://127.0.0.1:5556 (this host), "
            "tcp://*:5556 (every interface: whoever reaches it may change parameters) or ipc://PATH"
        )


class ControlServer:
    """Listens from the start; answers once :meth:`serve` says for which run.

    Args:
        endpoint: a further endpoint, beside the socket in this user's folder.

    Raises:
        ParameterError: the endpoint cannot be read.
        RunError: it cannot be listened on.
    """

    def __init__(self, endpoint: str | None = None) -> None:
        if endpoint is not None:
            check_endpoint(endpoint)
        self.path: Path | None = None
        self.endpoints: list[str] = []
        self.thread: threading.Thread | None = None
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self.context.socket(zmq.REP)
        self.socket.setsockopt(zmq.MAXMSGSIZE, messages.MAX_FRAME)
        self.socket.setsockopt(zmq.LINGER, int(_CLOSE_S * 1000))
        # Wakes the thread to end it.
        self.bell = self.context.socket(zmq.PAIR)
        self.ear = self.context.socket(zmq.PAIR)
        self.bell.bind("inproc://end")
        self.ear.connect("inproc://end")
        self.closing = threading.Event()
        self.found: queue.SimpleQueue[tuple[str, int | SemradioError] | None] = queue.SimpleQueue()
        try:
            self._listen_in_folder()
            if endpoint is not None:
                self._listen(endpoint)
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

    def _listen(self, endpoint: str) -> None:
        try:
            self.socket.bind(endpoint)
        except zmq.ZMQError as error:
            raise RunError(f"cannot listen on {endpoint}: {error.strerror or error}") from error
        self.endpoints.append(self.socket.getsockopt_string(zmq.LAST_ENDPOINT))

    def serve(self, host: Steerable) -> None:
        """Answer requests for a run that has begun."""
        self.thread = threading.Thread(target=self._serve, args=(host,), daemon=True)
        self.thread.start()

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
        for socket in (self.socket, self.bell, self.ear):
            socket.close()
        self.context.term()
        if self.path is not None:
            folder.give_back(self.path)

    # In the thread -------------------------------------------------------------------------

    def _serve(self, host: Steerable) -> None:
        poller = zmq.Poller()
        poller.register(self.socket, zmq.POLLIN)
        poller.register(self.ear, zmq.POLLIN)
        while not self.closing.is_set():
            if self.socket in dict(poller.poll()):
                frames = self.socket.recv_multipart()
                self.socket.send(self._answer(host, frames))

    def _answer(self, host: Steerable, frames: list[bytes]) -> bytes:
        """Return the answer to a request, whatever it is: the run must not notice."""
        try:
            return messages.encode(self._deal_with(host, frames))
        except (msgspec.DecodeError, RecursionError) as error:
            return _refused(f"the request cannot be read: {error}")
        except ParameterError as error:
            return _refused(str(error))
        except SemradioError as error:
            return _refused(str(error), mistaken=False)
        except Exception as error:
            return _refused(f"{type(error).__name__}: {error}", mistaken=False)

    def _deal_with(self, host: Steerable, frames: list[bytes]) -> messages.Answer:
        if len(frames) != 1 or len(frames[0]) > messages.MAX_REQUEST:
            size = sum(map(len, frames))
            return messages.Refused(
                f"a request is one message of at most {messages.MAX_REQUEST} bytes, not "
                f"{len(frames)} of {size}"
            )
        request = messages.requests.decode(frames[0])
        if isinstance(request, messages.AskChange):
            return self._change(host, request.changes)
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

    def _change(self, host: Steerable, changes: Changes) -> messages.Changed:
        """Pass a change on, and wait until every block has said what became of it."""
        # A queue of its own: a block that answers too late answers nobody.
        answers: queue.SimpleQueue[tuple[str, int | SemradioError] | None] = queue.SimpleQueue()
        self.found = answers
        if self.closing.is_set():
            answers.put(None)
        host.change(changes, lambda block, found: answers.put((block, found)))
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
            block, found = answer
            if isinstance(found, SemradioError):
                refused[block] = str(found)
            else:
                taken[block] = found
        return messages.Changed(taken, refused)


def _rest(
    changes: Changes, taken: dict[str, int], refused: dict[str, str], why: str
) -> dict[str, str]:
    """Return why the blocks that have not answered did not."""
    return {b: f"block '{b}' {why}" for b in changes if b not in taken and b not in refused}


def _refused(reason: str, *, mistaken: bool = True) -> bytes:
    return messages.encode(messages.Refused(reason, mistaken))
