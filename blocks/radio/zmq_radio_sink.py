"""The transmitting end of a virtual radio."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import zmq

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
from semradio.blocks.radio.rep_server import RepServer

_LINGER_MS = 1000
"""How long the last reply may take to leave."""

_AHEAD = 4
"""Replies' worth of samples that wait here to be fetched."""


@block("zmq_radio_sink", category="radio")
class ZmqRadioSink(Sink):
    """Send samples as srsRAN's virtual radio does: a ZeroMQ REP socket that others ask.

    Any request is answered by the samples that wait, at least one and at most ``samples``, as raw
    complex64. A receiver counts time in samples, so while nothing comes in it is sent zeros, after
    ``idle`` seconds of silence; where these fall depends on the clock. With ``idle: null`` a
    request waits for samples instead, and the receiver gets exactly the stream. Nothing is lost
    as long as one receiver asks: the stream waits for its requests. srsRAN connects to it with
    ``rx_port=tcp://localhost:2000``; GNU Radio's ZMQ REQ Source works too.

    At the end the last samples wait ``linger`` seconds to be fetched.

    Results: ``items``; ``sent``, samples fetched; ``unsent``; ``zeros``, samples of silence;
    ``replies``.

    Raises:
        ParameterError: the address cannot be bound.
        StreamError: ZeroMQ failed.

    Source: srsRAN 4G and srsRAN Project, ZeroMQ radio.
    """

    address: str = parameter(
        "tcp://127.0.0.1:2000", doc="Where to listen; tcp://*:2000 for other computers."
    )
    samples: int = parameter(
        23_040, low=1, high=614_400, unit="samples", doc="The most that one reply carries."
    )
    idle: float | None = parameter(
        0.05, low=0, unit="s", doc="Silence after which zeros are sent; never if null."
    )
    linger: float = parameter(
        5.0, low=0, high=3600, unit="s", doc="How long the end waits for a receiver that is silent."
    )

    x = Input("complex64", doc="Samples to send.")

    items: int = state(0, doc="Samples taken.")
    sent: int = state(0, doc="Samples fetched by the receiver.")
    zeros: int = state(0, doc="Zeros sent.")
    replies: int = state(0, doc="Answers given.")

    _server: RepServer | None = None

    def start(self) -> None:
        self._context = zmq.Context()
        socket = self._context.socket(zmq.REP)
        try:
            socket.bind(self.address)
        except zmq.ZMQError as error:
            socket.close(0)
            raise ParameterError(
                f"parameter 'address': cannot listen on {self.address}: {error.strerror or error}",
                "address",
            ) from None
        self._server = RepServer(socket, self.samples, self.idle)
        self._server.start()

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.end()
            server.join()
            server.socket.close(_LINGER_MS)
        if hasattr(self, "_context"):
            self._context.term()

    def ready(self, items: int, ended: bool) -> int:
        server = self._server
        if server is None or server.failure is not None:
            return items
        return min(items, _AHEAD * self.samples - server.waiting)

    def work(self, x: Array, at: int) -> None:
        server = self._server
        assert server is not None  # between start() and stop()
        server.put(np.ascontiguousarray(x))
        self.items += len(x)
        self._look(server)

    def flush(self) -> None:
        server = self._server
        if server is None:
            return
        fetched, since = server.replies, time.monotonic()
        while server.busy and time.monotonic() - since < self.linger:
            time.sleep(0.001)
            if server.replies != fetched:
                fetched, since = server.replies, time.monotonic()
        server.end()
        server.join()
        self._look(server)
        if self.sent != self.items:
            self.note(f"{self.items - self.sent} samples were not fetched by any receiver")

    def results(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "sent": self.sent,
            "unsent": self.items - self.sent,
            "zeros": self.zeros,
            "replies": self.replies,
        }

    def _look(self, server: RepServer) -> None:
        """Take over what the serving thread has counted; StreamError if it failed."""
        self.sent, self.zeros, self.replies = server.sent, server.zeros, server.replies
        if server.failure is not None:
            raise StreamError(f"ZeroMQ on {self.address}: {server.failure}")
