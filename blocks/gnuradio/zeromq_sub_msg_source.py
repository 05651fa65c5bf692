"""Messages from GNU Radio's ZMQ PUB Message Sink."""

from __future__ import annotations

from semradio.blocks.api import block
from semradio.blocks.gnuradio.inlet import Inlet, SubInlet
from semradio.blocks.gnuradio.message_source import MessageSource


@block("zeromq_sub_msg_source", category="gnuradio")
class ZeromqSubMsgSource(MessageSource):
    """Give the PDUs that GNU Radio's ZMQ PUB Message Sink, or any PUB socket, sends.

    PDUs become packets as in ``zeromq_pull_msg_source``, and so do the parameters and the results
    agree. What is sent before the sender knows of the subscriber is lost, and so is what finds the
    queue full; nothing in the messages tells.

    Raises:
        ParameterError: the address cannot be used.
        StreamError: a message cannot be read, or holds another type.
    """

    def inlet(self) -> Inlet:
        return SubInlet(self.address, bind=self.bind, hwm=self.hwm)
