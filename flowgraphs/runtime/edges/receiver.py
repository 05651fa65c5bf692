"""The receiving end of an edge that enters a process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

import zmq

from semradio.blocks.api.item_type import Array, ItemType
from semradio.blocks.api.tag import Tag
from semradio.blocks.engine.queue import Queue
from semradio.blocks.zeromq import NOBLOCK, Context, readable
from semradio.flowgraphs.runtime.edges import wire
from semradio.flowgraphs.runtime.edges.door import enter
from semradio.flowgraphs.runtime.edges.shared_ring import SharedView
from semradio.flowgraphs.runtime.edges.sockets import MESSAGES_A_STEP, configure
from semradio.flowgraphs.runtime.edges.wire import HeaderCodec, Placed, WireError

COPY_BYTES = 1 << 15
"""Messages smaller than this are received as one copy, larger ones without."""

JOIN_BYTES = 1 << 14
"""Messages smaller than this are joined with their neighbours before they are handed on."""


class EdgeReceiver:
    """Asks the sending process for items, and hands them to the blocks' queues.

    Args:
        number: the edge's number in the plan. item: type of its items.
        window: items that may be under way or waiting here.
        queues: the queues of the inputs that the edge feeds.
        endpoint: where the sender listens.
    """

    def __init__(
        self,
        context: Context,
        number: int,
        item: ItemType,
        window: int,
        queues: list[Queue],
        endpoint: str,
    ) -> None:
        self.codec = HeaderCodec(number, item)
        self.window = window
        self.queues = list(queues)
        self.received = 0
        self.durable: int | None = None
        """The item before which the sender may forget all; None: what has arrived."""
        self.uneven = False
        """Whether some queues have had items already that others still lack."""
        self.granted = 0
        self.step_of_grant = max(1, window // 4)
        self.finished = False
        self.stopped = False
        """Whether it ended because nobody wants more."""
        self.stays = False
        """Whether it stays until the sender has heard its last word; nobody else tells that one."""
        self.dismissed = True
        self.heard = monotonic()
        self.socket = context.socket(zmq.DEALER)
        configure(self.socket)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 50)
        self.socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        self.endpoint = endpoint
        self.connected = False
        self.copy = True
        self.item = item
        self.item_bytes = item.nbytes
        self.shared: SharedView | None = None
        self.hello = b""
        """What this process runs; said first on every connection, if there is something to say."""
        self.former: SharedView | None = None
        """The connection before: what it was told of may still be on its way."""
        for queue in self.queues:
            queue.on_close = self._closed(queue)

    @property
    def taken(self) -> int:
        """Items that the blocks have taken; of several queues, those that all have."""
        if not self.queues or (self.finished and not any(queue.items for queue in self.queues)):
            return self.received
        return min(queue.at for queue in self.queues)

    def step(self) -> bool:
        """Take what has arrived; returns whether anything happened.

        Raises:
            WireError: the sender sent something that this edge does not carry, or refused.
        """
        if self.finished:
            return not self.dismissed and self._part()
        moved = readable(self.socket)
        if moved:
            self._drain()
        if not self.finished:
            self._grant()
        return moved

    def greet(self) -> None:
        """Ask for the first items, or, on a new connection, for the next; a sign of life too.

        The first time it connects: whoever watches the socket does so from before.
        """
        if not self.connected:
            self.socket.connect(self.endpoint)
            self.connected = True
            self.introduce()
        if self.shared is None or self.shared.broken:
            self._share()
        self._request()

    def introduce(self) -> None:
        """Say what this process runs; due on every new connection, before anything is asked for."""
        if self.hello:
            self.socket.send(self.codec.control(wire.HELLO) + self.hello)

    def answer(self) -> None:
        """Say where it stands, also when nothing more is wanted: the sender may be a new one."""
        if not self.finished:
            self.greet()
            return
        if not self.connected:
            self.socket.connect(self.endpoint)
            self.connected = True
            self.introduce()
        self._request(0)
        if self.stopped:
            self.socket.send(self.codec.control(wire.STOP, self.received))

    def _share(self) -> None:
        """Offer the sender to get large messages through shared memory, where that is possible."""
        if self.former is not None:
            self.former.close()
        self.former = self.shared
        entered = enter(self.endpoint)
        self.shared = None if entered is None else SharedView(*entered, self.item)

    def cut(self) -> None:
        """End the stream here: tell the sender that no more is wanted, and the blocks to finish."""
        if self.finished:
            return
        self._stop()
        for queue in self.queues:
            queue.end()

    def _part(self) -> bool:
        """Look whether the sender has heard that nothing more is wanted; the rest is too late."""
        moved = False
        while not self.dismissed and readable(self.socket):
            kind = wire.decode(self.socket.recv_multipart()[0]).kind
            self.dismissed = kind in (wire.BYE, wire.REFUSE)
            moved = True
        return moved

    def _stop(self) -> None:
        self.finished = self.stopped = True
        self.dismissed = not self.stays
        self.socket.send(self.codec.control(wire.STOP, self.received))

    def close(self, linger: int | None = None) -> None:
        """Close the connection; ``linger``: milliseconds for what is under way."""
        self.socket.close(linger)
        for view in (self.shared, self.former):
            if view is not None:
                view.close()

    def _drain(self) -> None:
        """Take all messages that have arrived; small ones are handed on together."""
        receive, read = self.socket.recv, self.codec.read_data
        small: list[bytes] = []
        count = 0
        for taken in range(MESSAGES_A_STEP):
            # To ask is cheaper than to fail, but not than to succeed: where a second message is,
            # more may be.
            if taken == 1 and not readable(self.socket):
                break
            try:
                header = receive(NOBLOCK)
            except zmq.Again:
                break
            fields = read(header)
            if fields is not None:
                index, n, tags, where = fields
                payload: Any = where or self._payload()
                plain = not tags and index == self.received + count and where.__class__ is not tuple
                if plain and len(payload) == n * self.item_bytes and len(payload) < JOIN_BYTES:
                    small.append(payload)
                    count += n
                    continue
            # Whatever is out of the ordinary comes after what was before it.
            self._hand_on(small, count)
            small, count = [], 0
            if fields is not None and where.__class__ is tuple:
                self._take_placed(index, where, tags)
            elif fields is not None:
                self._take(index, self.codec.read_items(payload, n), tags)
            elif self._take_control(wire.decode(header)):
                break
        self._hand_on(small, count)
        self.heard = monotonic()

    def _payload(self) -> Any:
        """Receive the second frame of a message, which came together with the first."""
        try:
            if self.copy:
                payload: Any = self.socket.recv(NOBLOCK)
            else:
                payload = self.socket.recv(NOBLOCK, False).buffer
        except zmq.Again:
            raise WireError(f"edge {self.codec.edge}: a message without items") from None
        self.copy = len(payload) < COPY_BYTES
        return payload

    def _take_placed(self, index: int, placed: Placed, tags: list[Tag]) -> None:
        """Hand on chunks that lie in the memory shared with the sender."""
        for slot, count in placed:
            view = self.shared
            if view is None or not view.names(slot):
                view = self.former
                if view is None or not view.names(slot):
                    raise WireError(
                        f"edge {self.codec.edge}: items in memory that was never shared"
                    )
            end = index + count
            mine = [tag for tag in tags if index <= tag.index < end] if tags else tags
            self._take(index, view.items(slot, count), mine)
            index = end

    def _take(self, index: int, items: Array, tags: list[Tag]) -> None:
        """Hand on the items of one message; those that a sender asked twice sent twice, once."""
        if index > self.received:
            raise WireError(
                f"edge {self.codec.edge}: item {self.received} was due, item {index} came"
            )
        if index < self.received:
            items = items[self.received - index :]
            tags = [tag for tag in tags if tag.index >= self.received]
        self._feed(items, tags)

    def _hand_on(self, payloads: list[Any], count: int) -> None:
        """Hand on the items of several small messages as one chunk."""
        if not count:
            return
        joined = payloads[0] if len(payloads) == 1 else b"".join(payloads)
        self._feed(self.codec.read_items(joined, count))

    def _feed(self, items: Array, tags: Sequence[Tag] = ()) -> None:
        """Put the next items into the queues."""
        first = self.received
        self.received += len(items)
        if not self.uneven:
            for queue in self.queues:
                queue.put(items, tags)
            return
        for queue in self.queues:
            had = queue.at + queue.items
            if had < self.received:
                queue.put(items[had - first :], [tag for tag in tags if tag.index >= had])
        self.uneven = any(queue.at + queue.items > self.received for queue in self.queues)

    def _take_control(self, message: wire.Message) -> bool:
        if message.kind == wire.REFUSE:
            raise WireError(f"the sender refused: {message.rest.decode(errors='replace')}")
        if message.kind != wire.END:
            raise WireError(f"unexpected message kind {message.kind} from a sender")
        if message.index != self.received:
            raise WireError(
                f"edge {self.codec.edge}: the sender sent {message.index} items, "
                f"{self.received} arrived"
            )
        self.finished = True
        self.dismissed = not self.stays
        self._request(0)
        for queue in self.queues:
            queue.end()
        return True

    def _grant(self) -> None:
        """Give more credit when enough room has become free to be worth a message."""
        waiting = 0
        for queue in self.queues:
            waiting = max(waiting, queue.items)
        free = self.received - waiting
        shared = self.shared
        if free + self.window - self.granted >= self.step_of_grant or (
            shared is not None and len(shared.freed) >= shared.enough
        ):
            self._request()

    def tell(self) -> None:
        """Say how much the sender may forget now."""
        self._request(0 if self.finished else None)

    def _request(self, credit: int | None = None) -> None:
        waiting = max((queue.items for queue in self.queues), default=0)
        free = self.received - waiting
        room = self.window if credit is None else credit
        self.granted = free + room
        # On a fresh connection the sender goes on from the index asked for, so the index is
        # what has arrived; what waits here counts against the credit only.
        token, freed = (
            (0, []) if self.shared is None else (self.shared.token, self.shared.take_freed())
        )
        request = self.codec.request(
            self.received, max(0, room - waiting), self.durable, token, freed
        )
        self.socket.send(request)

    def _closed(self, queue: Queue) -> Callable[[], None]:
        def closed() -> None:
            if queue in self.queues:
                self.queues.remove(queue)
            if not self.queues and not self.finished:
                self._stop()

        return closed
