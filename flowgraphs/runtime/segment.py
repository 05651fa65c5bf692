"""Fused runs of sync blocks: the fast path of the scheduler.

Blocks that give one item for each item, fed by one source or one queue, all stand at the same item
index. A segment runs them as one straight list of calls on plain arrays, without queues and
without bookkeeping in between; what is counted is counted once for all. Whatever is out of the
ordinary (a tag, a live change, the end of the stream, a block that has just started) is left to the
blocks' own runners, which know all the rules; the segment then takes over again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import numpy as np

from semradio.blocks.api.queue import Queue
from semradio.blocks.api.runner import BlockError, InputRunner, Runner, SourceRunner, SyncRunner
from semradio.blocks.errors import SemradioError

SAMPLE_EVERY = 512
"""Passes between two that go through the runners, which take the time of each block."""

BURST = 64
"""Passes that a source may make in a row before others get their turn; where it shares a reader
with others, items. They keep pace then, and what waits for the reader is still in the cache."""

_PREVIOUS = -1
"""Marks an operation whose one argument is the previous operation's result."""


class Operation:
    """One block's call within a pass: where its arguments are and where its results go."""

    __slots__ = (
        "argument",
        "call",
        "dtypes",
        "enabled",
        "keep",
        "outside",
        "runner",
        "shapes",
        "slots",
        "wanted",
    )

    def __init__(self, runner: SyncRunner) -> None:
        self.runner = runner
        self.enabled = runner.block.enabled
        self.call: Callable[..., Any] = runner.block.work if self.enabled else _bypass
        self.argument = 0
        self.keep = False
        self.slots: list[int] = []
        self.dtypes = runner.dtypes
        self.shapes = [item.shape for item in runner.types]
        self.outside: list[list[Any]] = [[] for _ in runner.outputs]
        self.wanted = [bool(targets) for targets in runner.outputs]


