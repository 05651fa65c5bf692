"""Watches the processes on other hosts: who is awaited, who has gone, who has come back.

A launcher sees its workers die. Processes that were started one by one have only their sockets:
ZeroMQ's monitors tell when a connection breaks (at once when a process dies, after its heartbeat
fails when a host does), and every receiver says now and then that it is still there.
"""

from __future__ import annotations

import logging
from time import monotonic

import zmq
from zmq.utils.monitor import recv_monitor_message

from semradio.blocks.zeromq import readable
from semradio.flowgraphs.runtime.edges.crossing import Crossing
from semradio.flowgraphs.runtime.edges.receiver import EdgeReceiver
from semradio.flowgraphs.runtime.edges.sockets import FAILED_EVENTS, REMIND_S, watched
from semradio.flowgraphs.runtime.edges.wire import WireError
from semradio.flowgraphs.runtime.share import Share

PEER_TIMEOUT_S = 10.0
"""Seconds that a process which has gone may take to come back, unless the run says otherwise."""

KEEPALIVE_S = 1.0
"""Seconds between two signs of life of a receiver."""

TRIES, TRYING_S = 3, 2.0
"""How often, and for how many seconds, a connection may break before both ends know each other."""

_EVENTS_A_CHECK = 10_000
"""Events taken at once: strangers may make more."""

_log = logging.getLogger("semradio")


class Upstream:
    """The connection of one receiver to its sender."""

    def __init__(self, share: Share, crossing: Crossing, patience: float) -> None:
        self.patience = patience
        self.crossing = crossing
        self.receiver: EdgeReceiver = share.receivers[crossing.number]
        self.who = f"process '{crossing.sender}' at {self.receiver.endpoint}"
        self.here = share.name
        self.monitor = watched(self.receiver.socket)
        self.secured = isinstance(share.plan.security, dict)
        self.connected = False
        self.tries = 0
        self.trying_since = 0.0
        self.since = monotonic()
        self.reminded = self.since
        self.greeted = self.since
        self.gone = False
        self.leaving = False

    def check(self, now: float) -> None:
        """Act on what happened to the connection.

        Raises:
            WireError: the sender has gone and did not come back, or the keys do not fit.
        """
        while readable(self.monitor):
            event = recv_monitor_message(self.monitor)["event"]
            if event & FAILED_EVENTS:
                self._failed(event, now)
            elif event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self.tries = 0
                if self.gone:
                    _log.warning("process '%s': %s is back", self.here, self.who)
                self.receiver.introduce()
                self.connected, self.gone = True, False
                self.greeted = 0.0
            elif event == zmq.EVENT_DISCONNECTED and self.connected:
                self.connected, self.gone, self.since = False, True, now
                if not self.receiver.finished:
                    _log.warning(
                        "process '%s': %s has gone; waiting %.0f s for it",
                        self.here,
                        self.who,
                        self.patience,
                    )
        if self.receiver.finished:
            self._take_leave(now)
            return
        if self.connected and now - self.greeted > KEEPALIVE_S:
            self.receiver.greet()
            self.greeted = now
        if self.gone and now - self.since > self.patience:
            raise WireError(
                f"{self.who} went away after {self.receiver.received} items and did not come back "
                f"within {self.patience:.0f} s"
            )
        if not self.connected and not self.gone and now - self.reminded > REMIND_S:
            _log.warning("process '%s': waiting for %s", self.here, self.who)
            self.reminded = now

    def _take_leave(self, now: float) -> None:
        """Say the last word again until it is heard, or the sender has gone for good."""
        receiver = self.receiver
        if receiver.dismissed:
            return
        if not self.leaving:
            # Who had gone before then is not waited for.
            self.leaving, receiver.dismissed = True, not self.connected
        elif self.connected and now - self.greeted > KEEPALIVE_S:
            receiver.answer()
            self.greeted = now
        elif self.gone and now - self.since > self.patience:
            receiver.dismissed = True

    def _failed(self, event: int, now: float) -> None:
        """Take note that a connection broke before both ends knew each other.

        Raises:
            WireError: the keys do not fit, so it will not be better the next time.
        """
        if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            raise WireError(
                f"{self.who} does not let '{self.here}' in: it knows another key of that process "
                "(are both bundles from the same 'semradio keys new'?)"
            )
        if event == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
            raise WireError(
                f"{self.who} does not speak as this side does: "
                + (
                    "it uses no keys, or is no semradio process"
                    if self.secured
                    else "it wants keys and there are none here ('security: {curve: FOLDER}')"
                )
            )
        if not self.tries:
            self.trying_since = now
        self.tries += 1
        # A process that is killed in the middle breaks off as well, but comes back or is silent.
        if self.secured and self.tries >= TRIES and now - self.trying_since > TRYING_S:
            raise WireError(
                f"{self.who} has not the key of '{self.crossing.sender}' that is known here: an "
                "old bundle, or another process listens there"
            )


class Peers:
    """All connections of one process to processes that it did not start itself."""

    def __init__(self, share: Share, patience: float = PEER_TIMEOUT_S) -> None:
        self.share = share
        self.patience = patience
        self.upstream = [Upstream(share, crossing, patience) for crossing in share.incoming]
        self.monitor = None if share.hub is None else share.hub.monitor
        self.broken_at: float | None = None
        self.told_of_strangers = False
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
        self._listen(now)
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
                        self.patience,
                    )
            elif not silent:
                self.warned.discard(crossing.number)
            if sender.peer is not None and silent and now - sender.heard > self.patience:
                raise WireError(
                    f"process '{crossing.receiver}' went away after {sender.acknowledged} items of "
                    f"{crossing.edges[0].label} and did not come back within "
                    f"{self.patience:.0f} s"
                )
        if missing and now - self.reminded > REMIND_S:
            names = ", ".join(f"'{name}'" for name in dict.fromkeys(missing))
            _log.warning("process '%s': waiting for %s to connect", self.share.name, names)
            self.reminded = now

    def _listen(self, now: float) -> None:
        """Take what happened to the connections of the socket that receivers come to."""
        hub = self.share.hub
        if hub is None or self.monitor is None:
            return
        for _ in range(_EVENTS_A_CHECK):
            if not readable(self.monitor):
                break
            event = recv_monitor_message(self.monitor)["event"]
            if event & FAILED_EVENTS:
                hub.strangers += 1
                if not self.told_of_strangers:
                    self.told_of_strangers = True
                    _log.warning(
                        "process '%s': somebody without the right key was turned away",
                        self.share.name,
                    )
            elif event == zmq.EVENT_DISCONNECTED:
                self.broken_at = now

    def close(self) -> None:
        """Stop watching; to be called before the watched sockets are closed."""
        for link in self.upstream:
            link.receiver.socket.disable_monitor()
            link.monitor.close(0)
