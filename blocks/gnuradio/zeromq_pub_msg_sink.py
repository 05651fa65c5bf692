"""Messages to GNU Radio's ZMQ SUB Message Source."""

from __future__ import annotations

from semradio.blocks.api import block, parameter
from semradio.blocks.gnuradio.message_sink import MessageSink
from semradio.blocks.gnuradio.outlet import Outlet, PubOutlet


@block("zeromq_pub_msg_sink", category="gnuradio")
class ZeromqPubMsgSink(MessageSink):
    """Send packets as PDUs to GNU Radio's ZMQ SUB Message Source, or to any SUB sockets.

    Packets become PDUs as in ``zeromq_push_msg_sink``. A subscriber whose queue is full misses
    messages, unless ``drop_on_hwm`` is false: then the stream waits for the slowest.

    Results: the ``messages`` and ``items`` sent, and the items ``dropped``: that nobody had
    subscribed to, or that a subscriber with a full queue missed.

    Raises:
        ParameterError: the address cannot be used.
        StreamError: an item is in no packet, or a tag carries what GNU Radio has nothing like.
    """

    drop_on_hwm: bool = parameter(
        True, doc="Whether a subscriber whose queue is full misses messages; otherwise all wait."
    )
    subscribers: int = parameter(
        0, low=0, doc="Subscriptions to wait for before the first message is sent."
    )

    def outlet(self) -> Outlet:
        return PubOutlet(
            self.address,
            bind=self.bind,
            hwm=self.hwm,
            wait_for=self.subscribers,
            drop=self.drop_on_hwm,
        )
