"""What the three stream sources from GNU Radio have in common."""

from __future__ import annotations

from typing import Any

import numpy as np

from semradio.blocks.api import StreamError, Tag, parameter, state
from semradio.blocks.api.tag import GAP
from semradio.blocks.gnuradio import stream_header
from semradio.blocks.gnuradio.inlet import Message
from semradio.blocks.gnuradio.peer_source import PeerSource

RESTART = "restart"
"""Key of the tag on the first item of a sender that began anew; value: the index it began at."""


class StreamSource(PeerSource):
    """Give the items of GNU Radio's messages, with their tags."""

    pass_tags: bool = parameter(
        False, doc="Whether each message begins with GNU Radio's header with tags."
    )
    end_tag: str = parameter(
        "", doc="End with the item that has a tag of this key, such as 'end_of_stream'."
    )

    gaps: int = state(0, doc="Gaps in the sender's count of items.")
    lost: int = state(0, doc="Items missing there.")
    missed: int = state(0, doc="Items that the sender had sent before its first message arrived.")
    restarts: int = state(0, doc="How often the sender began anew.")
    expected: int | None = state(None, doc="Index that the sender's next item should have.")
    gap: int = state(0, doc="Items missing before the next one, not tagged yet.")

    def accept(self, message: Message) -> None:
        body, *more = message
        offset, tags, begin = 0, list[Tag](), 0
        if self.pass_tags:
            offset, tags, begin = stream_header.decode(body)
        elif self.messages == 1 and stream_header.announced(body):
            # Seldom anything else, and once samples are flowing nobody would notice any more.
            raise StreamError(f"the first message has GNU Radio's header: {stream_header.ADVICE}")
        if more:
            # As for GNU Radio, further frames are items and nothing else.
            body, begin = b"".join([body[begin:], *more]), 0
        size = len(body) - begin
        count, left = divmod(size, self.item.nbytes)
        if left:
            raise StreamError(
                f"a message with {size} bytes of items holds no whole number of {self.item} "
                f"({self.item.nbytes} bytes each): check 'type', and {stream_header.ADVICE}"
            )
        if self.pass_tags:
            self._compare(offset, count)
        if count == 0:
            return
        self._mark(offset, count, tags)
        y = np.frombuffer(body, self.item.numpy, count * self.item.size, begin)
        if not y.flags.aligned:
            y = y.copy()
        self.append(y.reshape(count, *self.item.shape))

    def results(self) -> dict[str, Any]:
        found = super().results()
        if self.pass_tags:
            found["gaps"] = self.gaps
            found["lost"] = self.lost
            found["missed"] = self.missed
            found["restarts"] = self.restarts
        return found

    def _compare(self, offset: int, count: int) -> None:
        """Compare the sender's index with what it should be."""
        if self.expected is None:
            self.missed = offset
        elif offset > self.expected:
            self.gaps += 1
            self.lost += offset - self.expected
            self.gap += offset - self.expected
        elif offset < self.expected:
            self.restarts += 1
            self.tag(RESTART, offset, self.received)
        self.expected = offset + count

    def _mark(self, offset: int, count: int, tags: list[Tag]) -> None:
        """Leave a message's tags on its items, which are about to be appended."""
        first = self.received
        if self.gap:
            self.tag(GAP, self.gap, first)
            self.gap = 0
        for tag in tags:
            # As for GNU Radio, a tag on an item of another message is nobody's.
            if 0 <= tag.index - offset < count:
                index = first + tag.index - offset
                self.tag(tag.key, tag.value, index)
                if self.end_tag and tag.key == self.end_tag:
                    self.end_before(index + 1)
