"""The receiving end of a virtual radio."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import zmq

from semradio.blocks.api import (
    Array,
    Output,
    ParameterError,
    Source,
    StreamError,
    block,
    parameter,
    state,
)
from semradio.blocks.api.tag import GAP

_REQUEST = b"\xff"
"""One byte, as srsRAN sends it; its value means nothing."""

_POLL_MS = 1

_MOST_BYTES = 1 << 25
"""The longest reply; srsRAN's longest has 3,072,000 samples."""


@block("zmq_radio_source", category="radio")
class ZmqRadioSource(Source):
    """Receive samples as srsRAN's virtual radio does: a ZeroMQ REQ socket that asks a transmitter.

    Each request is one byte; the answer is any number of raw complex64 samples. Either side may
    come up first. The stream has no end of its own: state ``items``, or ``quiet``, the time
    without an answer (after the first one) that ends it. Where the transmitter goes and another
    comes, the tag ``gap`` (null: how many samples are missing is not known) marks the place. An
    idle transmitter sends zeros. It listens to srsRAN's ``tx_port``, to ``zmq_radio_sink`` and to
    GNU Radio's ZMQ REP Sink.

    Results: ``items``; ``replies``; ``breaks``, how often the transmitter went.

    Raises:
        ParameterError: the address is malformed.
        StreamError: an answer is not a whole number of samples, or ZeroMQ failed.

    Source: srsRAN 4G and srsRAN Project, ZeroMQ radio.
    """

    address: str = parameter("tcp://127.0.0.1:2000", doc="Where the transmitter listens.")
    items: int | None = parameter(None, low=0, unit="samples", doc="Samples to give; all if null.")
    quiet: float | None = parameter(
        None, above=0, unit="s", doc="Time without an answer that ends the stream; none if null."
    )

    y = Output("complex64", doc="The samples.")

    given: int = state(0, doc="Samples handed on.")
    replies: int = state(0, doc="Answers so far.")
    breaks: int = state(0, doc="How often the transmitter went.")

    _socket: zmq.Socket[bytes] | None = None

    def start(self) -> None:
        self._context = zmq.Context()
        self._held = np.empty(0, np.complex64)
        self._broken = False
        self._heard = 0.0
        self._open()

    def stop(self) -> None:
        self._close()
        if hasattr(self, "_context"):
            self._context.term()

    def work(self, n: int, at: int) -> Array | None:
        left = n if self.items is None else min(n, self.items - at)
        if left > 0 and not len(self._held):
            try:
                found = self._receive()
            except zmq.ZMQError as error:
                raise StreamError(f"ZeroMQ to {self.address}: {error}") from None
            if found is None:
                return None
            self._held = found
            if self._broken and at:
                self.tag(GAP, None, at)
            self._broken = False
        y, self._held = self._held[:left], self._held[left:]
        self.given += len(y)
        if self.given == self.items:
            self.finish()
        return y

    def results(self) -> dict[str, Any]:
        return {"items": self.given, "replies": self.replies, "breaks": self.breaks}

    def _open(self) -> None:
        self._socket = socket = self._context.socket(zmq.REQ)
        socket.setsockopt(zmq.MAXMSGSIZE, _MOST_BYTES)
        self._monitor = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        try:
            socket.connect(self.address)
        except zmq.ZMQError as error:
            raise ParameterError(
                f"parameter 'address': cannot connect to {self.address}: {error.strerror or error}",
                "address",
            ) from None
        socket.send(_REQUEST)

    def _close(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.disable_monitor()
            self._monitor.close(0)
            socket.close(0)

    def _receive(self) -> Array | None:
        """Return the samples of an answer, and ask for the next; None while there is none."""
        socket = self._socket
        assert socket is not None  # between start() and stop()
        if not socket.poll(_POLL_MS):
            gone = self._monitor.poll(0) and self._monitor.recv_multipart()
            # What the transmitter sent last comes before the news that it went.
            if not (gone and socket.poll(0)):
                if gone:
                    self._ask_anew()
                if self._heard and time.monotonic() - self._heard > (self.quiet or math.inf):
                    self.finish()
                return None
        raw = socket.recv()
        if len(raw) % 8:
            raise StreamError(
                f"{self.address} answered with {len(raw)} bytes, which is not a whole number of "
                "complex64 samples (8 bytes each)"
            )
        socket.send(_REQUEST)
        self.replies += 1
        self._heard = time.monotonic()
        return np.frombuffer(raw, np.complex64) if raw else None

    def _ask_anew(self) -> None:
        """Replace the socket: one that asked a transmitter that went would wait for ever."""
        self._close()
        self.breaks += 1
        self._broken = True
        self._open()