class Segment:
    """Runs a source, or what waits in one queue, through the sync blocks that follow.

    Args:
        head: the runner of a source, or the queue that feeds the first block.
        members: runners of the sync blocks, in topological order.
    """

    def __init__(self, head: SourceRunner | Queue, members: list[SyncRunner]) -> None:
        self.source = head if isinstance(head, SourceRunner) else None
        self.queue = head if isinstance(head, Queue) else None
        self.members = members
        self.runners: list[Runner] = [*([self.source] if self.source else []), *members]
        self.attention: list[Any] = []
        self.stale = True
        self.warm = False
        self.whole = False
        """Whether everything that feeds a block which still runs does so too."""
        self.items = 0
        self.passes = 0
        self.timed_items = 0
        self.total_items = 0
        self.slots: list[Any] = []
        self.operations: list[Operation] = []
        self.program: list[tuple[Any, ...]] = []
        self.program_size = -1
        self.outside_targets: list[Any] = []
        self.head_shapes: list[tuple[int, ...]] = []
        self.head_outside: list[list[Any]] = []
        self.keep_head = False
        self.inner: list[tuple[Queue, SyncRunner]] = []
        self.shares_reader = False
        """Whether a block of this process reads from this segment and from elsewhere."""
        self.max_batch = 1
        for runner in self.runners:
            runner.block.attention = self.attention
            runner.on_rewire = self._mark_stale

    def _mark_stale(self) -> None:
        self.stale = True

    @property
    def finished(self) -> bool:
        """Whether every block has ended."""
        return all(runner.finished for runner in self.runners)

    # Compiling -----------------------------------------------------------------------------

    def _compile(self) -> None:
        """Lay the calls of one pass out, for the blocks that still run."""
        alive = [runner for runner in self.members if not runner.finished]
        slot_of: dict[int, int] = {}
        self.inner = []
        inside = {id(queue) for runner in alive for queue in runner.queues}
        count = 0
        self.head_outside = []
        if self.source is not None:
            for targets in self.source.outputs:
                for target in targets:
                    slot_of[id(target)] = count
                self.head_outside.append([t for t in targets if id(t) not in inside])
                count += 1
        else:
            slot_of[id(self.queue)] = 0
            count = 1
        self.operations = []
        for runner in alive:
            operation = Operation(runner)
            for k, targets in enumerate(runner.outputs):
                for target in targets:
                    slot_of[id(target)] = count
                operation.slots.append(count)
                operation.outside[k] = [t for t in targets if id(t) not in inside]
                count += 1
            self.operations.append(operation)
            self.inner += [(q, runner) for q in runner.queues if q is not self.queue]
        self.slots = [None] * count
        self.whole = all(id(q) in slot_of for runner in alive for q in runner.queues) and not (
            self.source is not None and self.source.finished
        )
        if self.whole:
            self._link(slot_of)
        self.outside_targets = [
            t
            for group in [self.head_outside, *(o.outside for o in self.operations)]
            for targets in group
            for t in targets
        ]
        self.shares_reader = any(isinstance(target, Queue) for target in self.outside_targets)
        self.max_batch = min((r.max_batch for r in alive), default=1 << 62)
        self.program_size = -1
        self.stale = False

    def _link(self, slot_of: Mapping[int, int]) -> None:
        """Tell each operation where its arguments are; the latest result is passed directly."""
        readers: dict[int, int] = {}
        for operation in self.operations:
            for queue in operation.runner.queues:
                readers[slot_of[id(queue)]] = readers.get(slot_of[id(queue)], 0) + 1
        # Before the first operation, the latest result is the head's, if it has only one.
        latest = 0 if self.source is None or len(self.source.outputs) == 1 else None
        made_by = -1
        for k, operation in enumerate(self.operations):
            runner = operation.runner
            places = [slot_of[id(queue)] for queue in runner.queues]
            if runner.plain and places[0] == latest:
                operation.argument = _PREVIOUS
                # With a call in between the result is kept too: should that call have something
                # to say, the runners need it.
                if made_by == k - 1:
                    readers[places[0]] -= 1
            elif runner.plain:
                operation.argument = places[0]
            else:
                operation.call = _gather(operation.call, runner.arguments, places, self.slots)
                operation.argument = places[0]
            if operation.slots:
                latest = operation.slots[0] if len(operation.slots) == 1 else None
                made_by = k
        for operation in self.operations:
            operation.keep = any(readers.get(slot, 0) for slot in operation.slots)
        heads = 1 if self.source is None else len(self.source.outputs)
        self.keep_head = any(readers.get(slot, 0) for slot in range(heads))

    def _lay_out(self, n: int) -> None:
        """Flatten the operations for chunks of ``n`` items.

        An entry is (call, bytes, dtype, operation); the operation is None in the common case: one
        argument, the latest result, and one output that only the next operation reads, or none.

        Bytes and dtype of a result are looked at in every pass, its shape in those that go through
        the runners, the first and the last among them: a comparison of shapes costs as much as
        the call itself.
        """
        self.program = []
        for operation in self.operations:
            slots = operation.slots
            single = len(slots) == 1
            plain = (
                not operation.runner.gives_tuples
                and operation.argument == _PREVIOUS
                and (not slots or (single and not operation.keep and not operation.outside[0]))
            )
            self.program.append(
                (
                    operation.call,
                    n * operation.runner.types[0].nbytes if single else None,
                    operation.dtypes[0] if single else None,
                    None if plain else operation,
                )
            )
        if self.source is not None:
            self.head_shapes = [(n, *item.shape) for item in self.source.types]
        self.program_size = n

    # Running -------------------------------------------------------------------------------

    def step(self) -> bool:
        """Make a pass, or several; returns whether anything happened.

        Raises:
            BlockError: a block failed.
        """
        if self.attention or self.stale or not self.warm or self.passes >= SAMPLE_EVERY:
            return self._step_runners()
        for target in self.outside_targets:
            if target.items >= target.capacity:
                return False
        return self._step_queue() if self.source is None else self._step_source()

    def _step_queue(self) -> bool:
        queue = self.queue
        assert queue is not None
        n = queue.items
        if n == 0:
            return self._step_runners() if queue.ended else False
        n = queue.portion(self.max_batch)
        at = queue.at
        if queue.tags and queue.tags[0].index < at + n:
            return self._step_runners()
        x = queue.take(n)
        if n != self.program_size:
            self._lay_out(n)
        if self.keep_head:
            self.slots[0] = x
        self._passes(x, at, n, 1)
        return True

    def _step_source(self) -> bool:
        source = self.source
        assert source is not None
        at = source.sent[0] + self.items
        try:
            x = source.block.work(source.chunk, at)
        except (Exception, SystemExit) as error:
            raise self._failing(at, error) from error
        n = -1 if x is None else _length(x)
        if self.attention or n <= 0:
            return self._emit(x)
        if n > self.max_batch:
            self._in_pieces(source, x, at, n)
            return True
        if n != self.program_size:
            self._lay_out(n)
        burst = max(1, BURST // n) if self.shares_reader else BURST
        self._passes(x, at, n, burst if n == source.chunk else 1)
        return True

    def _in_pieces(self, source: SourceRunner, x: Any, at: int, n: int) -> None:
        """Work on a chunk that is more than a block takes at once, or than the cache holds."""
        for start in range(0, n, self.max_batch):
            end = min(n, start + self.max_batch)
            if not self.warm or self.attention:
                # A block had something to say: its runner and the others go on with the rest.
                self._emit(_cut(x, start, n))
                return
            if end - start != self.program_size:
                self._lay_out(end - start)
            self._passes(_cut(x, start, end), at + start, end - start, 1)

    def _failing(self, at: int, error: BaseException) -> BlockError:
        assert self.source is not None
        return self.source.fail(at, error)

    def _emit(self, x: Any) -> bool:
        """Let the source's runner hand on a chunk that is out of the ordinary."""
        source = self.source
        assert source is not None
        self.settle()
        self.warm = False
        return source.emit(x)

    def _passes(self, x: Any, at: int, n: int, count: int) -> None:
        """Call every block on the same ``n`` items, ``x``; a source then gives the next.

        Args:
            x: the head's chunk, or the tuple of its chunks. at: index of the first item.
            count: passes to make; more than one for a source only.
        """
        source, attention, program = self.source, self.attention, self.program
        outside = self.outside_targets
        head: Any = x
        work: Any = None
        place, kind, chunk = False, x.__class__, n
        head_size: Any = None
        head_dtype: Any = None
        if source is not None:
            x = self._place_head(head, at)
            work, chunk = source.block.work, source.chunk
            head_size, head_dtype = n * source.types[0].nbytes, source.dtypes[0]
            # A chunk that goes to the first block alone needs no more than a look.
            place = self.keep_head or len(self.head_outside) > 1 or bool(self.head_outside[0])
        made = 0
        call: Any = None
        y: Any = None
        for made in range(1, count + 1):
            whole = False
            try:
                for call, size, dtype, operation in program:
                    if operation is None:
                        y = call(x, at)
                        if attention:
                            break
                        if size is not None:
                            x = y
                            if x.nbytes != size or x.dtype is not dtype:
                                self._verify(call, x, n)
                    else:
                        argument = operation.argument
                        y = call(x if argument < 0 else self.slots[argument], at)
                        if attention:
                            break
                        if operation.slots:
                            x = self._take(operation, y, n)
                else:
                    whole = True
            except (Exception, SystemExit) as error:
                raise self._operation(call).runner.fail(at, error) from error
            if not whole:
                # A block has something to say: its runner, and those after it, finish the pass.
                self._made(made - 1, n)
                self._hand_over(self._operation(call), y, n, head)
                return
            if made == count or (outside and any(t.items >= t.capacity for t in outside)):
                self._made(made, n)
                return
            at += n
            try:
                head = work(chunk, at)
            except (Exception, SystemExit) as error:
                raise self._failing(at, error) from error
            if attention or head.__class__ is not kind:
                break
            if place:
                if _length(head) != n:
                    break
                x = self._place_head(head, at)
            elif head.nbytes == head_size and head.dtype is head_dtype:
                x = head
            else:
                break
        self._made(made, n)
        self._emit(head)

    def _made(self, passes: int, n: int) -> None:
        """Account for passes of ``n`` items that were made in full."""
        self.items += passes * n
        self.passes += passes

    def _operation(self, call: Any) -> Operation:
        """The operation that makes a call."""
        return next(o for o in self.operations if o.call is call)

    def _place_head(self, x: Any, at: int) -> Any:
        """Check and place what a source gave; returns its chunk if it has only one output."""
        source = self.source
        assert source is not None
        arrays = x if x.__class__ is tuple else (x,)
        if len(arrays) != len(source.outputs):
            self._complain(source, x, at, self.program_size)
        for k, y in enumerate(arrays):
            if (y is not None or source.outputs[k]) and (
                y.__class__ is not np.ndarray
                or y.shape != self.head_shapes[k]
                or y.dtype != source.dtypes[k]
            ):
                self._complain(source, x, at, self.program_size)
        for k, y in enumerate(arrays):
            self.slots[k] = y
            for target in self.head_outside[k]:
                target.put(y)
        return arrays[0]

    def _verify(self, call: Any, x: Any, n: int) -> None:
        """Raise if a result is not what its output carries."""
        runner = self._operation(call).runner
        item = runner.types[0]
        if x.__class__ is not np.ndarray or x.dtype != item.dtype or x.shape != (n, *item.shape):
            # The runner has the words for it.
            runner.deliver(x, None, n)

    def _take(self, operation: Operation, result: Any, n: int) -> Any:
        """Check and place what a block gave that is not simply passed to the next.

        Returns the first of the arrays, which the next operation may take directly.
        """
        slots = operation.slots
        arrays = result if result.__class__ is tuple else (result,)
        if len(arrays) != len(slots):
            operation.runner.deliver(result, None, n)
        k = 0
        for y in arrays:
            if y is None and not operation.wanted[k]:
                k += 1
                continue
            if (
                y.__class__ is not np.ndarray
                or y.dtype != operation.dtypes[k]
                or len(y) != n
                or y.shape[1:] != operation.shapes[k]
            ):
                operation.runner.deliver(result, None, n)
            self.slots[slots[k]] = y
            for target in operation.outside[k]:
                target.put(y)
            k += 1
        return arrays[0]

    def _complain(self, runner: Runner, result: Any, at: int, n: int) -> None:
        """Raise the error that the runner has for a wrong result."""
        try:
            runner.deliver(result, None, n)
        except (Exception, SystemExit) as error:
            raise runner.fail(at, error) from error
        raise SemradioError(f"block '{runner.block.name}' returned outputs of unequal length")

    # Handing over to the runners -----------------------------------------------------------

    def _hand_over(self, operation: Operation, result: Any, n: int, head: Any) -> None:
        """Let the runners finish a pass in which a block has something to say."""
        self.settle()
        position = self.operations.index(operation)
        if self.source is not None:
            self.source.sent = [sent + n for sent in self.source.sent]
        for before in self.operations[: position + 1]:
            self._count(before.runner, n, 1, outputs=before is not operation)
        self._refill(position, n, head)
        runner = operation.runner
        if runner.outputs:
            try:
                runner.deliver(result, None, n)
            except (Exception, SystemExit) as error:
                raise runner.fail(runner.queues[0].at, error) from error
        if runner.block.finished:
            runner.complete()
        self.warm = False
        for member in self.members:
            member.step()

    def _refill(self, position: int, n: int, head: Any) -> None:
        """Put what the later operations were to read into their queues."""
        made = {id(q) for o in self.operations[: position + 1] for q in o.runner.queues}
        feeds: list[tuple[list[Any], Any]] = []
        if self.source is not None:
            heads = head if head.__class__ is tuple else [head]
            feeds += list(zip(self.source.outputs, heads, strict=False))
        for before in self.operations[:position]:
            feeds += [
                (targets, self.slots[slot])
                for targets, slot in zip(before.runner.outputs, before.slots, strict=True)
            ]
        inner = {id(queue) for queue, _ in self.inner}
        for targets, chunk in feeds:
            for target in targets:
                if id(target) in inner and id(target) not in made:
                    target.put(chunk)

    def _count(self, runner: InputRunner, n: int, passes: int, *, outputs: bool = True) -> None:
        """Account for ``n`` items in ``passes`` chunks that a runner did not see."""
        runner.items_in += n
        for queue in runner.queues:
            if queue is not self.queue:
                queue.at += n
                queue.messages += passes
        if outputs:
            runner.sent = [sent + n for sent in runner.sent]

    def settle(self) -> None:
        """Bring the runners' and queues' counts up to date with the passes made."""
        if not self.passes:
            return
        if self.source is not None:
            self.source.sent = [sent + self.items for sent in self.source.sent]
        for operation in self.operations:
            self._count(operation.runner, self.items, self.passes)
        self.total_items += self.items
        self.items = 0
        self.passes = 0

    def _step_runners(self) -> bool:
        """Make a pass through the blocks' own runners."""
        self.settle()
        self.attention.clear()
        if self.stale:
            self._compile()
        before = self._position()
        moved = False
        for runner in self.runners:
            if runner.step():
                moved = True
        self.timed_items += self._position() - before
        # The runners have dealt with it, but for changes asked for by another thread just now.
        self.attention.clear()
        self.attention += [runner for runner in self.runners if runner.changes]
        if any(o.enabled != o.runner.block.enabled for o in self.operations):
            self.stale = True
        self.warm = (
            not self.stale
            and self.whole
            and all(runner.finished or _at_rest(runner) for runner in self.runners)
            and not any(queue.items or queue.tags for queue, _ in self.inner)
        )
        return moved

    def _position(self) -> int:
        if self.source is not None:
            return self.source.sent[0]
        assert self.queue is not None
        return self.queue.at

    @property
    def time_factor(self) -> float:
        """What the time measured in the runners has to be multiplied by."""
        if not self.timed_items:
            return 1.0
        return (self.timed_items + self.total_items) / self.timed_items


def _at_rest(runner: Runner) -> bool:
    """Whether a runner has begun and holds no tag back for items to come."""
    return runner.started and not runner.block.tags_out and not any(runner.pending)


def _length(x: Any) -> int:
    """Items in a chunk, or in the first chunk of a tuple."""
    return len(x[0] if x.__class__ is tuple else x)


def _cut(x: Any, start: int, end: int) -> Any:
    """Items ``start`` to ``end`` of a chunk, or of each chunk of a tuple."""
    if x.__class__ is tuple:
        return tuple(None if y is None else y[start:end] for y in x)
    return x[start:end]


def _bypass(x: Any, *rest: Any) -> Any:
    return x


def _gather(
    call: Callable[..., Any], arguments: list[Any], places: list[int], slots: list[Any]
) -> Callable[[Any, int], Any]:
    """Return a call that fetches the arguments of a block with several inputs itself.

    Args:
        arguments: for each declared input, which of the block's queues feeds it: an index, a list
            of them for a counted port, or None.
        places: the slot of each queue.
    """
    if len(arguments) == 2 and all(isinstance(a, int) for a in arguments):
        first, second = places[arguments[0]], places[arguments[1]]
        return lambda _, at: call(slots[first], slots[second], at)

    def fetch(argument: Any) -> Any:
        if argument is None:
            return None
        if isinstance(argument, list):
            return [fetch(part) for part in argument]
        return slots[places[argument]]

    return lambda _, at: call(*[fetch(argument) for argument in arguments], at)


def segments_of(runners: Mapping[str, Runner]) -> list[Segment | Runner]:
    """Group the runners of a process into segments, in an order in which they can be stepped.

    Args:
        runners: in topological order.
    """
    maker: dict[int, Runner] = {
        id(target): runner
        for runner in runners.values()
        for targets in runner.outputs
        for target in targets
    }
    groups: list[tuple[SourceRunner | Queue | Runner, list[SyncRunner]]] = []
    group_of: dict[int, list[SyncRunner]] = {}
    for runner in runners.values():
        if isinstance(runner, SyncRunner) and not runner.waits:
            homes = {id(group_of.get(id(maker.get(id(q))))) for q in runner.queues}
            home = group_of.get(id(maker.get(id(runner.queues[0]))))
            if home is not None and homes == {id(home)}:
                home.append(runner)
                group_of[id(runner)] = home
                continue
            if len(runner.queues) == 1:
                fresh = [runner]
                groups.append((runner.queues[0], fresh))
                group_of[id(runner)] = fresh
                continue
        if _heads(runner):
            own: list[SyncRunner] = []
            groups.append((runner, own))
            group_of[id(runner)] = own
            continue
        groups.append((runner, []))
    return [
        head if isinstance(head, Runner) and not _heads(head) else Segment(head, members)
        for head, members in groups
    ]


def _heads(runner: Runner) -> TypeGuard[SourceRunner]:
    """Whether a runner can be the head of a segment: a source that does not wait for a clock."""
    return isinstance(runner, SourceRunner) and not runner.waits
