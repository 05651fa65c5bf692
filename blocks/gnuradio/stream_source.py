"""What the three stream sources from GNU Radio have in common."""

from __future__ import annotations

from typing import Any

import numpy as np

from semradio.blocks.api import ItemType, StreamError, Tag, parameter, state
from semradio.blocks.api.tag import GAP
from semradio.blocks.gnuradio import stream_header
from semradio.blocks.gnuradio.inlet import Message
from semradio.blocks.gnuradio.peer_source import PeerSource
from semradio.blocks.gnuradio.strides import Strides

RESTART = "restart"
"""Key of the tag on the first item of a sender that began anew; value: the index it began at."""


class StreamSource(PeerSource):
    """Give the items of GNU Radio's messages, with their tags."""

    rejoins = True

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
    torn: bool = state(False, doc="Whether nobody knows how many those are.")
    strides: Strides = state(factory=Strides, doc="What the sender's count tells of its items.")

    def unrepeatable(self) -> str:
        return "what has passed does not come again"

    def restore(self, saved: None) -> None:
        # The sender's count tells what is missing, where it is known.
        self.torn = not self.pass_tags or self.expected is None
        # Clocks of another process, or of a host that was started anew, tell nothing here.
        self.latest = None if self.latest is None else self.clock()

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
            self._compare(offset, count, size)
        if count == 0:
            return
        self._mark(offset, count, tags)
        y = np.frombuffer(body, self.item.numpy, count * self.item.size, begin)
        if not y.flags.aligned:
            y = y.copy()
        self.append(y.reshape(count, *self.item.shape))

    def results(self) -> dict[str, Any]:
        found = super().results()
        if self.pass_tags or self.gaps:
            found["gaps"] = self.gaps
        if self.pass_tags:
            found["lost"] = self.lost
            found["missed"] = self.missed
            found["restarts"] = self.restarts
        return found

    def ending(self) -> None:
        # Too few messages to be sure, but what looks like shorter items may be losses as well.
        if self.strides.suspect > self.item.nbytes:
            self._refuse_size(self.strides.suspect)

    def _compare(self, offset: int, count: int, size: int) -> None:
        """Compare the sender's index with what it should be."""
        nbytes = self.strides.item_bytes(offset, size, self.item.nbytes)
        if nbytes is not None:
            self._refuse_size(nbytes)
        if self.expected is None:
            self.missed = offset
        elif offset > self.expected:
            self.gaps += 1
            self.lost += offset - self.expected
            self.gap += offset - self.expected
        elif offset < self.expected:
            self.restarts += 1
            self.tag(RESTART, offset, self.received)
            # How much is missing nobody knows, but the items are no longer what they continued.
            self.tag(GAP, None, self.received)
        self.expected = offset + count

    def _refuse_size(self, nbytes: int) -> None:
        whole, left = divmod(nbytes, self.item.numpy.itemsize)
        fits = "" if left else f", such as {ItemType(self.item.dtype, (whole,))}"
        if whole == 1 and not left:
            fits = f", such as {self.item.dtype}"
        raise StreamError(
            f"the sender counts items of {nbytes} bytes, but {self.item} has {self.item.nbytes}: "
            f"state its type and vector length in 'type'{fits}"
        )

    def _mark(self, offset: int, count: int, tags: list[Tag]) -> None:
        """Leave a message's tags on its items, which are about to be appended."""
        first = self.received
        if self.gap or self.torn:
            self.tag(GAP, None if self.torn else self.gap, first)
            self.gaps += self.torn
            self.gap, self.torn = 0, False
        for tag in tags:
            # As for GNU Radio, a tag on an item of another message is nobody's.
            if 0 <= tag.index - offset < count:
                index = first + tag.index - offset
                self.tag(tag.key, tag.value, index)
                if self.end_tag and tag.key == self.end_tag:
                    self.end_before(index + 1)
