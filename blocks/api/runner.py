"""Runs one block: takes chunks from its queues, calls ``work``, hands the results on.

This is the only place that knows how a stream is cut, where tags go, how live changes take effect
and how a stream ends, so that every block obeys the laws without code of its own. A runner does
not know where its queues lead: a neighbour in the same process, a ZeroMQ edge or a test.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import numpy as np

from semradio.blocks.api.block import Block, RateBlock, Sink, Source, StreamBlock, SyncBlock
from semradio.blocks.api.item_type import Array, ItemType
from semradio.blocks.api.queue import Queue
from semradio.blocks.api.tag import Tag
from semradio.blocks.errors import SemradioError


class BlockError(SemradioError):
    """A block failed while running: which one, at which item, and why."""

    def __init__(self, block: str, index: int, cause: BaseException) -> None:
        known = isinstance(cause, SemradioError)
        text = str(cause) if known else f"{type(cause).__name__}: {cause}"
        super().__init__(f"block '{block}', item {index}: {text}")
        self.block = block
        self.index = index
        self.reason = text


Answer = Callable[[int | SemradioError], None]
"""Hears from which item on a live change counts, or why it was refused."""


class Change(NamedTuple):
    """Live parameters of one block that are to change as one, at the next item border."""

    values: Mapping[str, Any]
    answer: Answer


class Target(Protocol):
    """Where an output's chunks go: a :class:`Queue` or the sending end of an edge."""

    items: int
    capacity: float

    def put(self, chunk: Array, tags: Sequence[Tag] = ()) -> None:
        """Append a chunk and its tags."""

    def end(self) -> None:
        """Say that no more items come."""


