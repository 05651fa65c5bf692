"""Takes the checkpoints of a share while it runs, and says what may be forgotten upstream.

What is saved is collected between two passes, at an item border; a thread of its own puts it on the
disk. The streams wait for neither.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Mapping
from time import monotonic, perf_counter
from typing import Any, NamedTuple

from semradio.blocks.engine.encoding import UnencodableError, encode
from semradio.blocks.errors import BlockError
from semradio.flowgraphs.runtime.change import Taken
from semradio.flowgraphs.runtime.failure import RunError
from semradio.flowgraphs.runtime.recovery import marks
from semradio.flowgraphs.runtime.recovery.held import Held
from semradio.flowgraphs.runtime.recovery.identity import identity
from semradio.flowgraphs.runtime.recovery.journal import Journal
from semradio.flowgraphs.runtime.recovery.marks import SPARE, Mark
from semradio.flowgraphs.runtime.recovery.settings import Recovery, retained
from semradio.flowgraphs.runtime.recovery.snapshot import share_saved
from semradio.flowgraphs.runtime.recovery.store import Store
from semradio.flowgraphs.runtime.scheduler import Act

LOOK_S = 0.01
"""Seconds between two looks at whether there is anything to do."""

SHORTEST_S, COSTS = 1.0, 50.0
"""Without a stated interval: seconds between two checkpoints at least, and how many times as long
as one takes."""

PRESSED_S = 0.05
"""Seconds between two checkpoints at least, where a sender has to keep a lot."""

_WARN_S = 5.0
"""Seconds between two warnings of the same kind."""

_log = logging.getLogger("semradio")


class _Job(NamedTuple):
    """A checkpoint to be written."""

    mark: Mark
    body: bytes
    descriptors: list[int]
    """Of files that must be on the disk before: copies, to be closed."""


class Recorder:
    """Keeps one share recoverable.

    Args:
        share: what runs here. settings: how. store: where; closed with the recorder.
        journal: its live changes. known: the checkpoints that are there, in order.
        number: of the next checkpoint.
    """

    def __init__(
        self,
        share: Held,
        settings: Recovery,
        store: Store,
        journal: Journal,
        known: list[Mark],
        number: int,
    ) -> None:
        self.share = share
        self.settings = settings
        self.store = store
        self.journal = journal
        self.marks = known
        self.number = number
        self.identity = identity(share.plan, share.graph.blocks, share.chunk)
        self.cost_s = 0.0
        """Seconds that the streams waited for the latest checkpoint."""
        self.written = 0
        """Checkpoints written by this process."""
        self.bytes = 0
        """Bytes of the latest one."""
        self.deferred: deque[Act] = deque()
        """What waits until the stream is where it was before."""
        self._catching_up = bool(known)
        self._stood: tuple[Any, ...] = ()
        self._repeats = 0
        """Checkpoints since then that say the same as the one before them."""
        self._latest = monotonic()
        self._look_at = 0.0
        self._warned_at = -_WARN_S
        self._writing: Mark | None = None
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._done: deque[tuple[Mark, OSError | None]] = deque()
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    # Checkpoints ---------------------------------------------------------------------------

    def begin(self) -> None:
        """Keep a first checkpoint, before anything is sent: a salt that was drawn stays drawn.

        Raises:
            RunError: it cannot be written.
        """
        for receiver in self.share.receivers.values():
            receiver.durable = 0
        if not self.marks:
            error = self._write_now(self._collected())
            if error is not None:
                raise RunError(
                    f"cannot write a checkpoint to {self.store.folder}: {error.strerror or error}"
                ) from error
        self.acknowledge()

    def step(self) -> bool:
        """Do what there is to do between two passes; returns False: the streams are not moved."""
        now = monotonic()
        over = self._over
        if now < self._look_at and not self._done and not over:
            return False
        self._look_at = now + LOOK_S
        while self._done:
            self._take_written(*self._done.popleft())
        if self._catching_up and self.caught_up:
            self._catching_up = False
            while self.deferred:
                self.deferred.popleft()()
        if over:
            self._write_final()
        elif self._writing is None and self._due(now):
            self._latest = now
            job = self._collected()
            self._writing = job.mark
            self._jobs.put(job)
        self.acknowledge()
        return False

    @property
    def complete(self) -> bool:
        """Whether the end of all streams is on the disk, and acknowledged as far as it goes."""
        return self._final >= 1 + SPARE and all(
            receiver.durable == receiver.received for receiver in self.share.receivers.values()
        )

    @property
    def _over(self) -> bool:
        share = self.share
        return all(chain.finished for chain in share.weave.chains) and all(
            receiver.finished for receiver in share.receivers.values()
        )

    @property
    def _final(self) -> int:
        return sum(mark.final for mark in self.marks)

    def _write_final(self) -> None:
        """Keep the end, once more than is needed: one of them may be damaged."""
        while self._writing is not None:
            # It is not long until it is on the disk, and there is nothing else to do.
            time.sleep(LOOK_S / 10)
            while self._done:
                self._take_written(*self._done.popleft())
        while self._final <= SPARE:
            if self._write_now(self._collected()) is not None:
                break

    def _due(self, now: float) -> bool:
        since = now - self._latest
        every = self.settings.every or max(SHORTEST_S, COSTS * self.cost_s)
        if since < every and not (since > PRESSED_S and self._pressed()):
            return False
        if self._stands() != self._stood:
            return True
        # Who sends may wait for what the spare ones hold back: the same once more sets it free.
        return self._repeats < SPARE and any(
            receiver.durable != receiver.taken for receiver in self.share.receivers.values()
        )

    def _pressed(self) -> bool:
        """Whether a sender has to keep a lot because nothing was saved here for a while."""
        latest = self.marks[-1].inputs
        return any(
            receiver.received - latest[edge] > retained(receiver.window, receiver.item_bytes) // 4
            for edge, receiver in self.share.receivers.items()
        )

    def _stands(self) -> tuple[Any, ...]:
        """Return what tells whether anything has happened since the latest checkpoint."""
        places = [(chain.at, chain.intake.taken) for chain in self.share.weave.chains]
        return places, self._positions(), len(self.journal.changes)

    def _positions(self) -> tuple[dict[int, int], dict[int, int]]:
        share = self.share
        return (
            {edge: receiver.taken for edge, receiver in share.receivers.items()},
            {edge: sender.given for edge, sender in share.senders.items()},
        )

    def _collected(self) -> _Job:
        """Return everything that a process needs to go on from here.

        Raises:
            BlockError: a block cannot be saved.
        """
        began = perf_counter()
        share = self.share
        inputs, outputs = self._positions()
        stands = self._stands()
        self._repeats = self._repeats + 1 if stands == self._stood else 0
        self._stood = stands
        mark = Mark(self.number, inputs, outputs, self._over)
        self.number += 1
        descriptors: list[int] = []
        for block in share.graph.blocks.values():
            descriptors += [os.dup(descriptor) for descriptor in block.unsynced()]
        about = {
            "inputs": inputs,
            "outputs": outputs,
            "final": mark.final,
            "stopped": [edge for edge, sender in share.senders.items() if sender.stopped],
            "identity": self.identity,
            "journal": len(self.journal.changes),
        }
        try:
            body = encode([about, _encoded(share_saved(share))])
        except UnencodableError as error:
            raise BlockError(share.graph.order[0], 0, error) from error
        self.cost_s = perf_counter() - began
        return _Job(mark, body, descriptors)

    # Writing -------------------------------------------------------------------------------

    def _write_all(self) -> None:
        """Write what there is to write; the work of the thread."""
        while (job := self._jobs.get()) is not None:
            self._done.append((job.mark, self._write(job)))

    def _write_now(self, job: _Job) -> OSError | None:
        """Write a checkpoint at once; returns why it is not on the disk."""
        error = self._write(job)
        self._take_written(job.mark, error)
        return error

    def _write(self, job: _Job) -> OSError | None:
        try:
            for descriptor in job.descriptors:
                os.fsync(descriptor)
            self.store.write(job.mark.number, job.body)
        except OSError as error:
            return error
        finally:
            for descriptor in job.descriptors:
                os.close(descriptor)
        self.bytes = len(job.body)
        self.written += 1
        return None

    def _take_written(self, mark: Mark, error: OSError | None) -> None:
        if self._writing is mark:
            self._writing = None
        if error is None:
            self.marks.append(mark)
            return
        now = monotonic()
        if now - self._warned_at > _WARN_S:
            self._warned_at = now
            _log.warning(
                "process '%s': a checkpoint cannot be written to %s: %s; the earlier ones stay, "
                "and it is tried again",
                self.share.name or self.share.plan.name,
                self.store.folder,
                error.strerror or error,
            )

    # Acknowledging -------------------------------------------------------------------------

    def acknowledge(self) -> None:
        """Say upstream what may be forgotten, and forget what no process needs here."""
        share = self.share
        acknowledged = {
            edge: sender.acknowledged
            for edge, sender in share.senders.items()
            if not (sender.stopped or sender.discards)
        }
        place = marks.safe(self.marks, acknowledged)
        if place is None:
            return
        mark = self.marks[place]
        for edge, receiver in share.receivers.items():
            if receiver.durable is None or mark.inputs[edge] > receiver.durable:
                receiver.durable = mark.inputs[edge]
                if receiver.connected:
                    receiver.tell()
        for old in self.marks[:place]:
            self.store.remove(old.number)
        del self.marks[:place]

    # Live changes --------------------------------------------------------------------------

    @property
    def caught_up(self) -> bool:
        """Whether all that another process here may have sent before has been made again."""
        return all(
            sender.done or sender.discards or sender.given >= sender.horizon
            for sender in self.share.senders.values()
        ) and not any(chain.planned for chain in self.share.weave.chains)

    def in_order(self, act: Act) -> None:
        """Do something that changes the streams, when what they were before is made again."""
        if self._catching_up and not self.caught_up:
            self.deferred.append(act)
        else:
            act()

    def note(self, change: Taken) -> None:
        """Put a change on the disk, before it is applied."""
        self.journal.add(change)

    def close(self) -> None:
        """Write what waits to be written, and let go of the folder."""
        self._jobs.put(None)
        self._thread.join()
        self.journal.close()
        self.store.close()


def _encoded(saved: Mapping[str, Any]) -> bytes:
    """Return a share as bytes; UnencodableError names the block that cannot be saved."""
    blocks = {}
    for name, block in saved["blocks"].items():
        try:
            blocks[name] = encode(block)
        except UnencodableError as error:
            raise UnencodableError(
                f"the state of block '{name}' cannot be saved: {error}"
            ) from None
    return encode({**saved, "blocks": blocks})
