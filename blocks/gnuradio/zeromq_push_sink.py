"""A stream to GNU Radio's ZMQ PULL Source."""

from __future__ import annotations

from semradio.blocks.api import block, parameter
from semradio.blocks.gnuradio.outlet import Outlet, PushOutlet
from semradio.blocks.gnuradio.stream_sink import StreamSink


@block("zeromq_push_sink", category="gnuradio")
class ZeromqPushSink(StreamSink):
    """Send items to GNU Radio's ZMQ PULL Source, or to any PULL socket.

    Each message goes to one peer. While no peer has room for it (none is there, or none reads),
    the stream waits, up to the sources; with ``drop_on_hwm`` the items are dropped instead. Items
    that were sent to a peer and not read when it vanished are lost with it; with ``pass_tags``
    the receiver sees the gap.

    Results:
        The ``messages`` and ``items`` sent, and the items ``dropped``.

    Raises:
        ParameterError: the address cannot be used.
        StreamError: a tag carries what GNU Radio has nothing like.

    Example:
        >>> from threading import Thread
        >>> sink = ZeromqPushSink(address="ipc://link")
        >>> Thread(target=sink, args=[np.complex64([1, 2j])], daemon=True).start()
        >>> ZeromqPullSource(address="ipc://link", items=2)()
        array([1.+0.j, 0.+2.j], dtype=complex64)
    """

    drop_on_hwm: bool = parameter(
        False, doc="Whether items are dropped while no peer has room; otherwise the stream waits."
    )

    def outlet(self) -> Outlet:
        return PushOutlet(self.address, bind=self.bind, hwm=self.hwm, drop=self.drop_on_hwm)
