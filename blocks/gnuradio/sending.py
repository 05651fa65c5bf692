"""What every sink towards GNU Radio does with its messages: send, wait, give up, count."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from semradio.blocks.gnuradio.outlet import ANY, Outlet

STOP_S = 1.0
"""Seconds that a stopped run waits for a peer that takes nothing; as long as GNU Radio's sinks."""

_CLOCK_TICK = 0.001


class Sending:
    """Messages on their way out through an outlet, and the counts of them.

    Args:
        linger: seconds that the end of the run waits for a peer to take what is left.
    """

    def __init__(self, outlet: Outlet, linger: float) -> None:
        self.outlet = outlet
        self.linger = linger
        self.messages = 0
        self.items = 0
        """Items sent, to one peer at least."""
        self.dropped = 0
        """Items that nobody got, or a peer missed; once for each peer."""
        self._waiting: deque[tuple[Any, int]] = deque()
        self._stuck_since: float | None = None
        self._given_up = False

    def room(self, stopping: bool) -> int:
        """Return how many items the next message may hold; 0: none can be sent now.

        Args:
            stopping: whether the run was asked to stop, so that nobody wants to wait for a peer.
        """
        self._send_on()
        room = 0 if self._waiting else self.outlet.room()
        if room or self._given_up:
            self._stuck_since = None
            return room or ANY
        if stopping:
            now = time.monotonic()
            if self._stuck_since is None:
                self._stuck_since = now
            elif now - self._stuck_since >= min(self.linger, STOP_S):
                self._give_up()
        return 0

    def put(self, message: Any, items: int) -> None:
        """Send a message that holds so many items, now or when there is room."""
        self._waiting.append((message, items))
        self._send_on()

    def finish(self) -> None:
        """Send what waits; whatever a peer does not take in time is dropped."""
        deadline = time.monotonic() + self.linger
        while self._waiting:
            self._send_on()
            if self._waiting and time.monotonic() >= deadline:
                self._give_up()
            elif self._waiting:
                time.sleep(_CLOCK_TICK)

    def close(self, *, patient: bool) -> None:
        """Close the socket, which may take ``linger`` seconds, or less if not ``patient``."""
        self._give_up()
        linger = self.linger if patient else min(self.linger, STOP_S)
        if self.messages:
            self.outlet.link.settle(linger)
        self.outlet.close(linger)

    def _send_on(self) -> None:
        while self._waiting:
            message, items = self._waiting[0]
            found = self.outlet.send(message)
            if found is None:
                return
            self._waiting.popleft()
            if found.got:
                self.messages += 1
                self.items += items
            self.dropped += items * found.missed

    def _give_up(self) -> None:
        self._given_up = True
        self.outlet.give_up()
        self._send_on()
