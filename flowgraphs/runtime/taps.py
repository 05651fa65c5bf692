"""The taps of one process: who looks at its ports sees some items now and then.

A tap is lossy, of depth one, and never waits. When its time has come it looks at the next passes of
a chain until it has seen enough items, or for a part of its period: a small one where the process
has much to do, for passes that are looked at are slower, and all of it where it waits anyhow. What
taps saw at a time goes to whoever asked in one message, and until that has left, nothing more is
looked at. What passes in between is not touched: it is counted, by its indices. Where the process
has much to do, all taps together rest for as long as it takes to keep within their :mod:`budget
<semradio.flowgraphs.runtime.budget>`. All of it happens between passes, in the thread of the
blocks; a copy of some items costs less there than a second thread that wants the interpreter.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import zmq

from semradio.blocks.api.item_type import Array, ItemType
from semradio.blocks.api.tag import Tag
from semradio.blocks.engine.chain import Chain
from semradio.blocks.engine.stage import Stage
from semradio.blocks.zeromq import NOBLOCK, SNDMORE, Context, Socket
from semradio.flowgraphs.plain import for_message
from semradio.flowgraphs.runtime.budget import Budget
from semradio.flowgraphs.runtime.watch import LEASE_S, MAX_BYTES, Glimpse
from semradio.flowgraphs.runtime.watch import Tap as Wish

MOST_CHUNKS = 32
"""Chunks of one message at most: passes that are looked at are slower than others."""

BUSY_SHARE = 0.03
"""Share of its period for which a tap looks where the process has much to do."""

MOST_TAGS = 256
"""Tags of one message at most."""

MOST_TAPS = 1024
"""Taps of one process at most; further ones are not served."""

_LOOK_S = 0.5
"""Seconds between two looks whether taps were renewed."""

RETRY_S = 0.002
"""Seconds between two tries to hand a message to ZeroMQ."""

END_S = 2.0
"""Seconds that the end of a run waits at most for those who look to take what was seen last.

