"""The sending end of the edges that leave a process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic

import zmq

from semradio.blocks.api.item_type import Array, ItemType
from semradio.blocks.api.queue import Policy, Queue
from semradio.blocks.api.tag import Tag
from semradio.flowgraphs.runtime import wire
from semradio.flowgraphs.runtime.sockets import SNDMORE, Context, Socket, configure, has_message
from semradio.flowgraphs.runtime.wire import HeaderCodec, WireError

ZERO_COPY_BYTES = 1 << 16
"""Payloads from this size on are handed to ZeroMQ without a copy; below, the copy is cheaper."""


class RefusedError(WireError):
    """A receiver asks for something that this edge cannot give."""


class EdgeSender:
    """Sends one output's chunks to one process, within the credit that the receiver gives.

    It looks like a :class:`~semradio.blocks.api.queue.Queue` to the block that feeds it. Without
    credit, chunks wait in a backlog; a full backlog holds the block back, or drops, as the policy
    says. What the receiver has not yet acknowledged is kept and sent again when asked for.

    Args:
        number: the edge's number in the plan. item: type of its items.
        capacity: items that may wait in the backlog.
        on_stop: called when the receiver wants no more.
    """

    def __init__(
        self,
        number: int,
        item: ItemType,
        capacity: int,
        policy: Policy = "block",
        on_stop: Callable[[], None] | None = None,
    ) -> None:
        self.codec = HeaderCodec(number, item)
        self.backlog = Queue(item, capacity, policy)
        self.capacity: float = self.backlog.capacity
        self.items = 0
        self.on_stop = on_stop
        self.peer: bytes | None = None
        self.reachable = False
        self.sent = 0
        self.limit = 0
        self.messages = 0
        self.kept: deque[tuple[int, Array, Sequence[Tag]]] = deque()
        self.acknowledged = 0
        self.ending = False
        self.end_sent = False
        self.done = False
        self.heard = monotonic()
        self.socket: Socket | None = None

    @property
    def dropped(self) -> int:
        """Items lost to a lossy policy."""
        return self.backlog.dropped

    def put(self, chunk: Array, tags: Sequence[Tag] = ()) -> None:
        """Send a chunk if there is credit, or let it wait."""
        if self.sent < self.limit and not self.items:
            if self.backlog.dropped or self.backlog.missing:
                self.backlog.put(chunk, tags)
                self.flush()
                return
            self._send(chunk, tags)
            # The backlog counts on from here: tags name items of the whole stream.
            self.backlog.at = self.sent
            return
        self.backlog.put(chunk, tags)
        self.items = self.backlog.items

    def end(self) -> None:
        """Say that no more items come."""
        self.ending = True
        self.flush()

    def flush(self) -> bool:
        """Send what waits as far as the credit goes; returns whether anything was sent."""
        moved = False
        backlog = self.backlog
        while backlog.chunks and self.sent < self.limit:
            count = len(backlog.chunks[0])
            tags = backlog.tags_before(backlog.at + count)
            self._send(backlog.take(count), tags)
            moved = True
        self.items = backlog.items
        if self.ending and not self.end_sent and not backlog.items and self.reachable:
            self._control(wire.END, self.sent)
            self.end_sent = True
            moved = True
        return moved

    def handle(self, peer: bytes, message: wire.Message) -> None:
        """Act on a message of the receiver."""
        self.heard = monotonic()
        if message.kind == wire.STOP and peer == self.peer:
            self.done = True
            if self.on_stop is not None:
                self.on_stop()
            return
        if message.kind != wire.REQUEST:
            raise WireError(f"unexpected message kind {message.kind} from a receiver")
        if peer != self.peer or not self.reachable:
            reason = self._unfit(message)
            if reason:
                raise RefusedError(reason)
            self._greet(peer, message)
        if message.index > self.acknowledged:
            self._acknowledge(message.index)
        self.limit = max(self.limit, message.index + message.count)
        if self.end_sent and message.index >= self.sent:
            self.done = True
        self.flush()

    def _unfit(self, message: wire.Message) -> str:
        """Return why a new receiver cannot be served; '' if it can."""
        if message.item != self.codec.item:
            return (
                f"this edge carries {self.codec.item}, the receiver expects {message.item}: do "
                "both sides run the same flowgraph?"
            )
        if message.index < self.acknowledged:
            return (
                f"items from {message.index} on were asked for again, but those before "
                f"{self.acknowledged} were acknowledged and are gone; restart both sides"
            )
        return ""

    def _greet(self, peer: bytes, message: wire.Message) -> None:
        """A receiver that is new here, or has started anew: send it what it lacks."""
        self.peer = peer
        self.reachable = True
        self.end_sent = False
        self.limit = message.index + message.count
        self._acknowledge(message.index)
        for index, chunk, tags in self.kept:
            skip = max(0, message.index - index)
            late = [tag for tag in tags if tag.index >= index + skip]
            self._transmit(index + skip, chunk[skip:], late)

    def _acknowledge(self, index: int) -> None:
        self.acknowledged = max(self.acknowledged, index)
        kept = self.kept
        while kept and kept[0][0] + len(kept[0][1]) <= index:
            kept.popleft()

    def _send(self, chunk: Array, tags: Sequence[Tag]) -> None:
        self.kept.append((self.sent, chunk, tags))
        self._transmit(self.sent, chunk, tags)
        self.sent += len(chunk)
        self.messages += 1

    def _transmit(self, index: int, chunk: Array, tags: Sequence[Tag]) -> None:
        peer = self.peer
        if peer is None or self.socket is None or not self.reachable:
            return
        payload = self.codec.write_items(chunk)
        send = self.socket.send
        try:
            send(peer, SNDMORE)
            send(self.codec.data(index, len(chunk), tags), SNDMORE)
            send(payload.data, 0, payload.nbytes < ZERO_COPY_BYTES)
        except zmq.ZMQError as error:
            self._unreachable(error)

    def _control(self, kind: int, index: int = 0) -> None:
        if self.socket is None or self.peer is None or not self.reachable:
            return
        try:
            self.socket.send_multipart([self.peer, self.codec.control(kind, index)])
        except zmq.ZMQError as error:
            self._unreachable(error)

    def _unreachable(self, error: zmq.ZMQError) -> None:
        # The receiver is gone: what was sent is kept, and goes out again if it comes back. That
        # it is gone for good is noticed by whoever watches the processes. What it said before it
        # went (that it wants no more, say) still counts.
        if error.errno != zmq.EHOSTUNREACH:
            raise error
        self.reachable = False
        self.limit = 0


class SenderHub:
    """The one listening socket of a process, shared by all edges that leave it.

    Args:
        context: ZeroMQ context. endpoint: where to listen, such as ``ipc:///run/x`` or
            ``tcp://127.0.0.1:*``.

    Raises:
        zmq.ZMQError: the endpoint cannot be bound.
    """

    def __init__(self, context: Context, endpoint: str) -> None:
        self.socket = context.socket(zmq.ROUTER)
        configure(self.socket)
        self.socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self.senders: dict[int, EdgeSender] = {}
        self.refused = 0
        """Messages that were none of an edge of this process."""
        try:
            self.socket.bind(endpoint)
        except zmq.ZMQError:
            self.socket.close(0)
            raise
        self.endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def add(self, sender: EdgeSender) -> None:
        """Serve one more edge."""
        sender.socket = self.socket
        self.senders[sender.codec.edge] = sender

    def step(self) -> bool:
        """Handle what the receivers say; returns whether anything happened.

        Whoever does not speak the protocol, or asks for what is not to be had, is refused and
        counted: a stranger at the door must not end the run.
        """
        socket = self.socket
        moved = False
        while has_message(socket):
            frames = socket.recv_multipart()
            moved = True
            try:
                message = wire.decode(frames[-1])
                sender = self.senders.get(message.edge)
                if sender is None:
                    raise RefusedError(f"edge {message.edge} is not sent from here")
                sender.handle(frames[0], message)
            except RefusedError as error:
                self._refuse(frames[0], message, str(error))
            except WireError:
                self.refused += 1
        return moved

    def _refuse(self, peer: bytes, message: wire.Message, reason: str) -> None:
        self.refused += 1
        header = HeaderCodec(message.edge, message.item).control(wire.REFUSE, text=reason)
        try:
            self.socket.send_multipart([peer, header])
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise

    @property
    def done(self) -> bool:
        """Whether every receiver has everything, and knows it."""
        return all(sender.done for sender in self.senders.values())
