"""A stream from GNU Radio's ZMQ PUB Sink."""

from __future__ import annotations

from semradio.blocks.api import block, parameter
from semradio.blocks.gnuradio.inlet import Inlet, SubInlet
from semradio.blocks.gnuradio.stream_source import StreamSource


@block("zeromq_sub_source", category="gnuradio")
class ZeromqSubSource(StreamSource):
    """Give the items that GNU Radio's ZMQ PUB Sink, or any PUB socket, sends.

    What a PUB sink sends before it knows of a subscriber is lost, and so is what finds the
    subscriber's queue full. Only with ``pass_tags`` can the loss be seen: each gap leaves a tag
    ``gap`` with the number of items lost. The other parameters and the results are those of
    ``zeromq_pull_source``.

    Results:
        Those of ``zeromq_pull_source``.

    Raises:
        ParameterError: the address cannot be used.
        StreamError: a message cannot be read.

    Example:
        >>> from threading import Thread
        >>> sink = ZeromqPubSink(address="ipc://link", subscribers=1)
        >>> Thread(target=sink, args=[np.complex64([1, 2j])], daemon=True).start()
        >>> ZeromqSubSource(address="ipc://link", items=2)()
        array([1.+0.j, 0.+2.j], dtype=complex64)
    """

    key: str = parameter(
        "", doc="Take the messages whose key begins like this; the sender must use keys, then."
    )

    def inlet(self) -> Inlet:
        return SubInlet(
            self.address,
            bind=self.bind,
            hwm=self.hwm,
            longest=self.max_message,
            item_bytes=self.item.nbytes,
            key=self.key,
        )
