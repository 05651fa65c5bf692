"""The one executor of blocks: carries chunks through blocks that stand at the same item index.

A chain begins with what gives it chunks (its *intake*: a source, a block that changes the number
of items, or queues) and goes on with blocks that give one item for each item. They all stand at
the same index, so a chunk runs through them as one straight list of calls on plain arrays, without
queues in between; what is counted is counted once for all. A lone block is a chain of one.

Whatever is out of the ordinary is a *border* at an item index: a tag that a block hears, a live
change, a start, an end, a receiver that goes. A border cuts the chunk. Between borders a pass is
*plain*: calls, and a look at what they gave. At borders it is *careful*: tags are taken along,
results are checked in full, times are measured, and who looks at a port sees its items. When a
block leaves a tag in the middle of a plain pass, the same pass goes on carefully from there.
Nothing else can happen in the middle of one: what other threads ask for waits in the scheduler's
inbox, which is read between passes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from semradio.blocks.api.block import Block
from semradio.blocks.api.item_type import Array
from semradio.blocks.api.kinds import Joint, Sink, SyncBlock
from semradio.blocks.api.tag import Tag
from semradio.blocks.engine.program import Program, Row
from semradio.blocks.engine.queue import Queue
from semradio.blocks.engine.stage import Outlet, Planned, Stage, TakeDown, each_once, index_of
from semradio.blocks.engine.target import Look, Target
from semradio.blocks.errors import BlockError, SemradioError

SAMPLE_EVERY, SAMPLE_EVERY_S = 512, 0.02
"""Passes between two careful ones at most, and seconds: these take the time of each block."""

_ARRAY = np.ndarray


class Intake(Protocol):
    """What gives a chain its chunks."""

    queues: Sequence[Queue]
    """What it takes items from; none for a source."""

    @property
    def taken(self) -> int:
        """Items taken from each queue."""

    @property
    def makes(self) -> int:
        """Items that a source makes whenever it is called; 0 where that is not known."""

    def step(self, chain: Chain) -> bool:
        """Give the chain its next chunk, if there is one; returns whether anything happened."""

    def saved(self) -> dict[str, Any]:
        """Return what it remembers from one step to the next, as plain data."""

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Remember what :meth:`saved` returned."""