They take it at once, unless the machine is busy or they have just been frozen or killed: who was
not heard of for the length of a lease is not waited for.
"""

_encode = msgspec.json.Encoder(enc_hook=for_message).encode

_log = logging.getLogger("semradio")


class Taps:
    """All taps of one process.

    Args:
        find: returns where a port is: chain, block, name of the port and item type.
        waited: returns for how many seconds the process has had nothing to do.
    """

    def __init__(
        self,
        find: Callable[[str], tuple[Chain, Stage, str, ItemType]],
        waited: Callable[[], float],
    ) -> None:
        self._find, self._waited = find, waited
        self._taps: dict[tuple[str, int], Tap] = {}
        self._lines: dict[str, Socket] = {}
        self._context: Context | None = None
        self._wake_at = 0.0
        """When the next tap has something to do."""
        self._budget = Budget(self._done, waited)

    def __bool__(self) -> bool:
        return bool(self._taps)

    def add(self, wish: Wish) -> None:
        """Look at a port from now on, or renew the tap of that number; only between passes."""
        key = (wish.to, wish.number)
        tap = self._taps.get(key)
        if tap is not None and tap.wish.port == wish.port:
            tap.renew(wish)
            return
        if tap is not None:
            self.remove(*key)
        if len(self._taps) < MOST_TAPS:
            self._taps[key] = Tap(wish, *self._find(wish.port), self._wake, self._waited)
            self._budget.restart()
            self._wake()

    def remove(self, to: str, number: int) -> None:
        """Look no more; nothing happens if that is so already. Only between passes."""
        tap = self._taps.pop((to, number), None)
        if tap is None:
            return
        tap.look_away()
        self._budget.restart()
        if all(other != to for other, _ in self._taps):
            line = self._lines.pop(to, None)
            if line is not None:
                line.close(0)

    def step(self) -> bool:
        """Look where it is time, and send what was seen; never counts as something that happened.

        Called between passes.
        """
        now = time.monotonic()
        if now < self._wake_at:
            return False
        # Before the steps: a tap may have seen enough at once.
        self._wake_at = now + _LOOK_S
        full: list[Tap] = []
        for key, tap in list(self._taps.items()):
            if now - tap.renewed > LEASE_S:
                self.remove(*key)
            elif tap.rests and now < self._budget.free_at:
                tap.due = max(tap.due, self._budget.free_at)
            elif tap.step(now):
                full.append(tap)
        self._send(full, now)
        self._budget.note(any(tap.looks_at(now) for tap in self._taps.values()), now)
        self._wake_at = min([self._wake_at, *(tap.due for tap in self._taps.values())])
        return False

    def _done(self) -> int:
        """Return how many items the chains that are looked at have carried."""
        return sum(
            chain.at for chain in {id(t.chain): t.chain for t in self._taps.values()}.values()
        )

    def _wake(self) -> None:
        self._wake_at = 0.0

    def close(self) -> None:
        """Send what was seen, as far as it is soon taken, and that the streams have ended."""
        deadline = time.monotonic() + END_S
        while full := [tap for tap in self._taps.values() if tap.finish()]:
            now = time.monotonic()
            heard = {tap.wish.to for tap in full if now - tap.renewed < LEASE_S}
            if now > deadline or not heard:
                break
            self._send([tap for tap in full if tap.wish.to in heard], now)
            time.sleep(RETRY_S)
        for line in self._lines.values():
            # Once there is room again, the message before has been handed to the connection, which
            # may take until the deadline to write it.
            line.poll(_left_ms(deadline), zmq.POLLOUT)
            line.setsockopt(zmq.LINGER, _left_ms(deadline))
            line.close()
        self._lines.clear()
        for key in list(self._taps):
            self.remove(*key)
        if self._context is not None:
            self._context.term()
            self._context = None

    def _send(self, full: Sequence[Tap], now: float) -> None:
        """Send what was seen, to each who looks in one message."""
        for to in {tap.wish.to for tap in full}:
            taps = [tap for tap in full if tap.wish.to == to]
            try:
                line = self._line(to)
                parts = [part for tap in taps for part in tap.message()]
                for part in parts[:-1]:
                    line.send(part, NOBLOCK | SNDMORE)
                line.send(parts[-1], NOBLOCK)
            except zmq.Again:
                for tap in taps:
                    tap.retry(now + RETRY_S)
            except Exception as error:
                # Whoever looks must not end the run.
                for tap in taps:
                    _log.warning("nothing more is shown of '%s': %s", tap.wish.port, error)
                    self.remove(to, tap.wish.number)
            else:
                for tap in taps:
                    tap.sent()

    def _line(self, to: str) -> Socket:
        if to not in self._lines:
            if self._context is None:
                # Of its own: what lies in it for someone who has stopped reading holds up no edge.
                self._context = zmq.Context()
            line = self._context.socket(zmq.PUSH)
            line.setsockopt(zmq.SNDHWM, 1)
            # Not waited for without end, by a thread of ZeroMQ's, of a viewer that is frozen.
            line.setsockopt(zmq.LINGER, 0)
            self._lines[to] = line
            line.connect(to)
        return self._lines[to]


def _left_ms(deadline: float) -> int:
    """Return the milliseconds until a deadline, 0 after it."""
    return max(0, int((deadline - time.monotonic()) * 1000))


class Tap:
    """One tap: what it has seen, and what it may see next."""

    def __init__(
        self,
        wish: Wish,
        chain: Chain,
        stage: Stage,
        port: str,
        item: ItemType,
        wake: Callable[[], None],
        waited: Callable[[], float],
    ) -> None:
        self.wish = wish
        self.renewed = time.monotonic()
        self.due = 0.0
        """When it has something to do."""
        self._wake, self._waited = wake, waited
        self._had_waited = 0.0
        """Seconds for which the process had waited when the tap began to look."""
        self.chain, self._stage, self._port, self._item = chain, stage, port, item
        self._upto = chain.stands(stage, port)
        """Index after the last item that was sent, or passed before the tap began."""
        self._began = 0.0
        """When it began to look; the next look comes a period later."""
        self._since = 0.0
        """When it last began to look, to the moment."""
        self._looking = False
        self._full = False
        """Whether what was seen waits to be sent."""
        self._told_end = self._telling_end = False
        self._parts: list[Array] = []
        self._tags: list[Tag] = []
        self._packed: tuple[bytes, bytes] | None = None
        """What was seen as a message, once that was made."""
        self._first = self._count = self._chunk = self._t_ns = self._next = 0

    def renew(self, wish: Wish) -> None:
        """Go on for another while, perhaps at another rate."""
        self.wish = wish
        self.renewed = time.monotonic()

    # As a look at a port -------------------------------------------------------------------

    def see(self, chunk: Array, tags: Sequence[Tag], at: int) -> bool:
        """Take note of some items; returns whether there is room for more."""
        if not self._parts:
            self._first, self._chunk = at, len(chunk)
        room = max(1, min(self.wish.items, MAX_BYTES // max(1, self._item.nbytes))) - self._count
        part = chunk[:room]
        self._parts.append(part.copy())
        self._count += len(part)
        self._tags += [tag for tag in tags if tag.index < at + len(part)]
        self._looking = len(chunk) < room and len(self._parts) < MOST_CHUNKS
        self._full = not self._looking
        if self._full:
            self._be_sent()
        return self._looking

    def end(self) -> None:
        """Learn that no more items come."""
        self._looking = False
        self.finish()

    # Between passes ------------------------------------------------------------------------

    @property
    def rests(self) -> bool:
        """Whether it neither looks nor has anything to send."""
        return not (self._looking or self._full)

    def looks_at(self, now: float) -> bool:
        """Whether something passes that it looks at, or was seen and has not left."""
        if self._full or not self._looking:
            return self._full
        return self._count > 0 or now - self._since < 1.0 / self.wish.per_s

    def step(self, now: float) -> bool:
        """Begin to look or stop, as it is time; returns whether there is something to send."""
        if now < self.due:
            return False
        if self._full:
            return True
        period = 1.0 / self.wish.per_s
        if self._looking:
            self._look_on(now, period)
        elif self._told_end:
            self.due = now + LEASE_S
        else:
            # Those of one rate look at the same passes, so that few are looked at.
            self._began = now - now % period
            self._since = now
            self.due = now + period * BUSY_SHARE
            self._had_waited = self._waited()
            self._looking = True
            self.chain.look(self._stage, self._port, self)
        return self._full

    def _look_on(self, now: float, period: float) -> None:
        """Look on if it costs nothing, or if nothing has come; else what was seen is sent."""
        end = self._began + period
        idle = self._waited() - self._had_waited > (now - self._began) / 2
        if not self._count:
            self.due = now + period
        elif idle and now < end:
            self.due = end
        else:
            self.finish()

    def look_away(self) -> None:
        """See nothing more for now."""
        if self._looking:
            self._looking = False
            self.chain.look_away(self._stage, self._port, self)

    def finish(self) -> bool:
        """Let what was seen be sent, or that the stream has ended; returns whether there is any."""
        self.look_away()
        if not self._full and (self._count or (self._stage.finished and not self._told_end)):
            self._be_sent()
        return self._full

    def _be_sent(self) -> None:
        self._full, self._t_ns, self.due = True, time.time_ns(), 0.0
        self._wake()

    def retry(self, at: float) -> None:
        """Try again later to send what was seen."""
        self.due = at

    def message(self) -> tuple[bytes, bytes]:
        """Return what was seen as a message: header and items."""
        if self._packed is not None:
            return self._packed
        at = self._first if self._count else self.chain.stands(self._stage, self._port)
        items = self._parts[0] if len(self._parts) == 1 else self._joined()
        little = items.astype(self._item.numpy.newbyteorder("<"), copy=False)
        header = Glimpse(
            self.wish.number,
            self.wish.port,
            str(self._item),
            self._item.dtype,
            list(self._item.shape),
            at,
            self._count,
            at - self._upto,
            self._chunk,
            [tuple(tag) for tag in self._tags[:MOST_TAGS]],
            max(0, len(self._tags) - MOST_TAGS),
            self._t_ns,
            self._stage.finished,
        )
        self._next, self._telling_end = at + self._count, header.last
        packed = self._packed = _encode(header), little.tobytes()
        return packed

    def _joined(self) -> Array:
        return np.concatenate(self._parts) if self._parts else self._item.empty()

    def sent(self) -> None:
        """Forget what was seen: it has left."""
        self._upto = self._next
        self._told_end = self._telling_end
        self._forget()
        self.due = self._began + 1.0 / self.wish.per_s

    def _forget(self) -> None:
        self._parts, self._tags, self._packed = [], [], None
        self._first = self._count = self._chunk = self._t_ns = self._next = 0
        self._full = self._telling_end = False
