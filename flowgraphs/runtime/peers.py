"""Watches the processes on other hosts: who is awaited, who has gone, who has come back.

A launcher sees its workers die. Processes that were started one by one have only their sockets:
ZeroMQ's monitors tell when a connection breaks (at once when a process dies, after its heartbeat
fails when a host does), and every receiver says now and then that it is still there.
"""

from __future__ import annotations

import logging
from time import monotonic
from typing import Any

import zmq
from zmq.utils.monitor import recv_monitor_message

from semradio.flowgraphs.runtime.crossing import Crossing
from semradio.flowgraphs.runtime.edge_receiver import EdgeReceiver
from semradio.flowgraphs.runtime.process import Process
from semradio.flowgraphs.runtime.sockets import Socket, has_message
from semradio.flowgraphs.runtime.wire import WireError

PEER_TIMEOUT_S = 10.0
"""Seconds that a process which has gone may take to come back."""

KEEPALIVE_S = 1.0
"""Seconds between two signs of life of a receiver."""

REMIND_S = 5.0
"""Seconds between two lines that say who is awaited."""

_log = logging.getLogger("semradio")


class Upstream:
    """The connection of one receiver to its sender."""

    def __init__(self, share: Process, crossing: Crossing) -> None:
        self.receiver: EdgeReceiver = share.receivers[crossing.number]
        self.who = f"process '{crossing.sender}' at {self.receiver.endpoint}"
        self.here = share.name
        self.monitor = _monitor(self.receiver.socket)
        self.connected = False
        self.since = monotonic()
        self.reminded = self.since
        self.greeted = self.since
        self.gone = False

    def check(self, now: float) -> None:
        """Act on what happened to the connection.

        Raises:
            WireError: the sender has gone and did not come back.
        """
        while has_message(self.monitor):
            event = recv_monitor_message(self.monitor)["event"]
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                if self.gone:
                    _log.warning("process '%s': %s is back", self.here, self.who)
                self.connected, self.gone = True, False
                self.greeted = 0.0
            elif event == zmq.EVENT_DISCONNECTED and self.connected:
                self.connected, self.gone, self.since = False, True, now
                if not self.receiver.finished:
                    _log.warning(
                        "process '%s': %s has gone; waiting %.0f s for it",
                        self.here,
                        self.who,
                        PEER_TIMEOUT_S,
                    )
        if self.receiver.finished:
            return
        if self.connected and now - self.greeted > KEEPALIVE_S:
            self.receiver.greet()
            self.greeted = now
        if self.gone and now - self.since > PEER_TIMEOUT_S:
            raise WireError(
                f"{self.who} went away after {self.receiver.received} items and did not come back "
                f"within {PEER_TIMEOUT_S:.0f} s"
            )
        if not self.connected and not self.gone and now - self.reminded > REMIND_S:
            _log.warning("process '%s': waiting for %s", self.here, self.who)
            self.reminded = now


class Peers:
    """All connections of one process to processes that it did not start itself."""

    def __init__(self, share: Process) -> None:
        self.share = share
        self.upstream = [Upstream(share, crossing) for crossing in share.incoming]
        self.monitor = _monitor(share.hub.socket) if share.hub is not None else None
        self.broken_at: float | None = None
        self.reminded = monotonic()
        self.warned: set[int] = set()

    def check(self) -> None:
        """Look at every connection; called several times a second.

        Raises:
            WireError: a process has gone and did not come back.
        """
        now = monotonic()
        for link in self.upstream:
            link.check(now)
        self._check_receivers(now)

    def _check_receivers(self, now: float) -> None:
        while self.monitor is not None and has_message(self.monitor):
            if recv_monitor_message(self.monitor)["event"] == zmq.EVENT_DISCONNECTED:
                self.broken_at = now
        missing = []
        for crossing in self.share.outgoing:
            sender = self.share.senders[crossing.number]
            if sender.done:
                continue
            if sender.peer is None:
                missing.append(crossing.receiver)
            # Which receiver broke off the socket does not tell; one that speaks is still there.
            silent = self.broken_at is not None and sender.heard < self.broken_at
            if sender.peer is not None and silent and crossing.number not in self.warned:
                if now - sender.heard > 2 * KEEPALIVE_S:
                    self.warned.add(crossing.number)
                    _log.warning(
                        "process '%s': '%s' has gone; waiting %.0f s for it",
                        self.share.name,
                        crossing.receiver,
                        PEER_TIMEOUT_S,
                    )
            elif not silent:
                self.warned.discard(crossing.number)
            if sender.peer is not None and silent and now - sender.heard > PEER_TIMEOUT_S:
                raise WireError(
                    f"process '{crossing.receiver}' went away after {sender.acknowledged} items of "
                    f"{crossing.edges[0].label} and did not come back within "
                    f"{PEER_TIMEOUT_S:.0f} s"
                )
        if missing and now - self.reminded > REMIND_S:
            names = ", ".join(f"'{name}'" for name in dict.fromkeys(missing))
            _log.warning("process '%s': waiting for %s to connect", self.share.name, names)
            self.reminded = now

    def close(self) -> None:
        """Stop watching; to be called before the watched sockets are closed."""
        for link in self.upstream:
            link.receiver.socket.disable_monitor()
            link.monitor.close(0)
        if self.share.hub is not None and self.monitor is not None:
            self.share.hub.socket.disable_monitor()
            self.monitor.close(0)


def _monitor(socket: Socket) -> Any:
    return socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
