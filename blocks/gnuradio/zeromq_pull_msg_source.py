"""Messages from GNU Radio's ZMQ PUSH Message Sink."""

from __future__ import annotations

from semradio.blocks.api import block
from semradio.blocks.gnuradio.inlet import Inlet, PullInlet
from semradio.blocks.gnuradio.message_source import MessageSource


@block("zeromq_pull_msg_source", category="gnuradio")
class ZeromqPullMsgSource(MessageSource):
    """Give the PDUs that GNU Radio's ZMQ PUSH Message Sink, or any PUSH socket, sends.

    Each PDU becomes a packet: its values, which must be of ``type``, are items, and its first item
    carries a tag ``packet_len`` (items) and one for each entry of the metadata. Any other message
    (a dictionary, a symbol, a number, a PDU without values) is a tag ``message`` on the next
    packet's first item. End by ``items``, ``end_tag`` or ``idle_s``: GNU Radio tells no end.

    Results: the ``messages`` and ``items`` received, the ``malformed`` messages, and those
    ``dropped`` for want of an item to sit on.

    Raises:
        ParameterError: the address cannot be used.
        StreamError: a message cannot be read, or holds another type.
    """

    def inlet(self) -> Inlet:
        return PullInlet(self.address, bind=self.bind, hwm=self.hwm)