class Runner:
    """The running state of one block; :func:`make_runner` makes the right kind.

    Args:
        block: a block whose item types are resolved.
        queues: the queue of each connected input, by port name.
        targets: where each output goes, by port name; may be empty.
    """

    def __init__(
        self,
        block: Block,
        queues: Mapping[str, Queue],
        targets: Mapping[str, list[Any]],
    ) -> None:
        self.block = block
        self.queues = list(queues.values())
        self.by_port = dict(queues)
        self.outputs = [targets.get(output, []) for output in block.outputs]
        self.output_names = list(block.outputs)
        self.types: list[ItemType] = [block.output_item_types[o] for o in block.outputs]
        self.dtypes = [item.numpy for item in self.types]
        self.sent = [0] * len(self.outputs)
        self.pending: list[list[Tag]] = [[] for _ in self.outputs]
        self.changes: deque[Change] = deque()
        self.finished = False
        self.items_in = 0
        self.busy = 0.0
        self.max_batch = int(getattr(block, "max_batch", DEFAULT_BATCH))
        self.listens_all = "*" in block.listens
        self.waits = block.waits
        self.waiting = False
        self.started = False
        self.gives_tuples = False
        """Whether ``work`` wraps its only output in a tuple."""
        self.had_targets = any(self.outputs)
        self.all_targets: list[Any] = []
        self.on_rewire: Callable[[], None] | None = None
        self.rewire()

    def rewire(self) -> None:
        """Take note of changed targets; called after wiring and when a receiver closes."""
        self.all_targets = [target for targets in self.outputs for target in targets]
        self.block.wanted = frozenset(
            name for name, targets in zip(self.output_names, self.outputs, strict=True) if targets
        )
        if self.on_rewire is not None:
            self.on_rewire()

    def drop_target(self, target: Any) -> None:
        """Send nothing more to ``target``; the block ends when nobody is left to receive."""
        for targets in self.outputs:
            if target in targets:
                targets.remove(target)
        self.rewire()
        if self.had_targets and not self.all_targets:
            self.end()

    @property
    def position(self) -> int:
        """The next item: of the first output, or of the first input of a block without outputs."""
        return self.sent[0] if self.sent else self.queues[0].at if self.queues else 0

    @property
    def items_out(self) -> int:
        """Items sent by the first output."""
        return self.sent[0] if self.sent else 0

    def change(self, values: Mapping[str, Any], answer: Answer | None = None) -> None:
        """Change live parameters, as one, at the next item border; any thread may ask.

        Args:
            values: by parameter.
            answer: told the first item for which they count (of the first output, or of the first
                input of a block without outputs), or why they were refused; without it, a note
                tells of a refusal.
        """
        self.changes.append(Change(values, answer or self._note_refusal))
        self.block.attention.append(self.block)
        if self.finished:
            self._refuse_changes()

    def _note_refusal(self, found: int | SemradioError) -> None:
        # A refused request leaves the block as it was; it must not end the stream.
        if isinstance(found, SemradioError):
            self.block.note(f"change refused: {found}")

    def _refuse_changes(self) -> None:
        """Refuse what was asked for too late; may be called by two threads at once."""
        while True:
            try:
                change = self.changes.popleft()
            except IndexError:
                return
            change.answer(SemradioError(f"block '{self.block.name}' has ended"))

    def step(self) -> bool:
        """Work on what waits; returns whether anything happened.

        Raises:
            BlockError: the block failed.
        """
        raise SemradioError("a runner needs a kind")

    def end(self) -> None:
        """End the block: no more input is wanted, and the receivers are told."""
        if self.finished:
            return
        self.finished = True
        if self.on_rewire is not None:
            self.on_rewire()
        for targets in self.outputs:
            for target in targets:
                target.end()
        for queue in self.queues:
            queue.close()
        self._refuse_changes()

    # Shared steps --------------------------------------------------------------------------

    def prepare(self) -> bool:
        """Apply live changes and begin, where due; returns whether the block is at its end."""
        try:
            if self.changes:
                self.apply_changes()
            if not self.started:
                self.begin()
        except (Exception, SystemExit) as error:
            raise self.fail(self.position, error) from error
        if self.block.finished:
            self.complete()
        return self.finished

    def begin(self) -> None:
        """Let the block leave tags on the first item, or end before it."""
        self.started = True
        self.block.on_start()

    def apply_changes(self) -> None:
        """Apply the live changes that were asked for, and leave a tag for each."""
        block, at = self.block, self.position
        while self.changes:
            values, answer = self.changes.popleft()
            try:
                block.assign(values)
            except SemradioError as error:
                answer(error)
                continue
            for name in values:
                block.changed(name, at)
                block.tag(f"{block.name}.{name}", getattr(block, name), at)
            answer(at)

    def complete(self) -> None:
        """End the block in good order."""
        self.end()

    def blocked(self) -> bool:
        """Whether a receiver has no room."""
        return any(target.items >= target.capacity for target in self.all_targets)

    def surplus(self) -> None:
        """Note input that nobody will read because another input ended."""
        for name, queue in self.by_port.items():
            if queue.items:
                self.block.note(f"input '{name}' had {queue.items} items more than another input")

    def heard(self, tags: Iterable[Tag]) -> list[Tag]:
        """The tags that the block wants to see."""
        if self.listens_all:
            return list(tags)
        keys = self.block.listens
        return [tag for tag in tags if tag.key in keys] if keys else []

    def fail(self, at: int, error: BaseException) -> BlockError:
        """Wrap an exception of the block's own code."""
        if isinstance(error, BlockError):
            return error
        return BlockError(self.block.name, at, error)

    def deliver(self, result: Any, tags: Sequence[Sequence[Tag]] | None, count: int | None) -> None:
        """Check what ``work`` returned and hand it to the receivers.

        Args:
            result: an array, or a tuple of one per output.
            tags: the tags of the new items, per output; None for none.
            count: number of items that each output must have; None for any.
        """
        arrays = result if isinstance(result, tuple) else (result,)
        if arrays is result and len(arrays) == 1 and not self.gives_tuples:
            self.gives_tuples = True
            if self.on_rewire is not None:
                self.on_rewire()
        if len(arrays) != len(self.outputs):
            raise SemradioError(
                f"work returned {len(arrays)} arrays for {len(self.outputs)} outputs"
            )
        if self.block.tags_out:
            tags = self._own_tags(tags)
        for k, y in enumerate(arrays):
            item = self.types[k]
            if y is None and not self.outputs[k]:
                self.sent[k] += len(arrays[0]) if count is None else count
                continue
            if (
                y.__class__ is not np.ndarray
                or y.dtype != self.dtypes[k]
                or y.ndim == 0
                or y.shape[1:] != item.shape
            ):
                raise SemradioError(
                    f"work returned {_describe(y)} on output '{self.output_names[k]}', "
                    f"which carries {item}"
                )
            n = len(y)
            if count is not None and n != count:
                raise SemradioError(
                    f"work returned {n} items on output '{self.output_names[k]}' where "
                    f"{count} were due"
                )
            if n == 0 and tags is None:
                continue
            first = self.sent[k]
            self.sent[k] = first + n
            if tags is None and not self.pending[k]:
                for target in self.outputs[k]:
                    target.put(y)
            else:
                now = self._due(k, tags[k] if tags is not None else (), first + n)
                for target in self.outputs[k]:
                    target.put(y, now)

    def _own_tags(self, tags: Sequence[Sequence[Tag]] | None) -> list[list[Tag]]:
        merged = [list(t) for t in tags] if tags is not None else [[] for _ in self.outputs]
        for name, tag in self.block.tags_out:
            for k, output in enumerate(self.output_names):
                if name is None or name == output:
                    merged[k].append(tag)
        self.block.tags_out = []
        return merged

    def _due(self, k: int, tags: Sequence[Tag], end: int) -> list[Tag]:
        """The tags on items before ``end``, in order, each once; the rest waits."""
        waiting = self.pending[k]
        waiting.extend(tags)
        waiting.sort(key=_index_of)
        count = bisect_left(waiting, end, key=_index_of)
        due = _each_once(waiting[:count])
        del waiting[:count]
        return due


