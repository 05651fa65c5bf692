"""Messages to GNU Radio's ZMQ SUB Message Source."""

from __future__ import annotations

from semradio.blocks.api import block, parameter
from semradio.blocks.gnuradio.message_sink import MessageSink
from semradio.blocks.gnuradio.outlet import Outlet, PubCaller, PubOutlet


@block("zeromq_pub_msg_sink", category="gnuradio")
class ZeromqPubMsgSink(MessageSink):
    """Send packets as PDUs to GNU Radio's ZMQ SUB Message Source, or to any SUB sockets.

    Packets become PDUs as in ``zeromq_push_msg_sink``. A subscriber whose queue is full misses
    messages, unless ``drop_on_hwm`` is false: then the stream waits for the slowest.

    Results:
        The ``messages`` and ``items`` sent, and the items ``dropped``: those that nobody had
        subscribed to, and those that a subscriber with a full queue missed, for each subscriber.
        So what a subscriber gets and what it misses are together what was sent since it came.

    Raises:
        ParameterError: the address cannot be used.
        StreamError: an item is in no packet, or a tag carries what GNU Radio has nothing like.

    Example:
        >>> from threading import Thread
        >>> sink = ZeromqPubMsgSink(address="ipc://link", subscribers=1, packet_items=2)
        >>> Thread(target=sink, args=[np.complex64([1, 2j])], daemon=True).start()
        >>> ZeromqSubMsgSource(address="ipc://link", items=2)()
        array([1.+0.j, 0.+2.j], dtype=complex64)
    """

    drop_on_hwm: bool = parameter(
        True, doc="Whether a subscriber whose queue is full misses messages; otherwise all wait."
    )
    subscribers: int = parameter(
        0, low=0, doc="Subscriptions to wait for before the first message is sent."
    )

    def outlet(self) -> Outlet:
        make = PubOutlet if self.bind else PubCaller
        return make(
            self.address,
            hwm=self.hwm,
            wait_for=self.subscribers,
            drop=self.drop_on_hwm,
        )
