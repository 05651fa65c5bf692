"""Finds the checkpoint that a process goes on from: with its receivers, before it starts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, NamedTuple

from semradio.blocks.engine.encoding import UndecodableError, decode
from semradio.blocks.engine.snapshot import prepare_block, restore_block
from semradio.flowgraphs.runtime.edges.sockets import REMIND_S
from semradio.flowgraphs.runtime.failure import RunError
from semradio.flowgraphs.runtime.recovery.held import Held
from semradio.flowgraphs.runtime.recovery.identity import differences, identity
from semradio.flowgraphs.runtime.recovery.journal import Journal
from semradio.flowgraphs.runtime.recovery.marks import Mark, usable
from semradio.flowgraphs.runtime.recovery.recorder import Recorder
from semradio.flowgraphs.runtime.recovery.settings import Recovery
from semradio.flowgraphs.runtime.recovery.snapshot import restore_share
from semradio.flowgraphs.runtime.recovery.store import Store

_POLL_MS = 50

_log = logging.getLogger("semradio")


class _Candidate(NamedTuple):
    """A checkpoint that could be read."""

    mark: Mark
    about: Mapping[str, Any]
    share: bytes


class Resuming:
    """Goes on from where another process was, or begins.

    Args:
        share: what is to run here; it listens and is connected, its blocks are not started.
        settings: where the checkpoints are.
        look: called while it waits for others.

    Raises:
        RunError: what is there cannot be used; it says why.
    """

    def __init__(self, share: Held, settings: Recovery, look: Callable[[], None]) -> None:
        self.share = share
        self.store = Store(settings.folder)
        self.closers: dict[int, Callable[[], None] | None] = {}
        try:
            roots = {type(b).__module__.partition(".")[0] for b in share.graph.blocks.values()}
            self.packages = {"semradio", *roots}
            found = self._candidates()
            numbers = self.store.numbers()
            chosen = self._chosen(found, look) if numbers else None
            self.saved = None if chosen is None else self._decoded(chosen)
            journal = Journal(self.store.folder, anew=chosen is None)
        except BaseException:
            self.store.close()
            raise
        known: list[Mark] = []
        self.changes = []
        if chosen is not None:
            known = [c.mark for c in found if c.mark.number <= chosen.mark.number]
            for number in numbers:
                if number > chosen.mark.number:
                    self.store.remove(number)
            self.changes = journal.changes[chosen.about["journal"] :]
        number = numbers[-1] + 1 if numbers else 0
        self.recorder = Recorder(share, settings, self.store, journal, known, number)

    def prepare(self, name: str) -> None:
        """Set the state of a block that is about to start, if it goes on."""
        if self.saved is not None:
            prepare_block(self.share.graph.blocks[name], self.saved["blocks"][name])

    def restore(self, name: str) -> None:
        """Put a block that has started where it was, if it goes on."""
        if self.saved is not None:
            restore_block(self.share.graph.blocks[name], self.saved["blocks"][name])

    def restore_share(self) -> None:
        """Put everything else where it was, and let live changes take place that came after."""
        if self.saved is None:
            return
        restore_share(self.share, self.saved)
        for number, closes in self.closers.items():
            sender = self.share.senders[number]
            sender.on_close = closes
            if sender.stopped and not self.saved["senders"][number]["stopped"] and closes:
                # It said so while it was asked where it is.
                closes()
        for sender in self.share.senders.values():
            # That all streams have ended is said again.
            sender.flush()
        self.share.plan_changes(self.changes)
        _log.warning(
            "process '%s' goes on where it was: %s",
            self.share.name or self.share.plan.name,
            self.share.places() or "at the start",
        )

    # Choosing ------------------------------------------------------------------------------

    def _candidates(self) -> list[_Candidate]:
        """Return the checkpoints that can be read, in order; told of those that cannot."""
        found = []
        for number in self.store.numbers():
            read = self.store.read(number)
            if read is None:
                continue
            try:
                about, share = decode(read.body, self.packages)
                mark = Mark(number, about["inputs"], about["outputs"], about["final"])
            except (UndecodableError, TypeError, ValueError, KeyError) as error:
                self.store.refused.append(f"checkpoint {number} {error}")
                continue
            found.append(_Candidate(mark, about, share))
        for why in self.store.refused:
            _log.warning("%s: not used", why)
        if found:
            self._check(found[-1].about["identity"])
        return found

    def _check(self, was: Mapping[str, Any]) -> None:
        """Raise RunError unless what runs here is what was saved."""
        now = identity(self.share.plan, self.share.graph.blocks, self.share.chunk)
        other = differences(was, now)
        if other:
            more = f"; and {len(other) - 5} more" if len(other) > 5 else ""
            raise RunError(
                f"the checkpoints in {self.store.folder} are of something else: "
                f"{'; '.join(other[:5])}{more}; run what they are of, or name an empty folder"
            )

    def _chosen(self, found: list[_Candidate], look: Callable[[], None]) -> _Candidate:
        """Return the newest checkpoint that is not ahead of what the receivers can do without."""
        stopped = set(found[-1].about["stopped"]) if found else set()
        acknowledged = self._receivers_say(stopped, look)
        best = usable([candidate.mark for candidate in found], acknowledged)
        if best:
            return next(c for c in found if c.mark is best[0])
        reasons = "; ".join(self.store.refused) or "those that are left are ahead of the others"
        raise RunError(
            f"no checkpoint in {self.store.folder} can be used ({reasons}): begin anew with an "
            "empty folder, for all processes"
        )

    def _receivers_say(self, stopped: set[int], look: Callable[[], None]) -> dict[int, int]:
        """Return what each receiver has acknowledged; waits until all have said it."""
        share, reminded = self.share, monotonic()
        for number, sender in share.senders.items():
            self.closers[number] = sender.on_close
            sender.on_close = None
        while True:
            awaited = [
                number
                for number, sender in share.senders.items()
                if number not in stopped and sender.peer is None and not share.is_gone(number)
            ]
            if not awaited or share.hub is None:
                break
            share.hub.socket.poll(_POLL_MS)
            share.hub.step()
            look()
            if monotonic() - reminded > REMIND_S:
                reminded = monotonic()
                names = {c.receiver for c in share.outgoing if c.number in awaited}
                _log.warning(
                    "process '%s': waiting for %s, to go on where they are",
                    share.name,
                    ", ".join(f"'{name}'" for name in sorted(names)),
                )
        return {
            number: sender.acknowledged
            for number, sender in share.senders.items()
            if not (number in stopped or sender.stopped or share.is_gone(number))
        }

    def _decoded(self, chosen: _Candidate) -> dict[str, Any]:
        try:
            saved: dict[str, Any] = decode(chosen.share, self.packages)
            saved["blocks"] = {
                name: decode(body, self.packages) for name, body in saved["blocks"].items()
            }
        except (UndecodableError, TypeError, KeyError) as error:
            raise RunError(f"checkpoint {chosen.mark.number}: {error}") from None
        return saved