DEFAULT_BATCH = 8192
"""Items that a block takes at once when several chunks wait."""


def _index_of(tag: Tag) -> int:
    return tag.index


def _each_once(tags: list[Tag]) -> list[Tag]:
    """Leave out tags that repeat the one before of their key on the same item.

    A tag that reaches a block by two inputs is one tag; a state that went on, off and on again
    before an item is three. ``tags`` are in order.
    """
    kept: list[Tag] = []
    latest: dict[str, Tag] = {}
    for tag in tags:
        if latest.get(tag.key) == tag:
            continue
        latest[tag.key] = tag
        kept.append(tag)
    return kept


def _describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return str(ItemType.of(value)) if value.ndim else f"a scalar {value.dtype}"
    return f"a {type(value).__name__}"


class SourceRunner(Runner):
    """Runs a block without inputs, ``chunk`` items a step."""

    block: Source

    def __init__(self, block: Source, targets: Mapping[str, list[Any]], chunk: int) -> None:
        super().__init__(block, {}, targets)
        self.chunk = chunk

    def step(self) -> bool:
        if self.finished:
            return False
        if (self.changes or not self.started) and self.prepare():
            return True
        for target in self.all_targets:
            if target.items >= target.capacity:
                return False
        at = self.sent[0]
        n = self.chunk
        if self.waits:
            n = min(n, self.block.ready(n, False))
            if n <= 0:
                self.waiting = True
                return False
        t0 = perf_counter()
        try:
            y = self.block.work(n, at)
        except (Exception, SystemExit) as error:
            raise self.fail(at, error) from error
        self.busy += perf_counter() - t0
        return self.emit(y)

    def emit(self, y: Any) -> bool:
        """Hand on what ``work`` returned, and end if it was the last; returns whether it was any.

        Raises:
            BlockError: it is not what the outputs carry.
        """
        at = self.sent[0]
        try:
            if y is not None:
                self.deliver(y, None, None)
        except (Exception, SystemExit) as error:
            raise self.fail(at, error) from error
        if self.block.finished:
            self.end()
            return True
        self.waiting = self.sent[0] == at
        return not self.waiting


