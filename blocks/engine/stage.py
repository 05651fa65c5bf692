"""One block as a chain runs it: where its arguments come from, who gets its results."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from semradio.blocks.api.block import Block
from semradio.blocks.api.item_type import Array, ItemType
from semradio.blocks.api.own_line import in_block
from semradio.blocks.api.tag import Tag
from semradio.blocks.engine.target import Look, Target
from semradio.blocks.errors import BlockError, SemradioError


class Outlet:
    """One output of a block, and whoever gets its items.

    Attributes:
        targets: receivers outside the chain. readers: blocks of the same chain.
        looks: who wants to see the next items.
        passing, own: tags on items that are still to come: those that came in, those of the
            block.
        sent: items given so far, where the outputs of a block give different numbers.
        slot: where the chain keeps the chunk of the present pass.
    """

    __slots__ = (
        "dtype",
        "item",
        "looks",
        "name",
        "own",
        "passing",
        "readers",
        "sent",
        "slot",
        "stage",
        "targets",
    )

    def __init__(self, stage: Stage, name: str, item: ItemType, slot: int) -> None:
        self.stage = stage
        self.name = name
        self.item = item
        self.dtype = item.numpy
        self.slot = slot
        self.targets: list[Target] = []
        self.readers: list[Stage] = []
        self.looks: list[Look] = []
        self.passing: list[Tag] = []
        self.own: list[Tag] = []
        self.sent = 0

    @property
    def received(self) -> bool:
        """Whether anybody receives."""
        return bool(self.targets or self.readers)

    @property
    def wanted(self) -> bool:
        """Whether anybody receives, or wants to look."""
        return bool(self.targets or self.readers or self.looks)

    @property
    def holds_tags(self) -> bool:
        """Whether tags wait for items that are still to come."""
        return bool(self.passing or self.own)

    def due(self, passing: Iterable[Tag], own: Iterable[Tag], at: int, end: int) -> list[Tag]:
        """Return the tags on items from ``at`` to ``end``, in order, each once; the rest waits.

        On one item those that came in stand before the block's own, however the stream is cut. A
        tag on an item that has gone by sits on the next one.
        """
        self.passing.extend(passing)
        self.own.extend(own)
        if at == end or not self.holds_tags:
            return []
        found = [*_before(end, self.passing), *_before(end, self.own)]
        found.sort(key=index_of)
        late = bisect_left(found, at, key=index_of)
        found[:late] = [tag.moved(at) for tag in found[:late]]
        return each_once(found)


TakeDown = Callable[[str, float, float, int, int], None]
"""Told of a call: the block, when it began (of ``perf_counter``), seconds, first item, items."""


class Planned(NamedTuple):
    """A change of a block that is to take place at an item, as it did in another run."""

    item: int
    """As :meth:`semradio.blocks.engine.chain.Chain.change` returned it."""
    taken: int
    """Items that the chain had taken from its queues."""
    values: Mapping[str, Any] | None
    """Live parameters; None lets a source end there."""


class Stage:
    """One block of a chain.

    Args:
        block: a block whose item types are resolved.
        connected: names of its connected inputs, in the order of their declaration.
        slots: where the chunk of each connected input is. feeders: the output of the same chain
            that each comes from, None where it is a queue.
        first_slot: where its own outputs go, one after the other.
    """

    def __init__(
        self,
        block: Block,
        connected: Sequence[str],
        slots: Sequence[int],
        feeders: Sequence[Outlet | None],
        first_slot: int,
    ) -> None:
        self.block = block
        self.connected = list(connected)
        self.slots = list(slots)
        self.feeders = list(feeders)
        self.arguments = _arguments(block, self.connected)
        self.plain = self.arguments == [0] and len(self.connected) == 1
        """Whether ``work`` takes one input and nothing else."""
        self.outlets = [
            Outlet(self, name, block.output_item_types[name], first_slot + k)
            for k, name in enumerate(block.outputs)
        ]
        self.dtypes = [outlet.dtype for outlet in self.outlets]
        self.shapes = [outlet.item.shape for outlet in self.outlets]
        self.looks: list[tuple[int, Look]] = []
        """Who wants to see the next items of a connected input, by its place."""
        self.planned: deque[Planned] = deque()
        """Changes that are to take place, in order."""
        self.had_receivers = False
        self.gives_tuples = False
        """Whether ``work`` wraps its only output in a tuple."""
        self.begun = False
        self.finished = False
        self.upto = 0
        """Items worked on in careful passes; in plain ones the chain counts for all."""
        self.ended_at = 0
        """Items worked on, once it has ended."""
        self.ended_passes = 0
        self.busy = 0.0
        """Seconds spent in ``work`` up to the last pass that was timed, partly estimated."""
        self.fresh = 0.0
        """Seconds of them in the present pass."""
        self.rate = 0.0
        """Seconds per item in the last pass that was timed."""
        self.take_down: TakeDown | None = None
        """Told of each call whose time was measured, where somebody wants to know."""

    def spent(self, began: float, at: int, count: int, *, sampled: bool = True) -> None:
        """Account for a call that began at a moment of ``perf_counter`` and is over now.

        Args:
            sampled: whether it stands for calls that were not timed.
        """
        seconds = perf_counter() - began
        if sampled:
            self.fresh += seconds
        else:
            self.busy += seconds
        if self.take_down is not None:
            self.take_down(self.block.name, began, seconds, at, count)

    def settle(self, items: int, passed: int) -> None:
        """Account for a pass of ``items`` that was timed, and as many before it as have passed.

        What happens once, in the first pass or in the last one, so counts once.
        """
        self.rate = self.fresh / items if items else 0.0
        self.busy += self.fresh + self.rate * passed
        self.fresh = 0.0

    @property
    def enabled(self) -> bool:
        """Whether the block acts, or is bypassed."""
        return self.block.enabled

    @property
    def max_batch(self) -> int:
        """Items that the block takes at once."""
        return int(getattr(self.block, "max_batch", DEFAULT_BATCH))

    def tell_wanted(self) -> None:
        """Let the block know which of its outputs somebody receives."""
        self.block.wanted = frozenset(o.name for o in self.outlets if o.wanted)
        self.had_receivers = self.had_receivers or any(o.received for o in self.outlets)

    def outlet(self, name: str) -> Outlet | None:
        """Return an output by its name; None if there is none of that name."""
        return next((outlet for outlet in self.outlets if outlet.name == name), None)

    def heard(self, tags: Iterable[Tag]) -> list[Tag]:
        """Return the tags that the block wants to see."""
        keys = self.block.listens
        if not keys:
            return []
        return list(tags) if "*" in keys else [tag for tag in tags if tag.key in keys]

    def fail(self, at: int, error: BaseException) -> BlockError:
        """Return the error for an exception of the block's own code."""
        if isinstance(error, BlockError):
            return error
        return BlockError(self.block.name, at, error, in_block(error, type(self.block)))

    def call(self, method: Callable[..., Any], chunks: Sequence[Any], at: int) -> Any:
        """Call a method of the block on the chunks of its connected inputs, in order."""
        if self.plain:
            return method(chunks[0], at)
        args = [
            None
            if slot is None
            else chunks[slot]
            if isinstance(slot, int)
            else [chunks[s] for s in slot]
            for slot in self.arguments
        ]
        return method(*args, at)

    def checked(self, result: Any, count: int | None) -> Sequence[Array | None]:
        """Return what ``work`` gave as one array per output; None for one that nobody wants.

        Args:
            count: number of items that each output must have; None for any.

        Raises:
            SemradioError: it is not what the outputs carry.
        """
        arrays = result if isinstance(result, tuple) else (result,)
        if arrays is result and len(arrays) == 1:
            self.gives_tuples = True
        if len(arrays) != len(self.outlets):
            raise SemradioError(
                f"work returned {len(arrays)} arrays for {len(self.outlets)} outputs"
            )
        for outlet, y in zip(self.outlets, arrays, strict=True):
            if y is None and not outlet.wanted:
                continue
            if (
                y.__class__ is not np.ndarray
                or y.dtype != outlet.dtype
                or y.ndim == 0
                or y.shape[1:] != outlet.item.shape
            ):
                raise SemradioError(
                    f"work returned {_describe(y)} on output '{outlet.name}', "
                    f"which carries {outlet.item}"
                )
            if count is not None and len(y) != count:
                raise SemradioError(
                    f"work returned {len(y)} items on output '{outlet.name}' where {count} were due"
                )
        return arrays

    def own_tags(self) -> list[tuple[str | None, Tag]]:
        """Return, and forget, the tags that the block has left."""
        found = self.block.tags_out
        if found:
            self.block.tags_out = []
        return found


DEFAULT_BATCH = 8192
"""Items that a block takes at once when several chunks wait."""


def index_of(tag: Tag) -> int:
    """Return the item that a tag sits on; what tags are sorted by."""
    return tag.index


def _before(end: int, tags: list[Tag]) -> list[Tag]:
    """Remove and return the tags on items before ``end``, in order."""
    tags.sort(key=index_of)
    count = bisect_left(tags, end, key=index_of)
    found = tags[:count]
    del tags[:count]
    return found


def each_once(tags: list[Tag]) -> list[Tag]:
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
    return "nothing (is a 'return' missing?)" if value is None else f"a {type(value).__name__}"


def _arguments(block: Block, connected: list[str]) -> list[Any]:
    """For each declared input, which connected one feeds it: an index, a list of them, or None."""
    slots: list[Any] = []
    for port in block.input_ports():
        names = port.names(block)
        found = [connected.index(name) if name in connected else None for name in names]
        slots.append(found[0] if port.count is None else found)
    return slots
