"""A stream from GNU Radio's ZMQ REP Sink."""

from __future__ import annotations

from semradio.blocks.api import block
from semradio.blocks.gnuradio.inlet import Inlet, ReqInlet
from semradio.blocks.gnuradio.stream_sink import MESSAGE_BYTES
from semradio.blocks.gnuradio.stream_source import StreamSource

_AHEAD = 4
"""Requests under way, so that the peer need not wait for the next one."""


@block("zeromq_req_source", category="gnuradio")
class ZeromqReqSource(StreamSource):
    """Ask GNU Radio's ZMQ REP Sink, or any REP socket, for items and give them.

    It asks only for what it can use: with ``items`` for no more than those in all. If the peer
    vanishes with a request, it asks again. The parameters and the results are those of
    ``zeromq_pull_source``.

    Results:
        Those of ``zeromq_pull_source``.

    Raises:
        ParameterError: the address cannot be used.
        StreamError: a message cannot be read.

    Example:
        >>> from threading import Thread
        >>> sink = ZeromqRepSink(address="ipc://link")
        >>> Thread(target=sink, args=[np.complex64([1, 2j])], daemon=True).start()
        >>> ZeromqReqSource(address="ipc://link", items=2)()
        array([1.+0.j, 0.+2.j], dtype=complex64)
    """

    def inlet(self) -> Inlet:
        return ReqInlet(
            self.address,
            bind=self.bind,
            hwm=self.hwm,
            longest=self.max_message,
            item_bytes=self.item.nbytes,
            counts=True,
            ahead=_AHEAD,
            most=max(1, MESSAGE_BYTES // self.item.nbytes),
        )
