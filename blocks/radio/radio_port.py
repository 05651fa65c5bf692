"""The socket by which a virtual radio hears one transmitter."""

from __future__ import annotations

from typing import Any

import zmq

from semradio.blocks.api import ParameterError

_REQUEST = b"\xff"
"""One byte, as srsRAN sends it; its value means nothing."""

_MOST_BYTES = 1 << 25
"""The longest message; srsRAN's longest has 3,072,000 samples."""


class RadioPort:
    """A socket that asks a transmitter (REQ), or listens to it (SUB).

    Args:
        context: of all sockets of the radio. address: where the transmitter listens.
        asks: whether it asks; otherwise it listens.

    Raises:
        ParameterError: the address is malformed.
    """

    def __init__(self, context: zmq.Context[Any], address: str, *, asks: bool) -> None:
        self.address = address
        self.breaks = 0
        """How often the transmitter went."""
        self.broken = False
        """Whether it has gone since the latest message."""
        self._gone = False
        """Whether it is known to have gone, while there is still something of it to read."""
        self._context = context
        self._asks = asks
        self._open()

    def receive(self, wait_ms: int) -> bytes | None:
        """Return the next message, and ask for the one after; None if there is none in time."""
        socket = self._socket
        if not socket.poll(wait_ms):
            if self._monitor.poll(0):
                self._monitor.recv_multipart()
                self._gone = True
            # What the transmitter sent last comes before the news that it went.
            if not (self._gone and socket.poll(0)):
                if self._gone:
                    self._begin_anew()
                return None
        raw: bytes = socket.recv()
        if self._asks and not self._gone:
            socket.send(_REQUEST)
        return raw

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.disable_monitor()
        self._monitor.close(0)
        self._socket.close(0)

    def _open(self) -> None:
        self._socket = socket = self._context.socket(zmq.REQ if self._asks else zmq.SUB)
        socket.setsockopt(zmq.MAXMSGSIZE, _MOST_BYTES)
        self._monitor = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        if not self._asks:
            socket.setsockopt(zmq.SUBSCRIBE, b"")
        try:
            socket.connect(self.address)
        except zmq.ZMQError as error:
            self.close()
            raise ParameterError(
                f"parameter 'address': cannot connect to {self.address}: {error.strerror or error}",
                "address",
            ) from None
        if self._asks:
            socket.send(_REQUEST)

    def _begin_anew(self) -> None:
        """Replace the socket: one that asked a transmitter that went would wait for ever."""
        self.close()
        # One that dies may be reached once more on its way: it has gone once all the same.
        self.breaks += not self.broken
        self.broken, self._gone = True, False
        self._open()
