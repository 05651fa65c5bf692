"""A stream from GNU Radio's ZMQ PUSH Sink."""

from __future__ import annotations

from semradio.blocks.api import block
from semradio.blocks.gnuradio.inlet import Inlet, PullInlet
from semradio.blocks.gnuradio.stream_source import StreamSource


@block("zeromq_pull_source", category="gnuradio")
class ZeromqPullSource(StreamSource):
    """Give the items that GNU Radio's ZMQ PUSH Sink, or any PUSH socket, sends.

    GNU Radio tells neither the item type nor the end of a stream: state ``type``, and end by
    ``items``, ``end_tag`` or ``idle_s``. With ``pass_tags`` the items carry their tags, a gap in
    the sender's count of items leaves a tag ``gap`` (items lost), and a sender that begins anew
    one ``restart``.

    Results:
        The ``messages`` and ``items`` received and the ``malformed`` messages; with ``pass_tags``
        the ``gaps``, the items ``lost`` there and those ``missed`` before the first message, and
        the ``restarts`` of the sender.

    Raises:
        ParameterError: the address cannot be used.
        StreamError: a message cannot be read.

    Example:
        >>> from threading import Thread
        >>> sink = ZeromqPushSink(address="ipc://link")
        >>> Thread(target=sink, args=[np.complex64([1, 2j])], daemon=True).start()
        >>> ZeromqPullSource(address="ipc://link", items=2)()
        array([1.+0.j, 0.+2.j], dtype=complex64)
    """

    def inlet(self) -> Inlet:
        return PullInlet(
            self.address,
            bind=self.bind,
            hwm=self.hwm,
            longest=self.max_message,
            item_bytes=self.item.nbytes,
        )
