"""What gives a chain its chunks where it begins with a block that changes the number of items."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import takewhile
from time import perf_counter
from typing import Any, ClassVar

import numpy as np

from semradio.blocks.api.kinds import RateBlock, StreamBlock
from semradio.blocks.api.tag import FILLED, GAP, Tag, items_lost
from semradio.blocks.engine.chain import Chain
from semradio.blocks.engine.queue import Queue, surplus, used_up
from semradio.blocks.engine.stage import DEFAULT_BATCH, Stage, each_once, index_of
from semradio.blocks.errors import SemradioError


class ConverterIntake(ABC):
    """A block that gives another number of items than it takes: what both kinds have in common."""

    block: RateBlock | StreamBlock
    makes = 0
    counts: ClassVar[tuple[str, ...]] = ("left_out",)
    """What it remembers from one step to the next."""

    def __init__(self, queues: Sequence[Queue]) -> None:
        self.queues = queues
        self.consumed = 1
        self.left_out = 0
        """Items that the block was not given because of losses, less those put in."""

    @property
    def taken(self) -> int:
        """Items that were taken from the first input so far."""
        return self.queues[0].at

    def saved(self) -> dict[str, Any]:
        """Return what it remembers, as plain data."""
        return {name: getattr(self, name) for name in self.counts}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Remember what :meth:`saved` returned."""
        for name in self.counts:
            setattr(self, name, saved[name])

    def step(self, chain: Chain) -> bool:
        """Let the chain work on what waits; returns whether anything moved."""
        available = min(queue.items for queue in self.queues)
        available = self._before_gap(chain, available)
        count = available - available % self.consumed
        head = chain.head
        assert head is not None
        if count <= 0:
            if not used_up(self.queues, self.consumed):
                return False
            at = self.taken
            try:
                self._last(chain, head)
            except (Exception, SystemExit) as error:
                raise head.fail(at, error) from error
            for text in surplus(head.connected, self.queues):
                self.block.note(text)
            chain.end(head)
            return True
        portion = min(queue.portion(self._batch()) for queue in self.queues)
        count = min(count, max(self.consumed, portion - portion % self.consumed))
        if self.block.waits:
            count = min(count, self.block.ready(count, any(q.ended for q in self.queues)))
            chain.waiting = count <= 0
            if count <= 0:
                return False
        if head.planned:
            count = chain.until_planned(self.taken, count)
            if head.finished:
                return True
        if head.looks:
            self._show(chain, head, count)
        self._between_tags(chain, head, count)
        chain.reap()
        return True

    def _show(self, chain: Chain, head: Stage, count: int) -> None:
        """Let those see the next items who want to look at what the block takes."""
        at, chunks, tags = self.taken, [], []
        for queue in self.queues:
            chunks.append(queue.take(count))
            queue.put_back(chunks[-1])
            end = queue.at + count
            tags.append([t.moved(t.index - queue.at + at) for t in queue.tags if t.index < end])
        chain.show_inputs(head, chunks, tags, at)

    def _between_tags(self, chain: Chain, head: Stage, count: int) -> None:
        """Cut at the heard tags, so that each takes effect exactly at its item.

        A step of several items that holds a heard tag is worked on after it: the tag counts from
        the step on.
        """
        end = self.taken + count
        for tag in self.heard_before(head, end):
            start = tag.index - (tag.index - self.taken) % self.consumed
            if start > self.taken:
                self._work_on(chain, head, start - self.taken)
                if self.block.finished:
                    return
            try:
                self.block.on_tag(self.seen(tag))
            except (Exception, SystemExit) as error:
                raise head.fail(self.taken, error) from error
        if end > self.taken:
            self._work_on(chain, head, end - self.taken)

    def heard_before(self, head: Stage, end: int) -> list[Tag]:
        """The tags that the block wants to see on items before ``end``, in order, each once."""
        if not self.block.listens:
            return []
        heard: list[Tag] = []
        for queue in self.queues:
            heard += head.heard(takewhile(lambda tag: tag.index < end, queue.tags))
        heard.sort(key=index_of)
        return each_once(heard)

    def taken_tags(self, end: int) -> list[Tag]:
        """Remove and return the tags of all inputs on items before ``end``, in order."""
        tags: list[Tag] = []
        for queue in self.queues:
            if queue.tags:
                tags += queue.tags_before(end)
        tags.sort(key=index_of)
        return tags

    def called(self, head: Stage, method: Any, count: int) -> Any:
        """Call a method of the block with ``count`` items of every input."""
        at = self.taken
        began = perf_counter()
        try:
            chunks = [queue.take(count) for queue in self.queues]
            return head.call(method, chunks, at - self.left_out)
        except (Exception, SystemExit) as error:
            raise head.fail(at, error) from error
        finally:
            head.spent(began, at, count, sampled=False)

    def seen(self, tag: Tag) -> Tag:
        """Return a tag with the index that its item has among those that the block was given."""
        return tag.moved(tag.index - self.left_out) if self.left_out else tag

    def _before_gap(self, chain: Chain, available: int) -> int:
        """Return how many items may be worked on before a loss."""
        return available

    def _batch(self) -> int:
        return int(getattr(self.block, "max_batch", DEFAULT_BATCH))

    @abstractmethod
    def _work_on(self, chain: Chain, head: Stage, count: int) -> None:
        """Work on the next ``count`` items, which are one stretch between two heard tags."""

    @abstractmethod
    def _last(self, chain: Chain, head: Stage) -> None:
        """Give what the end of the input releases."""


