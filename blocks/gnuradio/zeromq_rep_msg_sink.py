"""Messages to GNU Radio's ZMQ REQ Message Source."""

from __future__ import annotations

from semradio.blocks.api import block
from semradio.blocks.gnuradio.message_sink import MessageSink
from semradio.blocks.gnuradio.outlet import Outlet, RepOutlet


@block("zeromq_rep_msg_sink", category="gnuradio")
class ZeromqRepMsgSink(MessageSink):
    """Answer each request of GNU Radio's ZMQ REQ Message Source with a packet as a PDU.

    Packets become PDUs as in ``zeromq_push_msg_sink``. While nobody asks, the stream waits. If
    whoever asked has vanished, the next one gets the message.

    Results:
        The ``messages`` and ``items`` sent, and the items ``dropped`` because nobody asked for
        them before the end.

    Raises:
        ParameterError: the address cannot be used.
        StreamError: an item is in no packet, or a tag carries what GNU Radio has nothing like.

    Example:
        >>> from threading import Thread
        >>> sink = ZeromqRepMsgSink(address="ipc://link", packet_items=2)
        >>> Thread(target=sink, args=[np.complex64([1, 2j])], daemon=True).start()
        >>> ZeromqReqMsgSource(address="ipc://link", items=2)()
        array([1.+0.j, 0.+2.j], dtype=complex64)
    """

    def outlet(self) -> Outlet:
        return RepOutlet(self.address, bind=self.bind, hwm=self.hwm, counts=False)
