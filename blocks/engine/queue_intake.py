"""What gives a chain its chunks where it begins with a block that gives one item for each item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from semradio.blocks.api.block import Block
from semradio.blocks.api.kinds import SyncBlock
from semradio.blocks.api.tag import GAP, Tag, items_lost
from semradio.blocks.engine.chain import Chain
from semradio.blocks.engine.queue import Queue, surplus, used_up

JOINED = 4
"""Steps of the grid that are taken at once at most, where that gives the same."""


class QueueIntake:
    """The queues of the first block of a chain, which gives one item for each item.

    Args:
        queues: in the order of the block's inputs.
        aligns: whether the block compares streams: what one of them has lost is then left out on
            the others.

    Attributes:
        grid: where not None, the stream is cut at multiples of so many items and nowhere else, as
            long as it has neither a loss nor an end in between. Where it makes no difference
            whether it is cut at all of them, several steps are taken at once.
        joins: whether it makes none; None: not known yet.
    """

    makes = 0

    def __init__(self, queues: Sequence[Queue], *, aligns: bool = False) -> None:
        self.queues = queues
        self.grid: int | None = None
        self.joins: bool | None = None
        self.only = queues[0] if len(queues) == 1 else None
        self.aligned = Aligned(queues) if aligns and len(queues) > 1 else None

    @property
    def taken(self) -> int:
        """Items that were taken from the first input so far."""
        return self.queues[0].at

    def cut_at(self, grid: int) -> None:
        """Cut the stream at multiples of ``grid`` items from now on."""
        self.grid, self.only = grid, None

    def saved(self) -> dict[str, Any]:
        """Return what it remembers, as plain data."""
        aligned = self.aligned
        return {} if aligned is None else {"lost": aligned.lost, "place": aligned.place}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Remember what :meth:`saved` returned."""
        if self.aligned is not None:
            self.aligned.lost, self.aligned.place = list(saved["lost"]), saved["place"]

    def _to_border(self, chain: Chain, grid: int, available: int) -> int:
        """Return how many items to take to stand on the grid again; 0 to wait for more."""
        grid = min(grid, chain.max_batch)
        wanted = grid - chain.at % grid
        if wanted == grid and available >= 2 * grid and self._may_join(chain, grid):
            return min(available, chain.max_batch, JOINED * grid) // grid * grid
        # What an ended input still has is all that can come.
        for queue in self.queues:
            if queue.ended:
                wanted = min(wanted, queue.items)
        return wanted if available >= wanted else 0

    def _may_join(self, chain: Chain, grid: int) -> bool:
        """Whether several steps of the grid may be one call: nothing else cuts it, nor shows."""
        if chain.attention or chain.planned or any(queue.tags for queue in self.queues):
            return False
        if self.joins is None:
            most = min(JOINED, chain.max_batch // grid)
            # What hears tags of its own chain may be cut by one in the middle.
            self.joins = all(
                (None in stage.feeders or not stage.block.listens)
                and (not stage.block.cut_shows or _same_in_one(stage.block, grid, most))
                for stage in chain.stages
            )
        return self.joins

    def step(self, chain: Chain) -> bool:
        """Let the chain work on what waits; returns whether anything moved."""
        first = chain.stages[0]
        if (
            self.only is not None
            and self.only.items
            and not self.only.tags
            and not first.block.waits
        ):
            # The common case, in few words.
            queue = self.only
            n = queue.items
            if len(queue.chunks) > 1 or n > chain.max_batch:
                n = queue.portion(chain.max_batch)
            chain.marks[0] = []
            chain.slots[0] = x = queue.take(n)
            if chain.careful:
                chain.run(n, careful=True)
            else:
                chain.plainly(x, n)
            return True
        moved = self.aligned is not None and self.aligned.catch_up()
        available = min(queue.items for queue in self.queues)
        if available <= 0:
            if not used_up(self.queues, 1):
                return moved
            for text in surplus(first.connected, self.queues):
                first.block.note(text)
            chain.end(first)
            return True
        if self.grid is None:
            n = min(queue.portion(chain.max_batch) for queue in self.queues)
        else:
            n = self._to_border(chain, self.grid, available)
            if not n:
                return moved
        if self.aligned is not None:
            n = self.aligned.before_next_gap(n)
            if self.grid is not None and n > self.grid:
                n -= n % self.grid
            if not n:
                return moved
        if first.block.waits:
            due = min(n, first.block.ready(n, any(queue.ended for queue in self.queues)))
            chain.waiting = due <= 0 or (self.grid is not None and due < n)
            if chain.waiting:
                return moved
            n = due
        careful = chain.careful
        missing = 0 if self.aligned is None else self.aligned.passed(n)
        for slot, queue in enumerate(self.queues):
            marks = queue.tags_before(queue.at + n) if queue.tags else []
            if marks:
                careful = True
                skew = queue.at - chain.at
                marks = [tag.moved(tag.index - skew) for tag in marks] if skew else marks
            chain.marks[slot] = marks
            chain.slots[slot] = queue.take(n)
        if missing:
            careful = True
            chain.marks[0] = [Tag(chain.at, GAP, missing), *chain.marks[0]]
        if careful:
            chain.run(n, careful=True)
        else:
            chain.plainly(chain.slots[0], n)
        return True


def _same_in_one(block: Block, grid: int, most: int) -> bool:
    return isinstance(block, SyncBlock) and block.same_in_one(grid, most)


class Aligned:
    """Queues of streams that belong together item by item, some of which may have lost some."""

    def __init__(self, queues: Sequence[Queue]) -> None:
        self.queues = queues
        self.lost = [0] * len(queues)
        """Items that each stream has lost before its next one, as it was told."""
        self.place = 0
        """Where the next item of all streams would be without any loss."""

    def catch_up(self) -> bool:
        """Leave out what another stream has lost; returns whether anything was left out."""
        moved = False
        while True:
            for k, queue in enumerate(self.queues):
                gap = queue.gap()
                while gap is not None and gap.index == queue.at:
                    self.lost[k] += items_lost(gap)
                    queue.forget_gap()
                    gap = queue.gap()
            places = self._places()
            behind = [
                (queue, n)
                for queue, place in zip(self.queues, places, strict=True)
                if (n := min(max(places) - place, queue.items, _until_gap(queue)))
            ]
            if not behind:
                return moved
            for queue, n in behind:
                queue.take(n)
                # A tag may say how to read all that follows: it stays, on the item that is next.
                kept = [tag.moved(queue.at) for tag in queue.tags_before(queue.at)]
                queue.tags.extendleft(reversed(kept))
                moved = True

    def before_next_gap(self, n: int) -> int:
        """Return how many items all streams have side by side, at most ``n``."""
        return min(n, *map(_until_gap, self.queues)) if len(set(self._places())) == 1 else 0

    def passed(self, n: int) -> int:
        """Note that ``n`` items are worked on next; returns how many are missing before them."""
        place = self._places()[0]
        missing, self.place = place - self.place, place + n
        return missing

    def _places(self) -> list[int]:
        return [q.at + gone for q, gone in zip(self.queues, self.lost, strict=True)]


def _until_gap(queue: Queue) -> int:
    """Items up to the next loss; more than any queue holds if there is none."""
    gap = queue.gap()
    return 1 << 62 if gap is None else gap.index - queue.at