class RateIntake(ConverterIntake):
    """A block with a fixed ratio of items in to items out."""

    block: RateBlock
    counts = ("left_out", "to_skip", "gone")

    def __init__(self, block: RateBlock, queues: Sequence[Queue]) -> None:
        super().__init__(queues)
        self.block = block
        self.consumed, self.produced = block.rate()
        self.to_skip = 0
        """Items that are still to come of a step whose beginning was lost."""
        self.gone = 0
        """Steps that are lost before the next one, which is to tell of it."""
        # An edge that holds less than one step could never start the block.
        for queue in queues:
            queue.capacity = max(queue.capacity, self.consumed)
            queue.limit = max(queue.limit, self.consumed)

    def _batch(self) -> int:
        batch = super()._batch()
        return max(self.consumed, batch - batch % self.consumed)

    def _work_on(self, chain: Chain, head: Stage, count: int) -> None:
        at = self.taken
        if self.gone:
            chain.keep([Tag(chain.at, GAP, self.gone * self.produced)])
            self.gone = 0
        tags = self._moved(self.taken_tags(at + count))
        y = self.called(head, self.block.work, count)
        emit(chain, y, count // self.consumed * self.produced, tags, at)

    def _last(self, chain: Chain, head: Stage) -> None:
        left = min(queue.items for queue in self.queues)
        if not left:
            return
        at = self.taken
        for tag in self.heard_before(head, at + left):
            self.block.on_tag(self.seen(tag))
        tags = self._moved(self.taken_tags(at + left))
        y = self.called(head, self.block.tail, left)
        if y is not None:
            emit(chain, y, None, tags, at)

    def _moved(self, tags: list[Tag]) -> list[Tag]:
        return [tag.moved(self.block.moved(tag.index - self.left_out)) for tag in tags]

    # Losses --------------------------------------------------------------------------------

    def _before_gap(self, chain: Chain, available: int) -> int:
        """Return how many items may be worked on before a loss; at one, mend what it breaks."""
        if len(self.queues) > 1:
            return available
        queue, step = self.queues[0], self.consumed
        while True:
            gap = queue.gap()
            ahead = queue.items if gap is None else gap.index - queue.at
            if self.to_skip:
                self._skip(min(self.to_skip, ahead, queue.items))
                if self.to_skip and gap is not None and gap.index == queue.at:
                    # Another loss in a step that is left out anyhow.
                    queue.forget_gap()
                    place = step - self.to_skip + items_lost(gap)
                    self.to_skip = -place % step
                    self.gone += (place + self.to_skip) // step - 1
                    continue
                if self.to_skip:
                    return 0
            elif gap is None or ahead >= step:
                return min(queue.items, ahead - ahead % step if gap is not None else queue.items)
            else:
                self._mend(chain, gap)

    def _skip(self, n: int) -> None:
        """Leave out items of a step whose beginning was lost."""
        if not n:
            return
        queue = self.queues[0]
        queue.take(n)
        self.to_skip -= n
        self.left_out += n
        # A tag may say how to read all that follows: it stays, on the item that is next.
        self._let_stay([tag.moved(queue.at) for tag in queue.tags_before(queue.at)])

    def _mend(self, chain: Chain, gap: Tag) -> None:
        """Come back to the border of a step at a loss, which is less than a step away."""
        queue, step, made = self.queues[0], self.consumed, self.produced
        before, gone = gap.index - queue.at, items_lost(gap)
        ahead = (before + gone) % step
        """Items of its step that should have come before the first one after the loss."""
        queue.forget_gap()
        tags = queue.tags_before(gap.index)
        first = queue.take(before) if before else queue.item.empty()
        if self.block.broken == "drop":
            self.left_out += before
            self.to_skip = -ahead % step
            self.gone += (before + gone + self.to_skip) // step
            if before or self.to_skip:
                self.block.note("items that a loss had broken were left out: see tag 'gap'")
            self._let_stay([tag.moved(gap.index) for tag in tags])
            return
        at, told = chain.at + (before > 0) * made, []
        if before:
            told.append(Tag(chain.at, FILLED, made))
        if before + gone < step:
            zeros = gone
            told = [Tag(chain.at, FILLED, made)]
        else:
            # The step before the loss and the one after it are completed, those between are lost.
            zeros = (step - before if before else 0) + ahead
            steps = (before + gone) // step - (before > 0)
            if before and steps:
                told.append(Tag(at, GAP, steps * made))
            elif steps:
                self.gone += steps
            if ahead:
                told.append(Tag(at, FILLED, made))
        queue.put_back(np.concatenate([first, np.zeros((zeros, *first.shape[1:]), first.dtype)]))
        self.left_out -= zeros
        self._let_stay([tag.moved(tag.index - zeros) for tag in tags])
        chain.keep(told)

    def _let_stay(self, tags: Sequence[Tag]) -> None:
        self.queues[0].tags.extendleft(reversed(tags))


class StreamIntake(ConverterIntake):
    """A block that decides itself how many items it gives."""

    block: StreamBlock

    def __init__(self, block: StreamBlock, queues: Sequence[Queue]) -> None:
        super().__init__(queues)
        self.block = block

    def _work_on(self, chain: Chain, head: Stage, count: int) -> None:
        at = self.taken
        tags = self.taken_tags(at + count)
        y = self.called(head, self.block.work, count)
        self._hand_on(chain, head, y, tags, at)

    def _last(self, chain: Chain, head: Stage) -> None:
        self._hand_on(chain, head, self.block.flush(), [], self.taken)

    def _hand_on(self, chain: Chain, head: Stage, y: Any, tags: list[Tag], at: int) -> None:
        carried = (self.block.carried(tag) for tag in tags)
        moved = [tag for tag in carried if tag is not None]
        if y is not None:
            emit(chain, y, None, moved, at)
        elif moved:
            chain.keep(moved)


def emit(chain: Chain, y: Any, count: int | None, tags: Sequence[Tag], at: int) -> None:
    """Hand on what the head of a chain gave for its input items from ``at`` on, and run the rest.

    Raises:
        BlockError: it is not what the outputs carry, or a block after it failed.
    """
    head = chain.head
    assert head is not None
    try:
        n = chain.give(y, count, tags, even=len(head.outlets) == 1)
    except SemradioError as error:
        raise head.fail(at, error) from error
    if n:
        chain.run(n, careful=bool(chain.marks[0]))
