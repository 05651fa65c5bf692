"""A stream to GNU Radio's ZMQ REQ Source."""

from __future__ import annotations

from semradio.blocks.api import block
from semradio.blocks.gnuradio.outlet import Outlet, RepOutlet
from semradio.blocks.gnuradio.stream_sink import StreamSink


@block("zeromq_rep_sink", category="gnuradio")
class ZeromqRepSink(StreamSink):
    """Answer requests of GNU Radio's ZMQ REQ Source, or of any REQ socket, with items.

    A request is a number of items (uint32); the answer holds as many at most. While nobody asks,
    the stream waits, up to the sources. If whoever asked has vanished, the next one gets the
    items.

    Results:
        The ``messages`` and ``items`` sent, and the items ``dropped`` because nobody asked for
        them before the end.

    Raises:
        ParameterError: the address cannot be used.
        StreamError: a tag carries what GNU Radio has nothing like.

    Example:
        >>> from threading import Thread
        >>> sink = ZeromqRepSink(address="ipc://link")
        >>> Thread(target=sink, args=[np.complex64([1, 2j])], daemon=True).start()
        >>> ZeromqReqSource(address="ipc://link", items=2)()
        array([1.+0.j, 0.+2.j], dtype=complex64)
    """

    def outlet(self) -> Outlet:
        return RepOutlet(self.address, bind=self.bind, hwm=self.hwm, counts=True)
