"""Messages from GNU Radio's ZMQ REP Message Sink."""

from __future__ import annotations

from semradio.blocks.api import block
from semradio.blocks.gnuradio.inlet import Inlet, ReqInlet
from semradio.blocks.gnuradio.message_source import MessageSource


@block("zeromq_req_msg_source", category="gnuradio")
class ZeromqReqMsgSource(MessageSource):
    """Ask GNU Radio's ZMQ REP Message Sink, or any REP socket, for PDUs, one at a time.

    PDUs become packets as in ``zeromq_pull_msg_source``, and so do the parameters and the results
    agree. If the peer vanishes with a request, it asks again.

    Results:
        Those of ``zeromq_pull_msg_source``.

    Raises:
        ParameterError: the address cannot be used.
        StreamError: a message cannot be read, or holds another type.

    Example:
        >>> from threading import Thread
        >>> sink = ZeromqRepMsgSink(address="ipc://link", packet_items=2)
        >>> Thread(target=sink, args=[np.complex64([1, 2j])], daemon=True).start()
        >>> ZeromqReqMsgSource(address="ipc://link", items=2)()
        array([1.+0.j, 0.+2.j], dtype=complex64)
    """

    def inlet(self) -> Inlet:
        # Asking ahead would take messages that nobody may want any more.
        return ReqInlet(
            self.address,
            bind=self.bind,
            hwm=self.hwm,
            longest=self.max_message,
            counts=False,
            ahead=1,
        )
