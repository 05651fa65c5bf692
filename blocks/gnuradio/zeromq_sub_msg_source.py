"""Messages from GNU Radio's ZMQ PUB Message Sink."""

from __future__ import annotations

from semradio.blocks.api import block
from semradio.blocks.gnuradio.inlet import Inlet, SubInlet
from semradio.blocks.gnuradio.message_source import MessageSource


@block("zeromq_sub_msg_source", category="gnuradio")
class ZeromqSubMsgSource(MessageSource):
    """Give the PDUs that GNU Radio's ZMQ PUB Message Sink, or any PUB socket, sends.

    PDUs become packets as in ``zeromq_pull_msg_source``, and so do the parameters and the results
    agree. What is sent before the sender knows of the subscriber is lost, and so is what finds
    the queue full; nothing in the messages tells.

    Results:
        Those of ``zeromq_pull_msg_source``.

    Raises:
        ParameterError: the address cannot be used.
        StreamError: a message cannot be read, or holds another type.

    Example:
        >>> from threading import Thread
        >>> sink = ZeromqPubMsgSink(address="ipc://link", subscribers=1, packet_items=2)
        >>> Thread(target=sink, args=[np.complex64([1, 2j])], daemon=True).start()
        >>> ZeromqSubMsgSource(address="ipc://link", items=2)()
        array([1.+0.j, 0.+2.j], dtype=complex64)
    """

    def inlet(self) -> Inlet:
        return SubInlet(self.address, bind=self.bind, hwm=self.hwm, longest=self.max_message)
