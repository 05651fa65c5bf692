"""What all sources from GNU Radio have in common: an address, a socket, an end, counts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    ItemType,
    Output,
    Source,
    StreamError,
    parameter,
    state,
)
from semradio.blocks.endpoint import exposure
from semradio.blocks.gnuradio.inlet import Inlet, Message
from semradio.blocks.gnuradio.link import MAX_MESSAGE_BYTES, check_address

_MESSAGES_PER_CALL = 256
"""Messages looked at in one call of work, however little they bring."""

_ANY = 1 << 62


class PeerSource(Source):
    """Give what a peer sends over ZeroMQ.

    It never blocks: as long as no message is there, it gives nothing.
    """

    address: str = parameter(
        "tcp://127.0.0.1:5555",
        doc="ZeroMQ address, 'tcp://HOST:PORT' or 'ipc://FILE'; a host of '*' listens to all.",
    )
    type: str = parameter(
        "complex64",
        doc="Item type; a vector length of 23 is 'complex64[23]'.",
    )
    hwm: int = parameter(
        -1,
        low=-1,
        unit="messages",
        doc="Messages that ZeroMQ keeps for each peer; -1: its default, 1000; 0: any number.",
    )
    bind: bool = parameter(False, doc="Whether it listens at the address; otherwise it connects.")
    items: int | None = parameter(
        None, unit="items", low=0, doc="End after so many items; never if not given."
    )
    idle_s: float | None = parameter(
        None, unit="s", above=0, doc="End when no message has come for so long, after the first."
    )
    malformed: str = parameter(
        "error",
        choices=("error", "drop"),
        doc="What a message that cannot be read does: it ends the run, or is dropped and counted.",
    )

    max_message: int = parameter(
        MAX_MESSAGE_BYTES,
        low=1 << 10,
        high=1 << 40,
        unit="bytes",
        doc="Longest message to take; a peer that sends a longer one is cut off.",
    )

    y = Output(doc="The items.")

    messages: int = state(0, doc="Messages received.")
    received: int = state(0, doc="Items in them.")
    refused: int = state(0, doc="Messages that could not be read.")
    end_at: int | None = state(None, doc="Number of items to give, where it is known.")
    rest: list[Array] = state(factory=list, doc="Items received and not given yet.")
    waiting: int = state(0, doc="How many those are.")
    latest: float | None = state(None, doc="Clock at the latest message.")

    endpoint: str = ""
    """The real address, where ``address`` leaves the port open; known after start()."""

    clock = staticmethod(time.monotonic)

    def inlet(self) -> Inlet:
        """Open the socket."""
        raise NotImplementedError

    def accept(self, message: Message) -> None:
        """Take in a message by :meth:`append`; StreamError if it is not what it should be."""
        raise NotImplementedError

    def configure(self) -> None:
        check_address(self.address)
        self.item = ItemType.parse(self.type)
        self._inlet: Inlet | None = None

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": self.item}

    def start(self) -> None:
        self._inlet = self.inlet()
        self.endpoint = self._inlet.link.endpoint
        if self.bind and (text := exposure(self.endpoint)):
            self.note(text)

    def on_start(self) -> None:
        self.end_before(self.items)

    def work(self, n: int, at: int) -> Array:
        # What is there is given as it is, unless it is little: joining costs a copy.
        if 2 * self.waiting < n:
            self._receive(n, at)
        y = self._take(n if self.end_at is None else min(n, self.end_at - at))
        if self.end_at is not None and at + len(y) >= self.end_at:
            self.ending()
            self.finish()
        return y

    def stop(self) -> None:
        if self._inlet is not None:
            link = self._inlet.link
            if self.bind and link.disconnects:
                self.note(
                    f"{link.disconnects} connections ended: the peer went, or it sent a message "
                    f"of more than {link.longest} bytes and was cut off"
                )
            self._inlet.close()
            self._inlet = None

    def results(self) -> dict[str, Any]:
        return {"messages": self.messages, "items": self.received, "malformed": self.refused}

    def append(self, y: Array) -> None:
        """Append items, shape (n, *item), to those that are to be given."""
        if len(y):
            self.rest.append(y)
            self.waiting += len(y)
            self.received += len(y)

    def ending(self) -> None:
        """Look back before the stream ends; StreamError if it was not what it should be."""

    def end_before(self, index: int | None) -> None:
        """End the stream with item ``index`` as the first that is not given, or earlier."""
        if index is not None:
            self.end_at = index if self.end_at is None else min(self.end_at, index)

    def _receive(self, n: int, at: int) -> None:
        """Fetch messages until about ``n`` items wait, or no more messages do."""
        assert self._inlet is not None  # open between start() and stop()
        for _ in range(_MESSAGES_PER_CALL):
            wanted = _ANY if self.end_at is None else self.end_at - at - self.waiting
            if 2 * self.waiting >= n or wanted <= 0:
                return
            try:
                message = self._inlet.receive(wanted)
                if message is not None:
                    self._accept_one(message)
                    continue
                self._look_for_cuts()
                break
            except StreamError as error:
                if self.malformed == "error":
                    raise StreamError(f"from {self.endpoint}: {error}") from None
                self.refused += 1
        if self.waiting == 0 and self._idle():
            self.end_before(at)

    def _accept_one(self, message: Message) -> None:
        self.messages += 1
        self.latest = self.clock()
        self.accept(message)

    def _look_for_cuts(self) -> None:
        """Call again where a connection was cut; StreamError tells of the message."""
        assert self._inlet is not None  # open between start() and stop()
        link = self._inlet.link
        if link.cut():
            longest = link.longest
            self._inlet.close()
            self._inlet = self.inlet()
            raise StreamError(
                f"a message of more than {longest} bytes came and was lost, with all that the peer "
                "had sent after it: raise 'max_message'"
            )

    def _idle(self) -> bool:
        return (
            self.idle_s is not None
            and self.latest is not None
            and self.clock() - self.latest >= self.idle_s
        )

    def _take(self, n: int) -> Array:
        """Remove and return up to ``n`` of the items that wait."""
        left = n = min(n, self.waiting)
        parts = []
        while left > 0:
            first = self.rest[0]
            if len(first) > left:
                self.rest[0] = first[left:]
                first = first[:left]
            else:
                del self.rest[0]
            parts.append(first)
            left -= len(first)
        self.waiting -= n
        if not parts:
            return self.item.empty()
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