class InputRunner(Runner):
    """Runs a block with inputs: what sync, rate and stream blocks have in common."""

    def __init__(
        self, block: Block, queues: Mapping[str, Queue], targets: Mapping[str, list[Any]]
    ) -> None:
        super().__init__(block, queues, targets)
        self.consumed = 1
        self.arguments = _arguments(block, list(queues))
        self.plain = self.arguments == [0] and len(self.queues) == 1

    def available(self) -> int:
        """Items that wait on every input."""
        queues = self.queues
        return queues[0].items if len(queues) == 1 else min(q.items for q in queues)

    def portion(self, limit: int) -> int:
        """Items to take at once of every input, at most ``limit``."""
        queues = self.queues
        if len(queues) == 1:
            return queues[0].portion(limit)
        return min(queue.portion(limit) for queue in queues)

    def used_up(self) -> bool:
        """Whether no further step can come: an ended input holds less than a step needs.

        The other inputs must hold as much as that one, or have ended too, so that what is left
        at the end does not depend on which input arrives first.
        """
        left = min((q.items for q in self.queues if q.ended), default=None)
        return left is not None and left < self.consumed and self.available() >= left

    def call(self, method: Callable[..., Any], count: int) -> Any:
        """Call ``work`` with ``count`` items of every input."""
        at = self.queues[0].at
        taken = [queue.take(count) for queue in self.queues]
        if self.plain:
            return method(taken[0], at)
        args = [
            None if slot is None else taken[slot] if isinstance(slot, int)
            else [taken[s] for s in slot]
            for slot in self.arguments
        ]  # fmt: skip
        return method(*args, at)

    def take_tags(self, end: int) -> list[Tag]:
        """Remove and return the tags of all inputs on items before ``end``, in order."""
        tags: list[Tag] = []
        for queue in self.queues:
            if queue.tags:
                tags += queue.tags_before(end)
        tags.sort(key=_index_of)
        return tags

    def work_on(self, count: int) -> None:
        """Work on the next ``count`` items, which are one stretch between two heard tags."""
        raise SemradioError("a runner needs a kind")

    def last(self) -> None:
        """Called once when the input has ended and is used up."""

    def step(self) -> bool:
        if self.finished:
            return False
        if (self.changes or not self.started) and self.prepare():
            return True
        available = self.available()
        count = available - available % self.consumed
        if count <= 0:
            if self.used_up():
                self._finish()
                return True
            return False
        for target in self.all_targets:
            if target.items >= target.capacity:
                return False
        portion = self.portion(self.batch())
        count = min(count, max(self.consumed, portion - portion % self.consumed))
        if self.waits:
            count = min(count, self.block.ready(count, any(q.ended for q in self.queues)))
            if count <= 0:
                self.waiting = True
                return False
            self.waiting = False
        at = self.queues[0].at
        t0 = perf_counter()
        try:
            if self.listens_all or self.block.listens:
                self._work_between_tags(count)
            else:
                self.work_on(count)
        except (Exception, SystemExit) as error:
            raise self.fail(at, error) from error
        self.busy += perf_counter() - t0
        self.items_in += self.queues[0].at - at
        if self.block.finished:
            self.complete()
        return True

    def batch(self) -> int:
        """Items to take at once at most."""
        return self.max_batch

    def _work_between_tags(self, count: int) -> None:
        """Cut at the heard tags, so that each takes effect exactly at its item.

        A step of several items that holds a heard tag is worked on after it: the tag counts from
        the step on.
        """
        end = self.queues[0].at + count
        for tag in self.heard_before(end):
            start = tag.index - tag.index % self.consumed
            if start > self.queues[0].at:
                self.work_on(start - self.queues[0].at)
                if self.block.finished:
                    return
            self.block.on_tag(tag)
        left = end - self.queues[0].at
        if left > 0:
            self.work_on(left)

    def heard_before(self, end: int) -> list[Tag]:
        """The tags that the block wants to see on items before ``end``, in order, each once."""
        heard: list[Tag] = []
        for queue in self.queues:
            heard += self.heard(takewhile(lambda tag: tag.index < end, queue.tags))
        heard.sort(key=_index_of)
        return _each_once(heard)

    def _finish(self) -> None:
        at = self.queues[0].at
        try:
            self.last()
        except (Exception, SystemExit) as error:
            raise self.fail(at, error) from error
        self.complete()


