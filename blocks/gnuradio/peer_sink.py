"""What all sinks towards GNU Radio have in common: an address, a socket, counts."""

from __future__ import annotations

import logging
import time
from typing import Any

from semradio.blocks.api import Input, Sink, parameter, state
from semradio.blocks.endpoint import exposure
from semradio.blocks.gnuradio.link import check_address
from semradio.blocks.gnuradio.outlet import Outlet
from semradio.blocks.gnuradio.sending import Sending

_SILENT_S = 2.0
"""A sink that has waited so long says that it waits."""

_log = logging.getLogger("semradio")


class PeerSink(Sink):
    """Send to a peer over ZeroMQ.

    It never blocks: while nobody takes messages, the items wait in the queue before it, and after
    two seconds of that it says so, by the log ``semradio`` (standard error) and a note.
    """

    address: str = parameter(
        "tcp://127.0.0.1:5555",
        doc="ZeroMQ address, 'tcp://HOST:PORT' or 'ipc://FILE'; a host of '*' listens to all.",
    )
    hwm: int = parameter(
        -1,
        low=-1,
        unit="messages",
        doc="Messages that ZeroMQ keeps for each peer; -1: its default, 1000; 0: any number.",
    )
    bind: bool = parameter(True, doc="Whether it listens at the address; otherwise it connects.")
    linger: float = parameter(
        10.0,
        low=0,
        high=3600,
        unit="s",
        doc="Longest time that the end of the run waits for a peer to take what is left.",
    )

    x = Input("any[...]", doc="Any stream.")

    complete: bool = state(False, doc="Whether the stream has come to its end.")
    sending: Sending | None = state(None, doc="The messages on their way, and their counts.")

    stuck_since: float | None = state(None, doc="Clock since when nobody takes messages.")

    endpoint: str = ""
    """The real address, where ``address`` leaves the port open; known after start()."""

    def outlet(self) -> Outlet:
        """Open the socket."""
        raise NotImplementedError

    def configure(self) -> None:
        check_address(self.address)

    def start(self) -> None:
        if self.enabled:
            self.opened()

    def opened(self) -> Sending:
        """Return what sends; it opens now if the block was not enabled at the start."""
        if self.sending is None:
            outlet = self.outlet()
            self.sending = Sending(outlet, self.linger)
            self.endpoint = outlet.link.endpoint
            if self.bind and (text := exposure(self.endpoint)):
                self.note(text)
        return self.sending

    def room(self) -> int:
        """Return how many items the next message may hold; 0 while it waits for a peer."""
        room = self.opened().room(self.stopping)
        now = time.monotonic()
        if room:
            self.stuck_since = None
        elif self.stuck_since is None:
            self.stuck_since = now
        elif now - self.stuck_since > _SILENT_S:
            text = f"waits: nobody takes messages at {self.endpoint}"
            if text not in self.notes:
                _log.warning("%s: %s", self.name, text)
            self.note(text)
        return room

    def flush(self) -> None:
        self.complete = True
        if self.sending is not None:
            self.sending.finish()

    def stop(self) -> None:
        if self.sending is not None:
            self.sending.close(patient=self.complete and not self.stopping)

    def results(self) -> dict[str, Any]:
        sending = self.sending
        return {
            "messages": sending.messages if sending else 0,
            "items": sending.items if sending else 0,
            "dropped": sending.dropped if sending else 0,
        }
