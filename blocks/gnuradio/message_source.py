"""What the three message sources from GNU Radio have in common."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from semradio.blocks.api import ParameterError, StreamError, parameter, state
from semradio.blocks.gnuradio import pmt
from semradio.blocks.gnuradio.inlet import Message
from semradio.blocks.gnuradio.message_sink import MESSAGE_TAG, METADATA_TAG
from semradio.blocks.gnuradio.peer_source import PeerSource

_MOST_OTHERS = 1000
"""Messages without items that wait for an item to sit on; beyond, the oldest is dropped."""


class MessageSource(PeerSource):
    """Give the PDUs of GNU Radio's messages as the packets of a stream."""

    length_tag: str = parameter(
        "packet_len",
        doc="Key of the tag to leave on a packet's first item; value: its length in items.",
    )
    end_tag: str = parameter(
        "", doc="End with the PDU whose metadata has this key, or at a dictionary that has it."
    )

    command_items: bool = parameter(
        False,
        doc="Whether a message without items comes at once, on an item of zeros of its own; "
        "otherwise with the next packet.",
    )

    commands: int = state(0, doc="Messages without items.")
    others: deque[Any] = state(factory=deque, doc="Messages without items, not tagged yet.")
    dropped: int = state(0, doc="Messages without items that found no item to sit on.")

    def configure(self) -> None:
        super().configure()
        if self.item.dtype in ("bool", "float16"):
            raise ParameterError(f"GNU Radio has no PDUs of {self.item.dtype}", "type")

    def accept(self, message: Message) -> None:
        for frame in message:
            # An empty message stands for the end of a file in GNU Radio: nothing to tell.
            if frame:
                self._accept(pmt.deserialize(frame))

    def results(self) -> dict[str, Any]:
        # Those that wait have found no item yet.
        counts = {"commands": self.commands, "dropped": self.dropped + len(self.others)}
        return super().results() | counts

    def _accept(self, value: Any) -> None:
        meta, body = value if isinstance(value, pmt.Pair) else (value, None)
        if isinstance(body, np.ndarray) and len(body):
            # Whatever stands where a dictionary should keeps its place in one tag.
            named = meta is None or isinstance(meta, dict)
            self._packet(meta or {} if named else {METADATA_TAG: meta}, body)
        else:
            self._command(pmt.plain(value))
        if self.end_tag and isinstance(meta, dict) and self.end_tag in meta:
            self.end_before(self.received)

    def _command(self, value: Any) -> None:
        self.commands += 1
        if self.command_items:
            self.tag(MESSAGE_TAG, value, self.received)
            self.append(np.zeros((1, *self.item.shape), self.item.numpy))
            return
        self.others.append(value)
        if len(self.others) > _MOST_OTHERS:
            self.others.popleft()
            self.dropped += 1

    def _packet(self, meta: dict[Any, Any], body: np.ndarray[Any, Any]) -> None:
        item = self.item
        if body.dtype != item.numpy:
            raise StreamError(f"a PDU holds {body.dtype}, not {item.dtype}: check 'type'")
        if len(body) % item.size:
            raise StreamError(
                f"a PDU of {len(body)} values holds no whole number of {item} ({item.size} values)"
            )
        first = self.received
        packet = body.reshape(-1, *item.shape)
        while self.others:
            self.tag(MESSAGE_TAG, self.others.popleft(), first)
        self.tag(self.length_tag, len(packet), first)
        for key, value in pmt.plain(meta).items():
            if key != self.length_tag:
                self.tag(key, value, first)
        self.append(packet)

    def stop(self) -> None:
        super().stop()
        if self.others:
            self.note(
                f"{len(self.others)} messages without items came after the last packet and were "
                "lost: 'command_items: true' gives them at once"
            )
