"""What both ends of a TCP connection have in common."""

from __future__ import annotations

from semradio.blocks.api import Block
from semradio.blocks.endpoint import exposure
from semradio.blocks.radio.stream_socket import StreamSocket, host_and_port


class TcpBlock(Block):
    """Base of blocks with a connection, which they make or wait for."""

    address: str
    bind: bool
    timeout: float

    _link: StreamSocket | None = None

    @property
    def endpoint(self) -> int:
        """The port that it listens at, where ``address`` leaves it open."""
        return self._number if self._link is None else self._link.port

    def configure(self) -> None:
        self._host, self._number = host_and_port(self.address)

    def start(self) -> None:
        self._link = StreamSocket(self._host, self._number, listens=self.bind, timeout=self.timeout)
        if self.bind and (text := exposure(f"tcp://[{self._host}]:{self._link.port}", self._host)):
            self.note(text)

    def stop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()
