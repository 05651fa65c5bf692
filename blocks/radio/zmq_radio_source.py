"""The receiving end of a virtual radio."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import zmq

from semradio.blocks.api import (
    Array,
    ItemType,
    Output,
    ParameterError,
    Source,
    StreamError,
    block,
    parameter,
    state,
)
from semradio.blocks.api.tag import GAP
from semradio.blocks.radio.air_format import (
    FORMATS,
    beyond_full_scale,
    decode,
    looks_like_sc16,
    sample_bytes,
)
from semradio.blocks.radio.radio_port import RadioPort

_POLL_MS = 1

_NAMES = {"cf32": "complex64", "sc16": "sc16"}


@block("zmq_radio_source", category="radio")
class ZmqRadioSource(Source):
    """Receive samples as srsRAN's virtual radio does: from a transmitter that is asked for them.

    Each request is one byte; the answer is any number of raw samples. With ``pattern: sub``
    (srsRAN 4G's ``tx_type=pub``) the transmitter sends unasked; what it sends too fast is lost,
    and nothing on this wire tells. Several addresses are as many channels, whose samples make one
    item of ``complex64[channels]``, aligned by count as srsRAN does. Either side may come up
    first. The stream has no end of its own: state ``items``, or ``quiet``, the time without an
    answer (after the first one) that ends it. Where the transmitter goes and another comes, the
    tag ``gap`` (null: how many samples are missing is not known) marks the place. An idle
    transmitter sends zeros. It hears srsRAN's ``tx_port``, ``zmq_radio_sink`` and GNU Radio's ZMQ
    REP or PUB Sink.

    Results:
        ``items``; ``replies``; ``breaks``, how often the transmitter went.

    Raises:
        ParameterError: an address is malformed.
        StreamError: an answer is not a whole number of samples, has another format, or ZeroMQ
            failed.

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
        "tcp://127.0.0.1:2000", doc="Where the transmitter listens; a list: one for each channel."
    )
    format: str = parameter(
        "cf32", choices=FORMATS, doc="Samples on the wire: cf32, or sc16 with full scale 32767."
    )
    pattern: str = parameter(
        "req", choices=("req", "sub"), doc="Whether to ask for samples, or to listen to them."
    )
    items: int | None = parameter(None, low=0, unit="samples", doc="Samples to give; all if null.")
    quiet: float | None = parameter(
        None, above=0, unit="s", doc="Time without an answer that ends the stream; none if null."
    )

    y = Output(
        "complex64 | complex64[*]", doc="The samples; of all channels, if there are several."
    )

    given: int = state(0, doc="Samples handed on.")
    replies: int = state(0, doc="Answers so far.")
    breaks: int = state(0, doc="How often the transmitter went.")
    heard: float = state(0.0, doc="Clock at the latest answer; 0 before the first.")
    looked: bool = state(False, doc="Whether samples have shown that they are of the format.")

    _ports: Sequence[RadioPort] = ()

    def configure(self) -> None:
        addresses = [self.address] if isinstance(self.address, str) else self.address
        if not addresses:
            raise ParameterError("parameter 'address' must name an address", "address")
        self._addresses = addresses

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        channels = len(self._addresses)
        return {"y": ItemType("complex64", (channels,) if channels > 1 else ())}

    def start(self) -> None:
        self._context = zmq.Context()
        self._held = [np.empty(0, np.complex64) for _ in self._addresses]
        self._ports = []
        for address in self._addresses:
            port = RadioPort(self._context, address, asks=self.pattern == "req")
            self._ports = [*self._ports, port]

    def stop(self) -> None:
        for port in self._ports:
            port.close()
        self._ports = ()
        if hasattr(self, "_context"):
            self._context.term()

    def work(self, n: int, at: int) -> Array | None:
        left = n if self.items is None else min(n, self.items - at)
        for k, held in enumerate(self._held):
            if left > 0 and not len(held):
                self._held[k] = self._receive(k, at)
        count = min(left, *map(len, self._held)) if len(self._held) > 1 else left
        parts = [held[:count] for held in self._held]
        self._held = [held[count:] for held in self._held]
        y = parts[0] if len(parts) == 1 else np.stack(parts, axis=1)
        self.given += len(y)
        if self.given == self.items:
            self.finish()
        return y

    def results(self) -> dict[str, Any]:
        return {"items": self.given, "replies": self.replies, "breaks": self.breaks}

    def _receive(self, channel: int, at: int) -> Array:
        """Return the samples of a channel's next message; none while there is none."""
        port = self._ports[channel]
        breaks = port.breaks
        try:
            raw = port.receive(_POLL_MS)
        except zmq.ZMQError as error:
            raise StreamError(f"ZeroMQ to {port.address}: {error}") from None
        self.breaks += port.breaks - breaks
        if raw is None:
            if self.heard and time.monotonic() - self.heard > (self.quiet or math.inf):
                self.finish()
            return np.empty(0, np.complex64)
        size = sample_bytes(self.format)
        if len(raw) % size:
            raise StreamError(
                f"{port.address} answered with {len(raw)} bytes, which is not a whole number of "
                f"{_NAMES[self.format]} samples ({size} bytes each): check 'format'"
            )
        self.replies += 1
        self.heard = time.monotonic()
        x = decode(raw, self.format)
        if not self.looked and self.format == "cf32":
            if looks_like_sc16(x):
                raise StreamError(
                    f"{port.address} sends no samples of cf32, by their values: set format: sc16 "
                    "if it has tx_format=sc16"
                )
            if (peak := beyond_full_scale(x)) is not None:
                self.note(
                    f"the first samples reach {peak:g}, far beyond full scale 1.0: if the "
                    "transmitter has tx_format=sc16, set format: sc16"
                )
            self.looked = bool(x.any())
        if len(x) and port.broken:
            if at:
                self.tag(GAP, None, at + len(self._held[channel]))
            port.broken = False
        return x
