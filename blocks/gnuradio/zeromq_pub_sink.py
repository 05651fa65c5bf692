"""A stream to GNU Radio's ZMQ SUB Source."""

from __future__ import annotations

from semradio.blocks.api import block, parameter
from semradio.blocks.gnuradio.outlet import Outlet, PubCaller, PubOutlet
from semradio.blocks.gnuradio.stream_sink import StreamSink


@block("zeromq_pub_sink", category="gnuradio")
class ZeromqPubSink(StreamSink):
    """Send items to GNU Radio's ZMQ SUB Source, or to any SUB sockets.

    Each message goes to all subscribers that are there. A subscriber whose queue is full misses
    messages, unless ``drop_on_hwm`` is false: then the stream waits for the slowest.

    Results:
        The ``messages`` and ``items`` sent, and the items ``dropped``: those that nobody had
        subscribed to, and those that a subscriber with a full queue missed, for each subscriber.
        So what a subscriber gets and what it misses are together what was sent since it came.

    Raises:
        ParameterError: the address cannot be used.
        StreamError: a tag carries what GNU Radio has nothing like.

    Example:
        >>> from threading import Thread
        >>> sink = ZeromqPubSink(address="ipc://link", subscribers=1)
        >>> Thread(target=sink, args=[np.complex64([1, 2j])], daemon=True).start()
        >>> ZeromqSubSource(address="ipc://link", items=2)()
        array([1.+0.j, 0.+2.j], dtype=complex64)
    """

    key: str = parameter("", doc="Sent before each message; subscribers choose by its beginning.")
    drop_on_hwm: bool = parameter(
        True, doc="Whether a subscriber whose queue is full misses items; otherwise all wait."
    )
    subscribers: int = parameter(
        0, low=0, doc="Subscriptions to wait for before the first item is sent."
    )

    def outlet(self) -> Outlet:
        make = PubOutlet if self.bind else PubCaller
        return make(
            self.address,
            hwm=self.hwm,
            key=self.key,
            wait_for=self.subscribers,
            drop=self.drop_on_hwm,
        )
