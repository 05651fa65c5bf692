"""The receiving end of an edge that enters a process."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

import zmq

from semradio.blocks.api.item_type import Array, ItemType
from semradio.blocks.api.queue import Queue
from semradio.blocks.api.tag import Tag
from semradio.flowgraphs.runtime import wire
from semradio.flowgraphs.runtime.sockets import NOBLOCK, Context, configure, has_message
from semradio.flowgraphs.runtime.wire import HeaderCodec, WireError

COPY_BYTES = 1 << 15
"""Messages smaller than this are received as one copy, larger ones without."""

JOIN_BYTES = 1 << 14
"""Messages smaller than this are joined with their neighbours before they are handed on."""

_MESSAGES_A_STEP = 256
"""Messages taken before the blocks get their turn."""


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
        self.messages = 0
        self.granted = 0
        self.step_of_grant = max(1, window // 4)
        self.finished = False
        self.heard = monotonic()
        self.socket = context.socket(zmq.DEALER)
        configure(self.socket)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 50)
        self.socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        self.socket.connect(endpoint)
        self.endpoint = endpoint
        self.copy = True
        self.item_bytes = item.nbytes
        for queue in self.queues:
            queue.on_close = self._closed(queue)

    def step(self) -> bool:
        """Take what has arrived; returns whether anything happened.

        Raises:
            WireError: the sender sent something that this edge does not carry, or refused.
        """
        if self.finished:
            return False
        moved = has_message(self.socket)
        if moved:
            self._drain()
        if not self.finished:
            self._grant()
        return moved

    def greet(self) -> None:
        """Ask for the first items, or, on a new connection, for the next; a sign of life too."""
        self._request()

    def cut(self) -> None:
        """End the stream here: tell the sender that no more is wanted, and the blocks to finish."""
        if self.finished:
            return
        self.finished = True
        self.socket.send(self.codec.control(wire.STOP, self.received))
        for queue in self.queues:
            queue.end()

    def _drain(self) -> None:
        """Take all messages that have arrived; small ones are handed on together."""
        receive, read = self.socket.recv, self.codec.read_data
        small: list[bytes] = []
        count = 0
        for _ in range(_MESSAGES_A_STEP):
            try:
                header = receive(NOBLOCK)
            except zmq.Again:
                break
            fields = read(header)
            if fields is not None:
                index, n, tags = fields
                payload = self._payload()
                plain = not tags and index == self.received + count
                if plain and len(payload) == n * self.item_bytes and len(payload) < JOIN_BYTES:
                    small.append(payload)
                    count += n
                    self.messages += 1
                    continue
            # Whatever is out of the ordinary comes after what was before it.
            self._hand_on(small, count)
            small, count = [], 0
            if fields is not None:
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

    def _take(self, index: int, items: Array, tags: list[Tag]) -> None:
        """Hand on the items of one message; those that a sender asked twice sent twice, once."""
        if index > self.received:
            raise WireError(
                f"edge {self.codec.edge}: item {self.received} was due, item {index} came"
            )
        items = items[self.received - index :]
        tags = [tag for tag in tags if tag.index >= self.received]
        self.messages += 1
        self.received += len(items)
        for queue in self.queues:
            queue.put(items, tags)

    def _hand_on(self, payloads: list[Any], count: int) -> None:
        """Hand on the items of several small messages as one chunk."""
        if not count:
            return
        joined = payloads[0] if len(payloads) == 1 else b"".join(payloads)
        items = self.codec.read_items(joined, count)
        self.received += count
        for queue in self.queues:
            queue.put(items)

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
        self._request(0)
        for queue in self.queues:
            queue.end()
        return True

    def _grant(self) -> None:
        """Give more credit when enough room has become free to be worth a message."""
        waiting = 0
        for queue in self.queues:
            waiting = max(waiting, queue.items)
        if self.received - waiting + self.window - self.granted >= self.step_of_grant:
            self._request()

    def _request(self, credit: int | None = None) -> None:
        waiting = max((queue.items for queue in self.queues), default=0)
        free = self.received - waiting
        room = self.window if credit is None else credit
        self.granted = free + room
        # On a fresh connection the sender goes on from the index asked for, so the index is
        # what has arrived; what waits here counts against the credit only.
        self.socket.send(self.codec.control(wire.REQUEST, self.received, max(0, room - waiting)))

    def _closed(self, queue: Queue) -> Callable[[], None]:
        def closed() -> None:
            if queue in self.queues:
                self.queues.remove(queue)
            if not self.queues and not self.finished:
                self.finished = True
                self.socket.send(self.codec.control(wire.STOP, self.received))

        return closed
