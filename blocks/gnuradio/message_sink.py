"""What the three message sinks towards GNU Radio have in common."""

from __future__ import annotations

from typing import Any

import numpy as np

from semradio.blocks.api import Array, ItemTypeError, StreamError, Tag, parameter, state
from semradio.blocks.gnuradio import pmt
from semradio.blocks.gnuradio.peer_sink import PeerSink

MESSAGE_TAG = "message"
"""Key of the tag that stands for a message that is no PDU."""

METADATA_TAG = "metadata"
"""Key of the tag that stands for a PDU's metadata where they are no dictionary."""


class MessageSink(PeerSink):
    """Send the packets of a stream to GNU Radio as PDUs."""

    length_tag: str = parameter(
        "packet_len", doc="Key of the tag on a packet's first item that tells its length in items."
    )
    packet_items: int | None = parameter(
        None,
        low=1,
        unit="items",
        doc="Length of every packet; if not given, length_tag tells.",
    )
    max_packet: int = parameter(
        1 << 20, low=1, unit="items", doc="Longest packet that a tag may announce."
    )
    missing: int = state(0, doc="Items that the packet still lacks.")
    announced: int | None = state(None, doc="Length of the packet that begins with the next item.")
    pieces: list[Array] = state(factory=list, doc="Its items.")
    meta: dict[str, Any] = state(factory=dict, doc="Its metadata.")
    other_meta: Any = state(None, doc="Its metadata where they are no dictionary.")
    listens = ("*",)

    def start(self) -> None:
        dtype = self.input_types["x"].dtype
        if dtype in ("bool", "float16"):
            raise ItemTypeError(f"GNU Radio has no PDUs of {dtype}")
        super().start()

    def ready(self, items: int, ended: bool) -> int:
        if not self.enabled:
            return items
        if self.room() == 0:
            return 0
        # One packet at a time: each must find room. What begins one is known from its tags only.
        return min(items, self.missing or self.packet_items or 1)

    def on_tag(self, tag: Tag) -> None:
        if not self.enabled:
            return
        if tag.key == MESSAGE_TAG:
            self._post(tag.value, 0)
        elif tag.key == METADATA_TAG:
            self.other_meta = tag.value
        elif tag.key != self.length_tag:
            self.meta[tag.key] = tag.value
        elif self.packet_items is None:
            self._announce(tag.value)

    def work(self, x: Array, at: int) -> None:
        if self.missing == 0:
            if self.packet_items is None and self.announced is None:
                raise StreamError(
                    f"the item is in no packet: there is no tag '{self.length_tag}' on it; set "
                    "packet_items for packets of one length"
                )
            self.missing = self.announced or self.packet_items or 0
            self.announced = None
        self.pieces.append(x)
        self.missing -= len(x)
        if self.missing == 0:
            values = np.concatenate(self.pieces)
            meta = self.meta or self.other_meta
            self._post(pmt.Pair(meta, values.reshape(-1)), len(values))
            self.pieces, self.meta, self.other_meta = [], {}, None

    def flush(self) -> None:
        if self.missing:
            left = sum(len(piece) for piece in self.pieces)
            self.note(f"the last {left} items lack {self.missing} to a packet and were not sent")
        super().flush()

    def _announce(self, length: Any) -> None:
        if not isinstance(length, int) or not 0 < length <= self.max_packet:
            raise StreamError(
                f"tag '{self.length_tag}' must be a number of items, 1 to {self.max_packet}, not "
                f"{length!r}"
            )
        if self.missing:
            raise StreamError(
                f"tag '{self.length_tag}' begins a packet within another, which lacks "
                f"{self.missing} items"
            )
        self.announced = length

    def _post(self, value: Any, items: int) -> None:
        self.opened().put(pmt.serialize(value), items)
