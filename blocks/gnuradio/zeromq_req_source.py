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

    Raises:
        ParameterError: the address cannot be used.
        StreamError: a message cannot be read.
    """

    def inlet(self) -> Inlet:
        return ReqInlet(
            self.address,
            bind=self.bind,
            hwm=self.hwm,
            item_bytes=self.item.nbytes,
            counts=True,
            ahead=_AHEAD,
            most=max(1, MESSAGE_BYTES // self.item.nbytes),
        )