class Chain:
    """Carries chunks from an intake through blocks; see the module's own words.

    Args:
        intake: what gives it chunks. slots: how many arrays the intake gives at once.
        head: the block of the intake, where that is one.
        inbox: what others have asked for; a burst of passes ends when something waits there.
    """

    def __init__(
        self,
        intake: Intake,
        slots: int,
        head: Stage | None = None,
        inbox: Sequence[Any] = (),
    ) -> None:
        self.intake = intake
        self.head = head
        self.inbox = inbox
        self.stages: list[Stage] = [] if head is None else [head]
        self.at = 0
        """Index of the next item of all blocks; of a head, of its next output item."""
        self.waiting = False
        """Whether it waits for a clock."""
        self.finished = False
        self.passes = 0
        self.attention: list[Any] = []
        """Blocks that have left a tag or come to their end; filled by the blocks themselves."""
        self.heads = slots
        self.slots: list[Any] = [None] * slots
        """The arrays of the present pass, one for each output of the chain."""
        self.marks: list[list[Tag]] = [[] for _ in range(slots)]
        """The tags of the present pass, likewise; plain passes have none."""
        self.stale = True
        self.sample_at = 0
        """Number of the pass that is careful though nothing happened."""
        self.looking = 0
        """How many want to see the next items of one of its ports: its passes are careful then."""
        self.planned = 0
        """How many changes are still to take place: its passes are careful until then."""
        self.timed_at = 0
        """Where the last pass that was timed has ended."""
        self.outside: list[Target] = []
        self.running: list[Stage] = []
        self.program = Program([], None, self.slots, slots)
        self.joints: dict[tuple[str, ...], Joint | None] = {}
        """What runs several blocks as one call, by their names."""
        self.max_batch = 1 << 62
        self.makes = False
        """Whether the source's call is the first of a plain pass."""
        self.feeds_queue = False
        """Whether somebody of this process reads what it gives outside."""
        if head is not None:
            self._take_in(head)

    # Building ------------------------------------------------------------------------------

    def add(self, block: Block, feeds: Mapping[str, Outlet | int]) -> Stage:
        """Append a sync block.

        Args:
            block: its item types are resolved.
            feeds: by connected input, in the order of declaration: the output of this chain that
                feeds it, or the slot that the intake fills from a queue.
        """
        feeders = [feed if isinstance(feed, Outlet) else None for feed in feeds.values()]
        slots = [feed.slot if isinstance(feed, Outlet) else feed for feed in feeds.values()]
        stage = Stage(block, list(feeds), slots, feeders, len(self.slots))
        self.slots += [None] * len(stage.outlets)
        self.marks += [[] for _ in stage.outlets]
        for feeder in feeders:
            if feeder is not None:
                feeder.readers.append(stage)
        self.stages.append(stage)
        self._take_in(stage)
        return stage

    def _take_in(self, stage: Stage) -> None:
        stage.block.attention = self.attention
        for outlet in stage.outlets:
            for target in outlet.targets:
                self.feed(outlet, target, new=False)
        self.stale = True

    def feed(self, outlet: Outlet, target: Target, *, new: bool = True) -> None:
        """Let one more target receive what an output gives; it counts from the next border on."""
        if new:
            outlet.targets.append(target)
        target.on_close = partial(self.drop, outlet, target)
        self.stale = True

    def drop(self, outlet: Outlet, target: Target) -> None:
        """Send nothing more to ``target``; a block ends when nobody is left to receive."""
        if target in outlet.targets:
            outlet.targets.remove(target)
        self.stale = True
        if _lacks_receivers(outlet.stage):
            self.end(outlet.stage)

    def look(self, stage: Stage, port: str, look: Look) -> None:
        """Show somebody the items at a port, from the next on, until it has seen enough.

        Only between passes. Nothing is laid out anew: looked at is what careful passes carry.

        Args:
            port: an output of the block, or a connected input.
        """
        if stage.finished:
            look.end()
            return
        outlet = stage.outlet(port)
        if outlet is None:
            stage.looks.append((stage.connected.index(port), look))
        else:
            outlet.looks.append(look)
            # A block may spare itself what nobody receives.
            stage.tell_wanted()
        self.looking += 1
        self.sample_at = self.passes

    def take_down(self, told: TakeDown | None) -> None:
        """Measure every call from now on, and tell of it; with None no longer. Between passes."""
        was = self.stages[0].take_down is not None
        self.looking += (told is not None) - was
        self.sample_at = self.passes
        for stage in self.stages:
            stage.take_down = told

    def look_away(self, stage: Stage, port: str, look: Look) -> None:
        """Show somebody nothing more; nothing happens if that is so already."""
        outlet = stage.outlet(port)
        if outlet is not None and look in outlet.looks:
            self._looked_enough(outlet, look)
        elif outlet is None:
            before = len(stage.looks)
            stage.looks = [(place, other) for place, other in stage.looks if other is not look]
            self.looking -= before - len(stage.looks)

    def _looked_enough(self, outlet: Outlet, look: Look) -> None:
        outlet.looks.remove(look)
        self.looking -= 1
        outlet.stage.tell_wanted()

    def stands(self, stage: Stage, port: str) -> int:
        """Return the index of the next item at a port of a block, between passes."""
        outlet = stage.outlet(port)
        if stage is not self.head:
            return self.items_in(stage)
        if outlet is None:
            return self.intake.taken
        uneven = self.intake.queues and len(stage.outlets) > 1
        return outlet.sent if uneven else self.at

    # Counts --------------------------------------------------------------------------------

    def items_in(self, stage: Stage) -> int:
        """Items that a block has worked on; of a source, none."""
        if stage is self.head:
            return self.intake.taken if self.intake.queues else 0
        return stage.ended_at if stage.finished else self.at

    def items_out(self, stage: Stage) -> int:
        """Items that a block has given on its first output; 0 without outputs."""
        if not stage.outlets:
            return 0
        return self.at if stage is self.head else self.items_in(stage)

    def passes_of(self, stage: Stage) -> int:
        """Chunks that a block has worked on."""
        return stage.ended_passes if stage.finished else self.passes

    def busy(self, stage: Stage) -> float:
        """Seconds that a block has worked; estimated from the passes that were timed."""
        at = stage.ended_at if stage.finished else self.at
        return stage.busy + stage.fresh + stage.rate * max(0, at - self.timed_at)

    # Between passes ------------------------------------------------------------------------

    def change(self, stage: Stage, values: Mapping[str, Any]) -> int:
        """Change live parameters of a block, as one; returns the first item for which they count.

        Only between passes. The item is one of the block's first output, or of its first input
        where it has none.

        Raises:
            SemradioError: the block refuses, and stays as it was; or it has ended.
            BlockError: it failed over it.
        """
        if stage.finished:
            raise SemradioError(f"block '{stage.block.name}' has ended")
        at = self.at
        self._assign(stage, values, at)
        self.sample_at = self.passes
        self.reap()
        return at

    def _assign(self, stage: Stage, values: Mapping[str, Any], at: int) -> None:
        block, before = stage.block, stage.enabled
        try:
            block.assign(values)
        except SemradioError:
            raise
        except (Exception, SystemExit) as error:
            raise stage.fail(at, error) from error
        try:
            for name in values:
                block.changed(name, at)
                block.tag(f"{block.name}.{name}", getattr(block, name), at)
        except (Exception, SystemExit) as error:
            raise stage.fail(at, error) from error
        self.stale = self.stale or stage.enabled != before

    def plan(self, stage: Stage, changes: Iterable[Planned]) -> None:
        """Let changes take place at items to come, in order; they are borders as heard tags are."""
        before = len(stage.planned)
        stage.planned.extend(changes)
        self.planned += len(stage.planned) - before
        self.sample_at = self.passes

    def take_planned(self, stage: Stage, at: int) -> None:
        """Let the changes take place that are planned for the next item of a block.

        Args:
            at: its index; of a head that takes from queues, items taken.

        Raises:
            BlockError: the block refuses, or its items are not those of the other run.
        """
        converts = stage is self.head and bool(self.intake.queues)
        while stage.planned and (place := _place(stage.planned[0], converts)) <= at:
            index, _, values = stage.planned.popleft()
            self.planned -= 1
            if place < at or (converts and index != self.at):
                error = SemradioError(f"item {index}, of a change to be repeated, is not its own")
                raise stage.fail(at, error)
            if values is None:
                self.end(stage)
                continue
            try:
                self._assign(stage, values, index)
            except SemradioError as error:
                raise stage.fail(at, error) from error

    def until_planned(self, at: int, count: int) -> int:
        """Return how many of the next items of the head lie before a planned change.

        Changes that are planned for the next item take place first.

        Args:
            at: index of its next item; of a head that takes from queues, items taken.
        """
        head = self.head
        assert head is not None
        self.take_planned(head, at)
        if not head.planned:
            return count
        return min(count, _place(head.planned[0], bool(self.intake.queues)) - at)

    def end_source(self) -> None:
        """Let a source end here, and what it feeds."""
        if self.head is not None and not self.intake.queues:
            self.end(self.head)

    def step(self) -> bool:
        """Make a pass, or several; returns whether anything happened.

        Raises:
            BlockError: a block failed.
        """
        if self.finished:
            return False
        if self.stale:
            self._compile()
            if self.finished:
                return True
        for target in self.outside:
            if target.items >= target.capacity:
                return False
        return self.intake.step(self)

    def _compile(self) -> None:
        """Lay out the calls of a pass, for the blocks that still run."""
        for stage in self.stages:
            stage.tell_wanted()
            if not stage.begun:
                self._begin(stage)
        self.reap()
        self.running = [s for s in self.stages if s is not self.head and not s.finished]
        self.max_batch = min((s.max_batch for s in self.running), default=1 << 62)
        self.makes = 0 < self.intake.makes <= self.max_batch and not self.finished
        rows = self._rows()
        self.running = [stage for _, row in rows for stage in row]
        source = self.head if self.makes else None
        self.program = Program(rows, source, self.slots, self.heads)
        alive = [s for s in self.stages if not s.finished]
        self.outside = [t for s in alive for o in s.outlets for t in o.targets]
        self.feeds_queue = any(isinstance(target, Queue) for target in self.outside)
        self.sample_at = self.passes
        self.stale = False

    def _rows(self) -> list[Row]:
        """Group the blocks that run as one call; each row stands where its first block did."""
        left = list(self.running)
        rows: list[Row] = []
        while left:
            row = [left.pop(0)]
            while (following := _following(row[-1], left)) is not None:
                left.remove(following)
                row.append(following)
            joint = self._joint(row) if len(row) > 1 else None
            rows += [(joint, row)] if joint is not None else [(None, [stage]) for stage in row]
        return rows

    def _joint(self, row: Sequence[Stage]) -> Joint | None:
        """Return what runs a row of blocks as one call; made once, for it may be a model."""
        key = tuple(stage.block.name for stage in row)
        if key not in self.joints:
            first: SyncBlock = row[0].block  # type: ignore[assignment]
            self.joints[key] = first.joined([stage.block for stage in row[1:]])
        return self.joints[key]

    def _begin(self, stage: Stage) -> None:
        """Let a block leave tags on the first item, or end before it."""
        stage.begun = True
        try:
            stage.block.on_start()
        except (Exception, SystemExit) as error:
            raise stage.fail(self.at, error) from error

    # Passes --------------------------------------------------------------------------------

    @property
    def careful(self) -> bool:
        """Whether the next pass has to look at everything."""
        return bool(self.attention) or self.passes >= self.sample_at

    def run_in_pieces(self, n: int) -> None:
        """Carry more items than a block takes at once, without tags, through all blocks.

        Raises:
            BlockError: a block failed.
        """
        arrays, size = self.slots[: self.heads], self.max_batch
        for start in range(0, n, size):
            end = n if self.careful else min(n, start + size)
            self.slots[: self.heads] = [None if a is None else a[start:end] for a in arrays]
            if end - start > size:
                # A block has a tag to leave on the items to come.
                self._clear_marks()
                self.run(end - start, careful=True)
                return
            self.plainly(self.slots[0], end - start)

    def run(self, n: int, *, careful: bool = False) -> None:
        """Carry ``n`` items, which lie in the intake's slots with their tags, through all blocks.

        Raises:
            BlockError: a block failed.
        """
        at, size = self.at, self.max_batch
        if n > size:
            self._in_pieces(0, at, n, range(at + size, at + n, size))
            self.reap()
        elif careful or self.careful or self.makes:
            self._carefully(0, at, n)
            self.reap()
        else:
            self.plainly(self.slots[0], n)
            return
        self._made(n, careful=True)

    def push(self, x: Array) -> None:
        """Carry items of shape (n, *item) from outside through a chain with one input.

        Raises:
            BlockError: a block failed.
        """
        if self.stale:
            self._compile()
        if not self.finished:
            self.slots[0], self.marks[0] = x, []
            self.run(len(x))

    def plainly(self, x: Any, n: int, passes: int = 1) -> None:
        """Carry ``n`` items without tags, ``x`` or what lies in the slots, through all blocks.

        Args:
            passes: how many to make at most; more than one where a source makes the items, and
                ``x`` is how many it is asked for.

        Raises:
            BlockError: a block failed.
        """
        attention, inbox, outside = self.attention, self.inbox, self.outside
        program = self.program.laid_out(n)
        given, at, made = x, self.at, 0
        function: Any = None
        y: Any = x
        try:
            while True:
                for function, size, dtype, call in program:
                    if call is None:
                        y = function(x, at)
                        if attention:
                            break
                        if size is not None:
                            if y.nbytes != size or y.dtype is not dtype:
                                self._verify(function, y, n)
                            x = y
                        continue
                    argument = call.argument
                    y = function(x if argument < 0 else self.slots[argument], at)
                    if attention:
                        break
                    if call.makes:
                        if call.plain:
                            if (
                                y.__class__ is not _ARRAY
                                or y.nbytes != size
                                or y.dtype is not dtype
                            ):
                                break
                            x = y
                            continue
                        if y is None or length(y) != n:
                            break
                    if call.joint is not None:
                        for stage, part in zip(call.stages, y, strict=True):
                            x = self.place(stage, part, n)
                        continue
                    if call.stage.outlets:
                        x = self.place(call.stage, y, n)
                else:
                    made += 1
                    at += n
                    if made == passes or inbox:
                        break
                    if outside and any(target.items >= target.capacity for target in outside):
                        break
                    x = given
                    continue
                # A block has left a tag or comes to its end, or the source gives less than it was
                # asked for: the pass goes on carefully.
                self._count(at, made)
                self._carefully_after(self.program.place_of(function), y, n)
                return
        except (Exception, SystemExit) as error:
            self._count(at, made)
            if isinstance(error, BlockError):
                raise
            raise self._failure(function, y, at, n, error) from error
        self._count(at, made)

    def _count(self, at: int, passes: int) -> None:
        self.at = at
        self.passes += passes

    def _carefully_after(self, k: int, y: Any, n: int) -> None:
        """Go on carefully with a pass in which the k-th call has just given ``y``."""
        self._clear_marks()
        calls, at = self.program.calls, self.at
        if calls[k].makes:
            self.emit(y)
            return
        for call in calls[: k + 1]:
            for stage in call.stages:
                stage.upto = at + n
        for stage, given in zip(calls[k].stages, y if calls[k].joint else [y], strict=True):
            self._give(stage, given, [], at, n)
        self._carefully(self.running.index(calls[k].stages[-1]) + 1, at, n)
        self.reap()
        self._made(n)

    def _made(self, n: int, *, careful: bool = False) -> None:
        """Account for a pass of ``n`` items."""
        self.passes += 1
        self.at += n
        if careful:
            seconds = sum(stage.fresh for stage in self.stages)
            for stage in self.stages:
                stage.settle(n, self.at - n - self.timed_at)
            self.timed_at = self.at
            rare = min(SAMPLE_EVERY, int(SAMPLE_EVERY_S / seconds)) if seconds else SAMPLE_EVERY
            self.sample_at = self.passes + (0 if self.looking or self.planned else rare)
        else:
            # A pass that became careful half-way stands for no other.
            for stage in self.stages:
                stage.settle(0, 0)
        if self.attention:
            self._calm()

    def _calm(self) -> None:
        """Forget what has been dealt with; a block may still hold a tag for items to come."""
        self.attention.clear()
        for stage in self.stages:
            if not stage.finished and (
                stage.block.tags_out or any(outlet.holds_tags for outlet in stage.outlets)
            ):
                self.attention.append(stage.block)

    def _carefully(self, k: int, at: int, n: int) -> None:
        """Carry ``n`` items through the blocks from the k-th on, with their tags."""
        for place in range(k, len(self.running)):
            stage = self.running[place]
            if stage.finished:
                continue
            tags = self._tags_into(stage)
            if stage.planned:
                self.take_planned(stage, at)
            if tags or stage.planned:
                heard = stage.heard(tags)
                borders = {tag.index for tag in heard} | {change.item for change in stage.planned}
                cuts = sorted(index for index in borders if at < index < at + n)
                if cuts:
                    self._in_pieces(place, at, n, cuts)
                    return
                try:
                    for tag in heard:
                        stage.block.on_tag(tag)
                except (Exception, SystemExit) as error:
                    raise stage.fail(at, error) from error
            block: SyncBlock = stage.block  # type: ignore[assignment]
            chunks = [self.slots[slot] for slot in stage.slots]
            if stage.looks:
                self.show_inputs(stage, chunks, [self.marks[slot] for slot in stage.slots], at)
            began = perf_counter()
            try:
                y = stage.call(block.work, chunks, at) if block.enabled else chunks[0]
            except (Exception, SystemExit) as error:
                raise stage.fail(at, error) from error
            stage.spent(began, at, n)
            stage.upto = at + n
            self._give(stage, y, tags, at, n)

    def _in_pieces(self, k: int, at: int, n: int, cuts: Iterable[int]) -> None:
        """Carry ``n`` items, cut at some indices, through the blocks from the k-th on."""
        arrays, marks = list(self.slots), list(self.marks)
        places = [0] * len(marks)
        for start, end in pairwise([at, *cuts, at + n]):
            first, last = start - at, end - at
            # In place: calls with several arguments know the list.
            self.slots[:] = [None if a is None else a[first:last] for a in arrays]
            for slot, tags in enumerate(marks):
                # Tags are in order: a piece begins where the one before it ended.
                begin = places[slot]
                places[slot] = bisect_left(tags, end, begin, key=index_of)
                self.marks[slot] = tags[begin : places[slot]]
            self._carefully(k, start, end - start)
            # Those before the k-th have worked on all pieces already.
            self.reap(self.running[k:])

    def _tags_into(self, stage: Stage) -> list[Tag]:
        """Return the tags of all inputs of a block, in order."""
        if len(stage.slots) == 1:
            return self.marks[stage.slots[0]]
        tags = [tag for slot in stage.slots for tag in self.marks[slot]]
        tags.sort(key=index_of)
        return each_once(tags) if tags else tags

    def _give(self, stage: Stage, result: Any, tags: Sequence[Tag], at: int, n: int) -> None:
        """Check what a block gave for ``n`` items, and hand it on with its tags."""
        if not stage.outlets:
            return
        try:
            arrays = stage.checked(result, n)
        except SemradioError as error:
            raise stage.fail(at, error) from error
        self.hand_on(stage, arrays, tags, at, at + n)

    def hand_on(
        self, stage: Stage, arrays: Sequence[Array | None], tags: Iterable[Tag], at: int, end: int
    ) -> None:
        """Put the items from ``at`` to ``end`` into slots and targets, with the tags on them."""
        own = stage.own_tags()
        for outlet, y in zip(stage.outlets, arrays, strict=True):
            mine = [tag for name, tag in own if name is None or name == outlet.name]
            due = outlet.due(tags, mine, at, end)
            self.slots[outlet.slot] = y
            self.marks[outlet.slot] = due
            for target in outlet.targets:
                target.put(y, due)  # type: ignore[arg-type]  # None only where nobody wants it
            if outlet.looks and y is not None:
                self._show(outlet, y, due, at)

    def _hand_on_unevenly(
        self, stage: Stage, arrays: Sequence[Array | None], tags: Sequence[Tag]
    ) -> None:
        """Put what a block gave into targets where its outputs give different numbers of items."""
        own = stage.own_tags()
        for outlet, y in zip(stage.outlets, arrays, strict=True):
            mine = [tag for name, tag in own if name is None or name == outlet.name]
            if y is None:
                continue
            at = outlet.sent
            outlet.sent += len(y)
            due = outlet.due(tags, mine, at, outlet.sent)
            for target in outlet.targets if len(y) else ():
                target.put(y, due)
            if outlet.looks and len(y):
                self._show(outlet, y, due, at)

    def _show(self, outlet: Outlet, y: Array, tags: Sequence[Tag], at: int) -> None:
        """Let those see the items of an output who want to."""
        for look in list(outlet.looks):
            if not look.see(y, tags, at):
                self._looked_enough(outlet, look)

    def show_inputs(
        self, stage: Stage, chunks: Sequence[Array], tags: Sequence[Sequence[Tag]], at: int
    ) -> None:
        """Let those see the items of a block's inputs who want to.

        Args:
            chunks: of the connected inputs. tags: on their items.
        """
        hungry = [
            (place, look) for place, look in stage.looks if look.see(chunks[place], tags[place], at)
        ]
        self.looking -= len(stage.looks) - len(hungry)
        stage.looks = hungry

    def emit(self, x: Any) -> bool:
        """Hand on a chunk of a source, which may be less than it was asked for, or none.

        Returns:
            Whether anything happened.

        Raises:
            BlockError: it is not what the outputs carry, or a block after it failed.
        """
        head = self.head
        assert head is not None
        n = 0
        if x is not None:
            try:
                n = self.give(x, None, ())
            except SemradioError as error:
                raise head.fail(self.at, error) from error
            if n:
                self.run(n, careful=any(self.marks[: self.heads]))
        self.reap()
        self.waiting = n == 0 and not head.block.finished
        return not self.waiting

    def give(
        self, result: Any, count: int | None, tags: Sequence[Tag], *, even: bool = True
    ) -> int:
        """Put what the head gave into its slots and targets; returns items on the first output.

        Args:
            result: an array, or a tuple of one per output. count: items that each must have; None
                for any. tags: on the new items.
            even: whether all outputs must give the same number of items.

        Raises:
            SemradioError: it is not what the outputs carry.
        """
        head = self.head
        assert head is not None
        arrays = head.checked(result, count)
        sizes = [len(y) for y in arrays if y is not None]
        if even and len(set(sizes)) > 1:
            raise SemradioError(f"block '{head.block.name}' returned outputs of unequal length")
        n = sizes[0] if sizes else 0
        if not even:
            self._hand_on_unevenly(head, arrays, tags)
        elif n:
            self.hand_on(head, arrays, tags, self.at, self.at + n)
        elif tags:
            self.keep(tags)
        return n

    def keep(self, tags: Sequence[Tag]) -> None:
        """Keep tags of the head for the next items, where there are none at present."""
        assert self.head is not None
        for outlet in self.head.outlets:
            outlet.passing.extend(tags)
        self.attention.append(self.head.block)

    def place(self, stage: Stage, result: Any, n: int) -> Any:
        """Check and place what a block gave in a plain pass that is not simply passed on.

        Returns the first of the arrays, which the next call may take directly.
        """
        arrays = result if result.__class__ is tuple else (result,)
        if len(arrays) != len(stage.outlets):
            stage.checked(result, n)
        k = 0
        for y, outlet in zip(arrays, stage.outlets, strict=True):
            if y is None and not outlet.wanted:
                k += 1
                continue
            if (
                y.__class__ is not np.ndarray
                or y.dtype != stage.dtypes[k]
                or len(y) != n
                or y.shape[1:] != stage.shapes[k]
            ):
                stage.checked(result, n)
            self.slots[outlet.slot] = y
            for target in outlet.targets:
                target.put(y)
            k += 1
        return arrays[0]

    def _verify(self, function: Any, y: Any, n: int) -> None:
        """Raise if a result is not what its output carries."""
        self.program.call(function).stage.checked(y, n)

    def _failure(self, function: Any, y: Any, at: int, n: int, error: BaseException) -> BlockError:
        stage = self.program.call(function).stage
        trace = error.__traceback__
        if isinstance(error, AttributeError) and trace is not None and trace.tb_next is None:
            # It was raised here, not by the block: what was returned is no array. The check has
            # the words for it.
            try:
                stage.checked(y, n)
            except SemradioError as better:
                return stage.fail(at, better)
        return stage.fail(at, error)

    def _clear_marks(self) -> None:
        for marks in self.marks:
            if marks:
                self.marks = [[] for _ in self.marks]
                return

    # Ends ----------------------------------------------------------------------------------

    def reap(self, stages: Iterable[Stage] | None = None) -> None:
        """End the blocks that have said that they are at their end."""
        if not self.attention:
            return
        for stage in self.stages if stages is None else stages:
            if stage.block.finished and not stage.finished:
                self.end(stage)

    def end(self, stage: Stage) -> None:
        """End a block: tell its receivers, and let go of what it would have received.

        Raises:
            BlockError: a sink failed to put its work away.
        """
        # Not by recursion: a chain may be longer than Python's stack is deep.
        ending = [stage]
        while ending:
            ending += self._end_one(ending.pop())
        self.finished = all(s.finished for s in self.stages)
        self.stale = True

    def _end_one(self, stage: Stage) -> list[Stage]:
        """End one block; returns those that end with it."""
        if stage.finished:
            return []
        stage.finished = True
        stage.ended_at = max(self.at, stage.upto)
        stage.ended_passes = self.passes + (stage.upto > self.at)
        if isinstance(stage.block, Sink):
            try:
                stage.block.flush()
            except (Exception, SystemExit) as error:
                raise stage.fail(stage.ended_at, error) from error
        for outlet in stage.outlets:
            for target in outlet.targets:
                target.end()
            stage.looks += [(-1, look) for look in outlet.looks]
            outlet.looks = []
        for _, look in stage.looks:
            look.end()
        self.looking -= len(stage.looks)
        stage.looks = []
        # What its readers lack from now on will not come.
        following = [
            reader for outlet in reversed(stage.outlets) for reader in outlet.readers[::-1]
        ]
        for feeder in stage.feeders:
            if feeder is not None:
                feeder.readers.remove(stage)
                if _lacks_receivers(feeder.stage):
                    following.insert(0, feeder.stage)
        if stage is self.head or None in stage.feeders:
            for queue in self.intake.queues:
                queue.close()
        return following


def _place(change: Planned, converts: bool) -> int:
    """Return where a change is due: of a block that converts, in items that it takes."""
    return change.taken if converts else change.item


def _lacks_receivers(stage: Stage) -> bool:
    """Whether nobody is left to receive what a block gives."""
    return stage.had_receivers and not any(outlet.received for outlet in stage.outlets)


def _following(stage: Stage, left: Sequence[Stage]) -> Stage | None:
    """Return the block that takes what one gives, and nothing else, and may run as one with it."""
    block = stage.block
    if not stage.outlets or not stage.enabled or not isinstance(block, SyncBlock):
        return None
    for other in left:
        takes = other.plain and other.feeders[0] is stage.outlets[0]
        if takes and other.enabled and block.joins(other.block):
            return other
    return None


def length(x: Any) -> int:
    """Items in a chunk, or in the first chunk of a tuple."""
    first = x[0] if x.__class__ is tuple else x
    return len(first)
