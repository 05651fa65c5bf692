"""The sending end of the edges that leave a process."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic, perf_counter

import zmq

from semradio.blocks.api.item_type import Array, ItemType
from semradio.blocks.api.tag import GAP, Tag
from semradio.blocks.engine.queue import Policy, Queue
from semradio.blocks.zeromq import SNDMORE, Context, Socket, readable
from semradio.flowgraphs.curve.entry import Guards, whose
from semradio.flowgraphs.runtime.edges import wire
from semradio.flowgraphs.runtime.edges.door import Door, open_door
from semradio.flowgraphs.runtime.edges.shared_ring import SHARED_BYTES, SharedRing
from semradio.flowgraphs.runtime.edges.sockets import (
    MESSAGES_A_STEP,
    configure,
    shelter,
    watched,
)
from semradio.flowgraphs.runtime.edges.wire import HeaderCodec, WireError
from semradio.flowgraphs.runtime.failure import RunError

ZERO_COPY_BYTES = 1 << 16
"""Payloads from this size on are handed to ZeroMQ without a copy; below, the copy is cheaper."""

JOINED_BYTES = 1 << 16
"""Bytes at which small chunks that follow each other at once are enough for a message, or a slot of
shared memory, of their own."""

SMALL_BYTES = JOINED_BYTES // 2
"""Chunks smaller than this are joined with their neighbours: each has a price of its own."""

GATHERED_BYTES = 1 << 20
"""Bytes of shared memory that one message tells of, unless a single chunk has more."""

GATHERING_S = 1e-4
"""Seconds between two chunks up to which the second one may wait for more, and seconds that it may
wait: until the next one after them, or until the pass ends."""

INLINE_BYTES = 1 << 12
"""Payloads up to this size go behind the header: a second frame costs more than a copy."""

_ANY = ItemType("uint8", ())
"""Stands in a refusal of who does not speak as we do: nothing is known of its items."""


Piece = tuple[int, Array, Sequence[Tag]]
"""A chunk that was sent: the index of its first item, the items, the tags on them."""

_log = logging.getLogger("semradio")


class RefusedError(WireError):
    """A receiver asks for something that this edge cannot give."""


class EdgeSender:
    """Sends one output's chunks to one process, within the credit that the receiver gives.

    It looks like a :class:`~semradio.blocks.engine.queue.Queue` to the block that feeds it. Without
    credit, chunks wait in a backlog; a full backlog holds the block back, or drops, as the policy
    says. What the receiver has not yet acknowledged is kept and sent again when asked for. Credit
    follows what has arrived; what is acknowledged, what the receiver can do without.

    Args:
        number: the edge's number in the plan. item: type of its items.
        capacity: items that may wait in the backlog.
        on_close: called when the receiver wants no more.
    """

    def __init__(
        self,
        number: int,
        item: ItemType,
        capacity: int,
        policy: Policy = "block",
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self.codec = HeaderCodec(number, item)
        self.backlog = Queue(item, capacity, policy)
        self.capacity: float = self.backlog.capacity
        self.items = 0
        self.on_close = on_close
        self.peer: bytes | None = None
        self.reachable = False
        self.sent = 0
        self.limit = 0
        self.messages = 0
        self.kept: deque[Piece] = deque()
        """What was sent and is not acknowledged."""
        self.again: deque[Piece] = deque()
        """What comes after that, to be sent once more."""
        self.acknowledged = 0
        self.has = 0
        """Items that the receiver has had already, of a stream that is made once more."""
        self.anew = False
        """Whether that is another stream: then a gap in what is not sent is one in what is."""
        self.seam: list[int | None] = []
        """Items missing in such gaps, which the next item that is sent is to tell of."""
        self.retain: int | None = None
        """Items that are kept at most, where that is no matter of credit alone; no chunk then goes
        beyond the credit."""
        self.horizon = 0
        """Item up to which the receiver has ever given credit, as far as told here."""
        self.stopped = False
        """Whether the receiver said that it wants no more."""
        self.discards = False
        """Whether the receiver has had all that it wanted before this sender began."""
        self.ending = False
        self.end_sent = False
        self.done = False
        self.says_bye = False
        """Whether a receiver waits to know that its last word was heard: nobody else tells it."""
        self.heard = monotonic()
        self.socket: Socket | None = None
        self.door: Door | None = None
        self.token = 0
        self.shared: SharedRing | None = None
        self.room = capacity * item.nbytes
        self.untold: list[int] = []
        """Slots in shared memory that the receiver is not told of yet, each with its items."""
        self.untold_from = 0
        self.untold_bytes = 0
        self.small: list[Array] = []
        """Small chunks that come after that, as they go on the wire, and wait for more."""
        self.small_from = 0
        self.small_items = 0
        self.small_bytes = 0
        self.latest = 0.0
        """When the last chunk came."""
        self.waiting_since = 0.0
        """When the first one came of those that the receiver is not told of."""

    @property
    def dropped(self) -> int:
        """Items lost to a lossy policy."""
        return self.backlog.dropped

    @property
    def given(self) -> int:
        """Items that the block has given, those that wait here included."""
        return self.sent + self.backlog.items

    @property
    def reached(self) -> int:
        """Items that the receiver has had, or may have: another stream may end before it began."""
        return max(self.sent, self.has) if self.anew else self.sent

    @property
    def held(self) -> int:
        """Items that were sent and are kept until they are acknowledged; any thread may ask."""
        return 0 if self.stopped or self.discards else max(0, self.sent - self.acknowledged)

    def put(self, chunk: Array, tags: Sequence[Tag] = ()) -> None:
        """Send a chunk if there is credit, or let it wait."""
        if self.discards:
            self.sent += len(chunk)
            return
        if self.sent < self.limit and not self.items and not self.again:
            beyond = self.retain is not None and self.sent + len(chunk) > self.limit
            if self.backlog.dropped or self.backlog.missing or beyond:
                self.backlog.put(chunk, tags)
                self.flush()
                return
            self._send(chunk, tags)
            # The backlog counts on from here: tags name items of the whole stream.
            self.backlog.at = self.sent
            return
        self.backlog.put(chunk, tags)
        self.items = self.backlog.items

    def tell(self) -> None:
        """Let go of what waits for more to come; called when a pass is over."""
        if self.small:
            self._join()
        if self.untold:
            self._tell_of_slots()

    def end(self) -> None:
        """Say that no more items come."""
        self.ending = True
        self.done = self.done or self.discards
        self.flush()

    def let_go(self) -> None:
        """Send nothing more: the receiver has had all that it wanted, and is gone."""
        self.discards, self.done = True, self.ending
        self.sent, self.items = self.given, 0
        self.backlog.close()
        self._forget_waiting()
        for pieces in (self.kept, self.again):
            pieces.clear()

    def part(self) -> None:
        """Take note that the receiver has ended: what it said last may be lost on the way."""
        if self.done:
            return
        self.done = True
        if not self.end_sent:
            self._close()

    def _close(self) -> None:
        """Let the blocks before end: the receiver wants no more."""
        self.stopped = True
        if self.on_close is not None:
            self.on_close()

    def _bye(self) -> None:
        if self.says_bye:
            self._control(wire.BYE)

    def flush(self) -> bool:
        """Send what waits as far as the credit goes; returns whether anything was sent."""
        moved = False
        backlog = self.backlog
        while self.again and self.again[0][0] < self.limit:
            piece = self.again.popleft()
            room = self.limit - piece[0]
            if self.retain is not None and len(piece[1]) > room:
                piece, rest = _split(piece, room)
                self.again.appendleft(rest)
            self.kept.append(piece)
            self._transmit(*piece)
            moved = True
        while backlog.chunks and self.sent < self.limit and not self.again:
            count = len(backlog.chunks[0])
            if self.retain is not None:
                count = min(count, self.limit - self.sent)
            tags = backlog.tags_before(backlog.at + count)
            self._send(backlog.take(count), tags)
            moved = True
        self.items = backlog.items
        waits = backlog.items or self.again
        if self.ending and not self.end_sent and not waits and self.reachable:
            self._control(wire.END, self.reached)
            self.end_sent = True
            moved = True
        return moved

    def handle(self, peer: bytes, message: wire.Message) -> None:
        """Act on a message of the receiver."""
        self.heard = monotonic()
        if message.kind == wire.STOP and peer == self.peer:
            self.done = True
            self._close()
            self._bye()
            return
        if message.kind != wire.REQUEST:
            raise WireError(f"unexpected message kind {message.kind} from a receiver")
        durable, token, freed = wire.read_request(message.rest)
        if peer != self.peer or not self.reachable:
            reason = self._unfit(message)
            if reason:
                raise RefusedError(reason)
            self._share(token, freed)
            self._greet(peer, message)
        elif self._share(token, freed):
            self._greet(peer, message)
        if durable > self.acknowledged:
            self._acknowledge(durable)
        granted = message.index + message.count
        self.horizon = max(self.horizon, granted)
        if self.retain is not None:
            granted = min(granted, self.acknowledged + self.retain)
        self.limit = max(self.limit, granted)
        if self.end_sent and durable >= self.reached:
            self.done = True
            self._bye()
        self.flush()

    def _share(self, token: int, freed: Sequence[int]) -> bool:
        """Take back the slots that are free again; returns whether those in use were given up.

        A new token is a new connection, in which nothing is known of the slots before.
        """
        if token != self.token:
            self.token = token
            former = self.shared
            if former is not None:
                former.close()
            connection = self.door.let_in(token) if self.door is not None and token else None
            self.shared = None if connection is None else SharedRing(connection, token, self.room)
            return former is not None
        if self.shared is not None:
            self.shared.release(freed)
        return False

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
        self._forget_waiting()
        self.end_sent = False
        self.limit = 0
        before, self.has = self.has, message.index
        left = deque([*self.kept, *self.again])
        self.kept.clear()
        while left and left[0][0] < message.index:
            piece = left.popleft()
            had = message.index - piece[0]
            if had < len(piece[1]):
                piece, rest = _split(piece, had)
                left.appendleft(rest)
            self.kept.append(piece)
        if self.anew and message.index < before and left:
            # It was started anew as well: it had another stream up to here.
            index, chunk, tags = left[0]
            left[0] = (index, chunk, [Tag(index, GAP, None), *tags])
        self.again = left

    def _acknowledge(self, index: int) -> None:
        self.acknowledged = max(self.acknowledged, index)
        kept = self.kept
        while kept and kept[0][0] + len(kept[0][1]) <= index:
            kept.popleft()

    def _send(self, chunk: Array, tags: Sequence[Tag]) -> None:
        if self.anew:
            tags = self._joined(len(chunk), tags)
        self.kept.append((self.sent, chunk, tags))
        if self.sent + len(chunk) > self.has:
            self._transmit(self.sent, chunk, tags)
        self.sent += len(chunk)
        self.messages += 1

    def _joined(self, count: int, tags: Sequence[Tag]) -> Sequence[Tag]:
        """Return the tags of the next items, with the gaps before them that nobody is sent."""
        self.seam += [tag.value for tag in tags if tag.key == GAP and tag.index < self.has]
        if not self.seam or self.sent + count <= self.has:
            return tags
        at = max(self.sent, self.has)
        lost = [n for n in self.seam if n is not None]
        seam = Tag(at, GAP, sum(lost) if len(lost) == len(self.seam) else None)
        self.seam = []
        return [seam, *(tag for tag in tags if tag.index >= at)]

    def _transmit(self, index: int, chunk: Array, tags: Sequence[Tag]) -> None:
        if self.peer is None or self.socket is None or not self.reachable:
            return
        payload = self.codec.write_items(chunk)
        size = payload.nbytes
        now = perf_counter()
        soon, self.latest = now - self.latest < GATHERING_S, now
        if tags or not soon:
            if self.small or self.untold:
                self.tell()
            if size <= INLINE_BYTES and not tags:
                # The common case of what comes now and then, in few words.
                self._send_header(self.codec.inline(index, len(chunk), payload.data))
                return
            self._lay(index, [payload], len(chunk), size, tags)
            if self.untold:
                self._tell_of_slots()
            return
        if not self.small and not self.untold:
            self.waiting_since = now
        if size < SMALL_BYTES:
            if not self.small:
                self.small_from = index
            self.small.append(payload)
            self.small_items += len(chunk)
            self.small_bytes += size
            if self.small_bytes >= JOINED_BYTES:
                self._join()
        else:
            if self.small:
                self._join()
            self._lay(index, [payload], len(chunk), size)
        if now - self.waiting_since > GATHERING_S or self.untold_bytes >= GATHERED_BYTES:
            self.tell()

    def _join(self) -> None:
        """Make one of the small chunks that wait."""
        small, items, size = self.small, self.small_items, self.small_bytes
        self.small, self.small_items, self.small_bytes = [], 0, 0
        self._lay(self.small_from, small, items, size)

    def _lay(
        self,
        index: int,
        chunks: Sequence[Array],
        items: int,
        size: int,
        tags: Sequence[Tag] = (),
    ) -> None:
        """Put chunks into one slot of shared memory, to be told of, or send them as they are.

        Args:
            index: of the first item. chunks: one after the other, as they go on the wire.
            items: of all of them. size: their bytes.
            tags: on the items; without them more may follow before the receiver is told.
        """
        peer, socket = self.peer, self.socket
        if peer is None or socket is None or not self.reachable:
            return
        if self.shared is not None and size >= SHARED_BYTES:
            slot = self.shared.place(chunks, size)
            if slot is not None and tags:
                self._send_header(self.codec.placed(index, [slot, items], tags))
                return
            if slot is not None:
                if not self.untold:
                    self.untold_from = index
                self.untold += (slot, items)
                self.untold_bytes += size
                return
        if self.untold:
            self._tell_of_slots()
        payload = chunks[0].data if len(chunks) == 1 else b"".join(c.data for c in chunks)
        if not tags and size <= INLINE_BYTES:
            self._send_header(self.codec.inline(index, items, payload))
            return
        send = socket.send
        try:
            send(peer, SNDMORE)
            send(self.codec.data(index, items, tags), SNDMORE)
            send(payload, 0, size < ZERO_COPY_BYTES)
        except zmq.ZMQError as error:
            self._unreachable(error)

    def _tell_of_slots(self) -> None:
        untold, self.untold, self.untold_bytes = self.untold, [], 0
        self._send_header(self.codec.placed(self.untold_from, untold))

    def _forget_waiting(self) -> None:
        """Send nothing of what waits for more to come: it is sent once more, or to nobody."""
        self.untold, self.untold_bytes = [], 0
        self.small, self.small_items, self.small_bytes = [], 0, 0

    def _control(self, kind: int, index: int = 0) -> None:
        self.tell()
        self._send_header(self.codec.control(kind, index))

    def _send_header(self, header: bytes) -> None:
        """Send a message that is a header alone."""
        if self.socket is None or self.peer is None or not self.reachable:
            return
        try:
            self.socket.send(self.peer, SNDMORE)
            self.socket.send(header)
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


def _split(piece: Piece, count: int) -> tuple[Piece, Piece]:
    """Cut a chunk after its first ``count`` items."""
    index, chunk, tags = piece
    border = index + count
    return (
        (index, chunk[:count], [tag for tag in tags if tag.index < border]),
        (border, chunk[count:], [tag for tag in tags if tag.index >= border]),
    )


class SenderHub:
    """The one listening socket of a process, shared by all edges that leave it.

    Args:
        context: ZeroMQ context. endpoint: where to listen, such as ``ipc:///run/x`` or
            ``tcp://127.0.0.1:*``. guard: looks at the keys of who comes in; None: there are none.
        watch: whether :attr:`monitor` is to tell of each connection, from the first one on.

    Raises:
        zmq.ZMQError: the endpoint cannot be bound.
    """

    def __init__(
        self,
        context: Context,
        endpoint: str,
        guard: Guards | None = None,
        *,
        watch: bool = False,
    ) -> None:
        self.socket = context.socket(zmq.ROUTER)
        configure(self.socket)
        shelter(self.socket)
        self.guard = guard
        if guard is not None:
            guard.watch(self.socket)
        self.socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self.senders: dict[int, EdgeSender] = {}
        self.receivers: dict[int, str] = {}
        """The process at the other end of each edge."""
        self.judge: Callable[[bytes], str] | None = None
        """Tells from what a receiver says of itself why it cannot be served; None serves all."""
        self.known: dict[int, bytes] = {}
        """The receiver of each edge that may be served."""
        self.refused = 0
        """Messages that were none of an edge of this process."""
        self.strangers = 0
        """Connections that were closed before it was known who they were."""
        self.monitor = watched(self.socket) if watch else None
        """Tells what happens to connections, if anybody wants to know."""
        try:
            self.socket.bind(endpoint)
        except zmq.ZMQError as error:
            self.unwatch()
            self.socket.close(0)
            raise RunError(
                f"cannot listen on {endpoint}: {error.strerror or error}; another program is "
                "there, or this host has no such address: change 'bind', 'port' or 'host'"
            ) from error
        self.endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)
        self.door = open_door(self.endpoint)

    def add(self, sender: EdgeSender, receiver: str = "") -> None:
        """Serve one more edge, which goes to a process."""
        sender.socket, sender.door = self.socket, self.door
        self.senders[sender.codec.edge] = sender
        self.receivers[sender.codec.edge] = receiver

    def step(self) -> bool:
        """Handle what the receivers say; returns whether anything happened.

        Whoever does not speak the protocol, or asks for what is not to be had, is refused and
        counted: a stranger at the door must not end the run.
        """
        socket = self.socket
        moved = False
        for edge in self.senders.values():
            edge.tell()
        for _ in range(MESSAGES_A_STEP):
            if not readable(socket):
                break
            frames = socket.recv_multipart(copy=False)
            moved = True
            peer, header = frames[0].bytes, frames[-1].bytes
            try:
                message = wire.decode(header)
                if message.kind == wire.HELLO:
                    self._meet(peer, message)
                    continue
                if self.judge is not None and self.known.get(message.edge) != peer:
                    # Asked before it has said what it runs, or was turned away.
                    continue
                sender = self.senders.get(message.edge)
                if sender is None:
                    raise RefusedError(f"edge {message.edge} is not sent from here")
                self._check_name(message.edge, whose(frames[-1]))
                sender.handle(peer, message)
            except RefusedError as error:
                self._refuse(peer, message.edge, message.item, str(error))
            except WireError as error:
                if wire.other_version(header) is None:
                    self.refused += 1
                else:
                    self._turn_away(peer, 0, _ANY, f"this side says: {error}")
        return moved

    def _meet(self, peer: bytes, message: wire.Message) -> None:
        """Take note of a receiver that runs what is run here; turn away any other."""
        reason = self.judge(message.rest) if self.judge is not None else ""
        if reason:
            self._turn_away(peer, message.edge, message.item, reason)
            return
        self.known[message.edge] = peer

    def _turn_away(self, peer: bytes, edge: int, item: ItemType, reason: str) -> None:
        _log.warning("a receiver was turned away: %s", reason)
        self._refuse(peer, edge, item, reason)

    def _check_name(self, edge: int, name: str) -> None:
        """RefusedError if an edge goes to another process than the one whose key this is."""
        if self.guard is not None and name != self.receivers[edge]:
            raise RefusedError(
                f"edge {edge} goes to process '{self.receivers[edge]}'; this is the key of '{name}'"
            )

    def _refuse(self, peer: bytes, edge: int, item: ItemType, reason: str) -> None:
        self.refused += 1
        header = HeaderCodec(edge, item).control(wire.REFUSE, text=reason)
        try:
            self.socket.send_multipart([peer, header])
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise

    def close(self, linger: int | None = None) -> None:
        """Listen no more; ``linger``: milliseconds for what is under way."""
        self.unwatch()
        self.socket.close(linger)
        if self.door is not None:
            self.door.close()
        for sender in self.senders.values():
            if sender.shared is not None:
                sender.shared.close()

    def unwatch(self) -> None:
        """Let nobody be told any more what happens to connections."""
        if self.monitor is not None:
            self.socket.disable_monitor()
            self.monitor.close(0)
            self.monitor = None

    @property
    def done(self) -> bool:
        """Whether every receiver has everything, and knows it."""
        return all(sender.done for sender in self.senders.values())
