"""One channel of a virtual radio's transmitter: a socket, and the samples on their way out."""

from __future__ import annotations

import time

import zmq

from semradio.blocks.api import Array, ParameterError
from semradio.blocks.gnuradio.outlet import PubOutlet
from semradio.blocks.gnuradio.sending import Sending
from semradio.blocks.radio.air_format import encode
from semradio.blocks.radio.rep_server import RepServer

_LINGER_MS = 1000
"""How long the last reply may take to leave."""

_AHEAD = 4
"""Messages' worth of samples that wait here to be fetched."""


class RepChannel:
    """Gives samples when asked: a REP socket, served by a thread.

    Raises:
        ParameterError: the address cannot be bound.
    """

    def __init__(
        self, address: str, most: int, idle: float | None, form: str, patience: float | None
    ) -> None:
        self.address = address
        self._most = most
        self._patience = patience
        self._context = zmq.Context()
        socket = self._context.socket(zmq.REP)
        try:
            socket.bind(address)
        except zmq.ZMQError as error:
            socket.close(0)
            self._context.term()
            raise ParameterError(
                f"parameter 'address': cannot listen on {address}: {error.strerror or error}",
                "address",
            ) from None
        self._server = RepServer(socket, most, idle, form)
        self._server.start()

    def room(self, stopping: bool) -> int:
        """Samples that may come now; any number after a failure, which is told then."""
        server = self._server
        if server.failure is not None:
            return self._most
        room = _AHEAD * self._most - server.waiting
        if room <= 0 and self._patience is not None and server.silence > self._patience:
            server.discard()
            room = _AHEAD * self._most
        return room

    def put(self, x: Array) -> None:
        """Queue samples, complex64[n]."""
        self._server.put(x)

    def finish(self, linger: float) -> None:
        """Let the receiver fetch what waits, as long as it asks within ``linger`` seconds."""
        server = self._server
        fetched, since = server.replies, time.monotonic()
        while server.busy and time.monotonic() - since < linger:
            time.sleep(0.001)
            if server.replies != fetched:
                fetched, since = server.replies, time.monotonic()
        server.end()
        server.join()

    def close(self) -> None:
        """Let go of the socket."""
        self._server.end()
        self._server.join()
        self._server.socket.close(_LINGER_MS)
        self._context.term()

    @property
    def sent(self) -> int:
        """Samples fetched."""
        return self._server.sent

    @property
    def zeros(self) -> int:
        """Zeros sent."""
        return self._server.zeros

    @property
    def replies(self) -> int:
        """Messages sent."""
        return self._server.replies

    @property
    def clipped(self) -> int:
        """Samples beyond full scale."""
        return self._server.clipped

    @property
    def failure(self) -> Exception | None:
        """Why it serves no more."""
        return self._server.failure


class PubChannel:
    """Sends samples unasked to all who listen, and waits for the slowest: a PUB socket.

    Raises:
        ParameterError: the address cannot be bound.
    """

    failure: Exception | None = None
    zeros = 0

    def __init__(self, address: str, most: int, form: str, linger: float) -> None:
        self.address = address
        self.clipped = 0
        self._most = most
        self._format = form
        outlet = PubOutlet(address, hwm=_AHEAD, wait_for=1, drop=False)
        self._sending = Sending(outlet, linger)
        self._complete = False

    def room(self, stopping: bool) -> int:
        """Samples that may come now."""
        return min(self._most, self._sending.room(stopping))

    def put(self, x: Array) -> None:
        """Send samples, complex64[n], now or when there is room."""
        raw, clipped = encode(x, self._format)
        self.clipped += clipped
        self._sending.put(raw, len(x))

    def finish(self, linger: float) -> None:
        """Send what waits; whatever is not taken within ``linger`` seconds is dropped."""
        self._sending.finish()
        self._complete = True

    def close(self) -> None:
        """Let go of the socket."""
        self._sending.close(patient=self._complete)

    @property
    def sent(self) -> int:
        """Samples that all receivers were sent."""
        return self._sending.items

    @property
    def replies(self) -> int:
        """Messages sent."""
        return self._sending.messages
