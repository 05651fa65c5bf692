"""Messages to GNU Radio's ZMQ PULL Message Source."""

from __future__ import annotations

from semradio.blocks.api import block, parameter
from semradio.blocks.gnuradio.message_sink import MessageSink
from semradio.blocks.gnuradio.outlet import Outlet, PushOutlet


@block("zeromq_push_msg_sink", category="gnuradio")
class ZeromqPushMsgSink(MessageSink):
    """Send packets as PDUs to GNU Radio's ZMQ PULL Message Source, or to any PULL socket.

    A packet is what a tag ``packet_len`` (items) on its first item says, or ``packet_items``. The
    PDU is the pair of its metadata (a dictionary of all other tags on its items, where the later
    of equal keys counts) and its values in one vector. A tag ``message`` is sent before the
    packet, as a message of its own. While no peer has room, the stream waits; with
    ``drop_on_hwm`` messages are dropped instead.

    Results:
        The ``messages`` and ``items`` sent, and the items ``dropped``.

    Raises:
        ParameterError: the address cannot be used.
        StreamError: an item is in no packet, or a tag carries what GNU Radio has nothing like.

    Example:
        >>> from threading import Thread
        >>> sink = ZeromqPushMsgSink(address="ipc://link", packet_items=2)
        >>> Thread(target=sink, args=[np.complex64([1, 2j])], daemon=True).start()
        >>> ZeromqPullMsgSource(address="ipc://link", items=2)()
        array([1.+0.j, 0.+2.j], dtype=complex64)
    """

    drop_on_hwm: bool = parameter(
        False, doc="Whether messages are dropped while no peer has room; otherwise they wait."
    )

    def outlet(self) -> Outlet:
        return PushOutlet(self.address, bind=self.bind, hwm=self.hwm, drop=self.drop_on_hwm)
