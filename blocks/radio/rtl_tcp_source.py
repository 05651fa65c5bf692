"""Samples from rtl_tcp, the server of RTL-SDR receivers."""

from __future__ import annotations

import socket
import struct
import time
from typing import Any

import numpy as np

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
from semradio.blocks.radio.iq_format import FORMATS
from semradio.blocks.radio.radio_tags import RX_FREQ, RX_RATE
from semradio.blocks.radio.signal_level import SignalLevel
from semradio.blocks.radio.stream_socket import host_and_port

_COMMAND = struct.Struct(">BI")
_GREETING = struct.Struct(">4sII")
_FREQUENCY, _RATE, _GAIN_MODE, _GAIN, _CORRECTION = 1, 2, 3, 4, 5
_TUNERS = {1: "E4000", 2: "FC0012", 3: "FC0013", 4: "FC2580", 5: "R820T", 6: "R828D"}
_MOST_BYTES = 1 << 18


@block("rtl_tcp_source", category="radio")
class RtlTcpSource(Source):
    """Give the samples of an RTL-SDR receiver that ``rtl_tcp`` serves; full scale is 1.0 per rail.

    The bytes of the receiver are (v - 127.5) / 127.5. The first sample, and the one that follows
    a change of ``frequency`` or ``rate``, carries ``rx_rate`` and ``rx_freq``; samples that were
    on their way when a change was asked for come after it, and nothing in the stream tells how
    many. The server throws samples away when nobody fetches them in time, and does not tell
    either. The stream ends when the server closes the connection.

    Results:
        ``items``; ``tuner``; ``level_dbfs``, ``peak_dbfs`` and ``clipped``.

    Raises:
        ParameterError: nobody listens at the address.
        StreamError: who answers is no rtl_tcp, or gives nothing for ``timeout``.

    Example:
        >>> import socket
        >>> from threading import Thread
        >>> server = socket.create_server(("127.0.0.1", 47510))
        >>> def serve():
        ...     peer, _ = server.accept()
        ...     with peer:
        ...         peer.sendall(b"RTL0" + bytes([0, 0, 0, 5, 0, 0, 0, 29]))
        ...         peer.sendall(bytes([255, 0, 0, 255]))
        ...         while peer.recv(64):
        ...             pass
        ...
        >>> Thread(target=serve, daemon=True).start()
        >>> RtlTcpSource(address="127.0.0.1:47510", frequency=100e6, items=2)()
        array([ 1.-1.j, -1.+1.j], dtype=complex64)
        >>> server.close()

    Source:
        rtl-sdr, rtl_tcp.c.
    """

    address: str = parameter("127.0.0.1:1234", doc="Where rtl_tcp listens.")
    rate: float = parameter(2.4e6, unit="samples/s", above=0, high=4e6, live=True, doc="Rate.")
    frequency: float = parameter(
        unit="Hz", low=0, high=4_294_967_295, live=True, doc="Centre frequency."
    )
    gain: float | None = parameter(
        None, unit="dB", low=-100, high=100, live=True, doc="Gain; automatic if not given."
    )
    correction: int = parameter(0, unit="ppm", low=-1000, high=1000, doc="Correction of its clock.")
    items: int | None = parameter(
        None, low=0, unit="items", doc="End after so many; never if null."
    )
    timeout: float = parameter(
        5.0, unit="s", above=0, high=3600, doc="How long the server may give nothing."
    )

    y = Output("complex64", doc="The received samples.")

    given: int = state(0, doc="Samples handed on.")
    tuner: str = state("", doc="Kind of the tuner, as the server says.")
    greeting: bytes = state(b"", doc="What came of the server's greeting.")
    odd: bytes = state(b"", doc="The first byte of a sample whose second has not come.")
    level: SignalLevel = state(factory=SignalLevel, doc="Strength of the samples.")

    _socket: socket.socket | None = None

    def configure(self) -> None:
        self._host, self._number = host_and_port(self.address)

    def start(self) -> None:
        try:
            self._socket = socket.create_connection((self._host, self._number), self.timeout)
        except OSError as error:
            raise ParameterError(
                f"no rtl_tcp at {self.address}: {error.strerror or error}", "address"
            ) from None
        self._socket.setblocking(False)
        self._heard = time.monotonic()
        self._tell(_RATE, round(self.rate))
        self._tell(_FREQUENCY, round(self.frequency))
        self._tell(_CORRECTION, self.correction & 0xFFFFFFFF)
        self._tell_gain()

    def on_start(self) -> None:
        self.tag(RX_RATE, self.rate, 0)
        self.tag(RX_FREQ, self.frequency, 0)

    def changed(self, name: str, at: int) -> None:
        if name == "rate":
            self._tell(_RATE, round(self.rate))
            self.tag(RX_RATE, self.rate, at)
        elif name == "frequency":
            self._tell(_FREQUENCY, round(self.frequency))
            self.tag(RX_FREQ, self.frequency, at)
        elif name == "gain":
            self._tell_gain()

    def stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def work(self, n: int, at: int) -> Array | None:
        left = n if self.items is None else min(n, self.items - at)
        if left <= 0:
            self.finish()
            return None
        raw = self._receive(2 * left)
        if raw is None:
            return None
        whole = len(raw) - len(raw) % 2
        self.odd = raw[whole:]
        y = FORMATS["cu8"].decode(np.frombuffer(raw, np.uint8, whole))
        self.level.add(y)
        self.given += len(y)
        if self.given == self.items:
            self.finish()
        return y

    def results(self) -> dict[str, Any]:
        return {"items": self.given, "tuner": self.tuner, **self.level.results()}

    def _receive(self, most: int) -> bytes | None:
        """Return bytes of samples, at most ``most``; None while there are none."""
        assert self._socket is not None  # between start() and stop()
        head = _GREETING.size - len(self.greeting)
        try:
            raw = self._socket.recv(head or min(most - len(self.odd), _MOST_BYTES))
        except BlockingIOError:
            if time.monotonic() - self._heard > self.timeout:
                raise StreamError(
                    f"rtl_tcp at {self.address} has given nothing for {self.timeout:g} s"
                ) from None
            return None
        except OSError as error:
            raise StreamError(f"rtl_tcp at {self.address}: {error.strerror}") from None
        if not raw:
            self.note(f"rtl_tcp at {self.address} has closed the connection")
            self.finish()
            return None
        self._heard = time.monotonic()
        if head:
            self.greeting += raw
            self._greet()
            return None
        return self.odd + raw

    def _greet(self) -> None:
        if len(self.greeting) < _GREETING.size:
            return
        magic, tuner, _ = _GREETING.unpack(self.greeting)
        if magic != b"RTL0":
            raise StreamError(f"who answers at {self.address} is no rtl_tcp")
        self.tuner = _TUNERS.get(tuner, f"unknown ({tuner})")

    def _tell_gain(self) -> None:
        self._tell(_GAIN_MODE, int(self.gain is not None))
        if self.gain is not None:
            self._tell(_GAIN, round(10 * self.gain) & 0xFFFFFFFF)

    def _tell(self, command: int, value: int) -> None:
        assert self._socket is not None  # between start() and stop()
        try:
            self._socket.sendall(_COMMAND.pack(command, value))
        except OSError as error:
            raise StreamError(f"rtl_tcp at {self.address}: {error.strerror}") from None
