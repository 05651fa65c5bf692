"""Messages from GNU Radio's ZMQ PUSH Message Sink."""

from __future__ import annotations

from semradio.blocks.api import block
from semradio.blocks.gnuradio.inlet import Inlet, PullInlet
from semradio.blocks.gnuradio.message_source import MessageSource


@block("zeromq_pull_msg_source", category="gnuradio")
class ZeromqPullMsgSource(MessageSource):
    """Give the PDUs that GNU Radio's ZMQ PUSH Message Sink, or any PUSH socket, sends.

    Each PDU becomes a packet: its values, which must be of ``type``, are items, and its first
    item carries a tag ``packet_len`` (items) and one for each entry of the metadata; metadata
    that are no dictionary are one tag ``metadata``. Any other message (a dictionary, a symbol, a
    number, a PDU without values) is a command: a tag ``message`` on the next packet's first item,
    or, with ``command_items``, at once on an item of zeros. End by ``items``, ``end_tag`` or
    ``idle_s``: GNU Radio tells no end.

    Results:
        The ``messages`` and ``items`` received, the ``malformed`` messages, the ``commands``
        among them, and those of these that were ``dropped`` because no packet followed.

    Raises:
        ParameterError: the address cannot be used.
        StreamError: a message cannot be read, or holds another type.

    Example:
        >>> from threading import Thread
        >>> sink = ZeromqPushMsgSink(address="ipc://link", packet_items=2)
        >>> Thread(target=sink, args=[np.complex64([1, 2j])], daemon=True).start()
        >>> ZeromqPullMsgSource(address="ipc://link", items=2)()
        array([1.+0.j, 0.+2.j], dtype=complex64)
    """

    def inlet(self) -> Inlet:
        return PullInlet(self.address, bind=self.bind, hwm=self.hwm, longest=self.max_message)
