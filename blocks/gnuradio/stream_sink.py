"""What the three stream sinks towards GNU Radio have in common."""

from __future__ import annotations

import time

import numpy as np

from semradio.blocks.api import Array, ParameterError, Tag, parameter, state
from semradio.blocks.engine.queue import JOINED_BYTES
from semradio.blocks.gnuradio import stream_header
from semradio.blocks.gnuradio.peer_sink import PeerSink

MESSAGE_BYTES = 32_000
"""Bytes of items in one message where the user does not say: GNU Radio up to 3.10.5 holds back the
end of longer ones until the next message comes."""


class StreamSink(PeerSink):
    """Gather items into messages, with their tags, and send them to GNU Radio."""

    pass_tags: bool = parameter(
        False, doc="Whether each message begins with GNU Radio's header with tags."
    )
    message_items: int | None = parameter(
        None, low=1, unit="items", doc="Most items of one message; 32000 bytes if not given."
    )
    max_latency: float = parameter(
        0.001,
        low=0,
        high=60,
        unit="s",
        doc="How long items wait for company up to message_items; 0: not at all.",
    )
    end_tag: str = parameter(
        "",
        doc="Key of a tag, such as 'end_of_stream', to leave on the last item; needs pass_tags, "
        "and holds each message back until the next one or the end.",
    )

    due: int = state(0, doc="Items granted by ready() that work() has not had yet.")
    pieces: list[Array] = state(factory=list, doc="Items of the message that is being gathered.")
    marks: list[Tag] = state(factory=list, doc="Tags on them.")
    since: float | None = state(None, doc="Clock when items began to wait for company.")
    held: tuple[int, Array, list[Tag]] | None = state(
        None, doc="The message held back for the end tag: its first index, items and tags."
    )

    clock = staticmethod(time.monotonic)

    def configure(self) -> None:
        super().configure()
        if self.end_tag and not self.pass_tags:
            raise ParameterError("parameter 'end_tag' needs pass_tags: true", "end_tag")
        self.listens = ("*",) if self.pass_tags else ()

    @property
    def max_batch(self) -> int:
        """Most items of one message."""
        return self.message_items or max(1, MESSAGE_BYTES // self.input_types["x"].nbytes)

    def ready(self, items: int, ended: bool) -> int:
        if not self.enabled:
            return items
        room = self.room()
        if room == 0:
            return 0
        most = min(self.max_batch, room)
        count = min(items, most)
        # The queue joins chunks up to so many bytes; beyond that nothing is gained by waiting.
        company = min(most, JOINED_BYTES // self.input_types["x"].nbytes)
        if count < company and not ended and self.max_latency:
            now = self.clock()
            if self.since is None:
                self.since = now
            if now - self.since < self.max_latency:
                return 0
        self.since = None
        self.due = count
        return count

    def on_tag(self, tag: Tag) -> None:
        if self.enabled:
            self.marks.append(tag)

    def work(self, x: Array, at: int) -> None:
        self.pieces.append(x)
        self.due -= len(x)
        if self.due > 0:
            return
        items = self.pieces[0] if len(self.pieces) == 1 else np.concatenate(self.pieces)
        message = (at + len(x) - len(items), items, self.marks)
        self.pieces, self.marks = [], []
        if not self.end_tag:
            self._send(*message)
            return
        held, self.held = self.held, message
        if held is not None:
            self._send(*held)

    def flush(self) -> None:
        if self.held is not None:
            first, items, marks = self.held
            self._send(first, items, [*marks, Tag(first + len(items) - 1, self.end_tag, True)])
            self.held = None
        super().flush()

    def _send(self, first: int, items: Array, marks: list[Tag]) -> None:
        whole = np.ascontiguousarray(items)
        if not self.pass_tags:
            self.opened().put(whole, len(whole))
            return
        raw = whole.reshape(-1).view(np.uint8).data
        self.opened().put(b"".join([stream_header.encode(first, marks), raw]), len(whole))