class SyncRunner(InputRunner):
    """Runs a block that gives one item for each item."""

    block: SyncBlock

    def work_on(self, count: int) -> None:
        at = self.queues[0].at
        tags = self.take_tags(at + count)
        if self.block.enabled:
            y = self.call(self.block.work, count)
        else:
            taken = [queue.take(count) for queue in self.queues]
            y = taken[0]
        if self.outputs:
            self.deliver(y, [tags] * len(self.outputs) if tags else None, count)

    def last(self) -> None:
        self.surplus()

    def complete(self) -> None:
        if isinstance(self.block, Sink) and not self.finished:
            try:
                self.block.flush()
            except (Exception, SystemExit) as error:
                raise self.fail(self.queues[0].at, error) from error
        self.end()


class RateRunner(InputRunner):
    """Runs a block with a fixed ratio of items in to items out."""

    block: RateBlock

    def __init__(
        self, block: RateBlock, queues: Mapping[str, Queue], targets: Mapping[str, list[Any]]
    ) -> None:
        super().__init__(block, queues, targets)
        self.consumed, self.produced = block.rate()
        # An edge that holds less than one step could never start the block.
        for queue in self.queues:
            queue.capacity = max(queue.capacity, self.consumed)
            queue.limit = max(queue.limit, self.consumed)

    def batch(self) -> int:
        return max(self.consumed, self.max_batch - self.max_batch % self.consumed)

    def work_on(self, count: int) -> None:
        at = self.queues[0].at
        tags = self._mapped(self.take_tags(at + count))
        y = self.call(self.block.work, count)
        self.deliver(y, tags, count // self.consumed * self.produced)

    def last(self) -> None:
        left = self.available()
        if left:
            end = self.queues[0].at + left
            for tag in self.heard_before(end):
                self.block.on_tag(tag)
            tags = self._mapped(self.take_tags(end))
            y = self.call(self.block.tail, left)
            if y is not None:
                self.deliver(y, tags, None)
        self.surplus()

    def _mapped(self, tags: list[Tag]) -> list[list[Tag]] | None:
        if not tags:
            return None
        moved = [tag.moved(self.block.moved(tag.index)) for tag in tags]
        return [moved] * len(self.outputs)


class StreamRunner(InputRunner):
    """Runs a block that decides itself how many items it gives."""

    block: StreamBlock

    def work_on(self, count: int) -> None:
        at = self.queues[0].at
        tags = self.take_tags(at + count)
        y = self.call(self.block.work, count)
        self._hand_on(y, tags)

    def last(self) -> None:
        self._hand_on(self.block.flush(), [])
        self.surplus()

    def _hand_on(self, y: Any, tags: list[Tag]) -> None:
        moved = None
        if tags:
            places = [(self.block.moved(tag.index), tag) for tag in tags]
            kept = [tag.moved(place) for place, tag in places if place is not None]
            moved = [kept] * len(self.outputs)
        if y is not None:
            self.deliver(y, moved, None)
        elif moved is not None:
            for k in range(len(self.outputs)):
                self.pending[k].extend(moved[k])


def make_runner(
    block: Block,
    queues: Mapping[str, Queue],
    targets: Mapping[str, list[Any]],
    chunk: int = 64,
) -> Runner:
    """Return the runner for a block's kind; ``chunk`` is what a source emits per step."""
    if isinstance(block, Source):
        return SourceRunner(block, targets, chunk)
    if isinstance(block, SyncBlock):
        return SyncRunner(block, queues, targets)
    if isinstance(block, RateBlock):
        return RateRunner(block, queues, targets)
    if isinstance(block, StreamBlock):
        return StreamRunner(block, queues, targets)
    raise SemradioError(
        f"block type '{block.block_type}' derives from no kind of block: "
        "use Source, SyncBlock, RateBlock, StreamBlock or Sink"
    )


def _arguments(block: Block, connected: list[str]) -> list[Any]:
    """For each declared input, which queue feeds it: an index, a list of them, or None."""
    slots: list[Any] = []
    for port in block.input_ports():
        names = port.names(block)
        found = [connected.index(name) if name in connected else None for name in names]
        slots.append(found[0] if port.count is None else found)
    return slots
