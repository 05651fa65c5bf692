"""The transmitting end of a virtual radio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ParameterError,
    Sink,
    StreamError,
    block,
    parameter,
    state,
)
from semradio.blocks.radio.air_channel import PubChannel, RepChannel
from semradio.blocks.radio.air_format import FORMATS


@block("zmq_radio_sink", category="radio")
class ZmqRadioSink(Sink):
    """Send samples as srsRAN's virtual radio does: to a receiver that asks for them.

    Any request is answered by the samples that wait, at least one and at most ``samples``. A
    receiver counts time in samples, so while nothing comes in it is sent zeros, after ``idle``
    seconds of silence; where these fall depends on the clock. With ``idle: null`` a request waits
    for samples instead, and the receiver gets exactly the stream. Nothing is lost as long as one
    receiver asks: the stream waits for its requests. With ``patience`` it waits so long for a
    receiver that has asked before and is silent now; then samples go by unheard, as they do on
    the air, until one asks again. With ``pattern: pub`` (srsRAN 4G's ``rx_type=sub``) samples are
    sent unasked, to any number of receivers, as soon as one is there; the stream waits for the
    slowest, and no zeros are sent. Several addresses are as many channels of items
    ``complex64[channels]``. srsRAN connects to it with ``rx_port=tcp://localhost:2000``; GNU
    Radio's ZMQ REQ or SUB Source works too.

    At the end the last samples wait ``linger`` seconds to be fetched.

    Results:
        ``items``; ``sent``, samples fetched (on every channel); ``unsent``; ``zeros``, samples of
        silence; ``replies``; ``clipped``, samples beyond full scale of sc16.

    Raises:
        ParameterError: an address cannot be bound, or there are not as many as channels.
        StreamError: ZeroMQ failed.

    Example:
        >>> from threading import Thread
        >>> sink = ZmqRadioSink(address="ipc://link", idle=None)
        >>> Thread(target=sink, args=[np.complex64([1, 2j])], daemon=True).start()
        >>> ZmqRadioSource(address="ipc://link", items=2)()
        array([1.+0.j, 0.+2.j], dtype=complex64)

    Source:
        srsRAN 4G and srsRAN Project, ZeroMQ radio.
    """

    address: str | list[str] = parameter(
        "tcp://127.0.0.1:2000",
        doc="Where to listen, tcp://*:2000 for other computers; a list: one for each channel.",
    )
    format: str = parameter(
        "cf32", choices=FORMATS, doc="Samples on the wire: cf32, or sc16 with full scale 32767."
    )
    pattern: str = parameter(
        "rep", choices=("rep", "pub"), doc="Whether to send samples when asked, or unasked."
    )
    samples: int = parameter(
        23_040, low=1, high=614_400, unit="samples", doc="The most that one message carries."
    )
    idle: float | None = parameter(
        0.05, low=0, unit="s", doc="Silence after which zeros are sent; never if null."
    )
    patience: float | None = parameter(
        None, low=0, unit="s", doc="How long a silent receiver is waited for; for ever if null."
    )
    linger: float = parameter(
        5.0, low=0, high=3600, unit="s", doc="How long the end waits for a receiver that is silent."
    )

    x = Input("complex64 | complex64[*]", doc="Samples to send, of each channel.")

    items: int = state(0, doc="Samples taken.")
    sent: int = state(0, doc="Samples fetched by the receiver.")
    zeros: int = state(0, doc="Zeros sent.")
    replies: int = state(0, doc="Answers given.")
    clipped: int = state(0, doc="Samples beyond full scale.")

    _channels: Sequence[RepChannel | PubChannel] = ()

    def start(self) -> None:
        addresses = [self.address] if isinstance(self.address, str) else self.address
        channels = self.input_types["x"].size
        if len(addresses) != channels:
            raise ParameterError(
                f"parameter 'address' names {len(addresses)} addresses, but the stream has "
                f"{channels} channels",
                "address",
            )
        for address in addresses:
            made: RepChannel | PubChannel
            if self.pattern == "pub":
                made = PubChannel(address, self.samples, self.format, self.linger)
            else:
                made = RepChannel(address, self.samples, self.idle, self.format, self.patience)
            self._channels = [*self._channels, made]

    def stop(self) -> None:
        for channel in self._channels:
            channel.close()
        self._channels = ()

    def ready(self, items: int, ended: bool) -> int:
        return min([items, *(channel.room(self.stopping) for channel in self._channels)])

    def work(self, x: Array, at: int) -> None:
        for channel, samples in zip(self._channels, x.reshape(len(x), -1).T, strict=True):
            channel.put(np.ascontiguousarray(samples))
        self.items += len(x)
        self._look()

    def flush(self) -> None:
        for channel in self._channels:
            channel.finish(self.linger)
        if self._channels:
            self._look()
        if self.sent != self.items:
            self.note(f"{self.items - self.sent} samples were not fetched by any receiver")
        if self.clipped:
            self.note(f"{self.clipped} samples were beyond full scale and clipped")

    def results(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "sent": self.sent,
            "unsent": self.items - self.sent,
            "zeros": self.zeros,
            "replies": self.replies,
            "clipped": self.clipped,
        }

    def _look(self) -> None:
        """Take over what the channels have counted; StreamError if one failed."""
        self.sent = min(channel.sent for channel in self._channels)
        self.zeros = max(channel.zeros for channel in self._channels)
        self.replies = sum(channel.replies for channel in self._channels)
        self.clipped = sum(channel.clipped for channel in self._channels)
        for channel in self._channels:
            if channel.failure is not None:
                raise StreamError(f"ZeroMQ on {channel.address}: {channel.failure}")
