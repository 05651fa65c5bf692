"""Runs one block alone: on whole arrays, or piece by piece as a stream would arrive.

``block(x)`` goes through here, and so do tests: the engine is the one that flowgraphs use, so a
block behaves the same in a notebook, in a test and on the air.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from semradio.blocks.api.block import Block, calls_go_through
from semradio.blocks.api.item_type import Array, ItemType
from semradio.blocks.api.kinds import Source
from semradio.blocks.api.tag import Tag
from semradio.blocks.engine.encoding import decode, encode
from semradio.blocks.engine.queue import Queue
from semradio.blocks.engine.snapshot import (
    block_saved,
    chain_saved,
    prepare_block,
    queue_saved,
    restore_block,
    restore_chain,
    restore_queue,
)
from semradio.blocks.engine.weaving import Weave
from semradio.blocks.errors import ItemTypeError, SemradioError

_CLOCK_TICK = 0.001
"""Pause in seconds while a block waits for a clock."""


class Harness:
    """One block with a queue on each input and a collector on each output.

    Args:
        block: any block; it is reset and started.
        inputs: item type of each connected input, by port name.
        chunk: items per step of a source.
        saved: what :meth:`saved` gave for a block of the same parameters: this one goes on there.

    Use as a context manager, or call :meth:`close`: the block's resources are then released.
    """

    def __init__(
        self,
        block: Block,
        inputs: dict[str, ItemType],
        chunk: int = 64,
        saved: bytes | None = None,
    ) -> None:
        self.block = block
        self.inputs, self.chunk = inputs, chunk
        past = None if saved is None else decode(saved, {"semradio", _package(block)})
        types = block.resolve(inputs)
        block.reset()
        self.queues = {name: Queue(item) for name, item in inputs.items()}
        self.collected = {name: Queue(item) for name, item in types.items()}
        try:
            if past is not None:
                prepare_block(block, past["block"])
            block.start()
            if past is not None:
                restore_block(block, past["block"])
        except BaseException:
            with contextlib.suppress(Exception):
                block.stop()
            raise
        block.started = True
        weave = Weave(
            {block.name: block},
            queues={(block.name, port): queue for port, queue in self.queues.items()},
            targets={(block.name, port): [queue] for port, queue in self.collected.items()},
            chunk=chunk,
        )
        self.chain, self.stage = weave.place[block.name]
        if past is not None:
            restore_chain(self.chain, past["chain"])
            for name, waiting in past["queues"].items():
                restore_queue(self.queues[name], waiting)

    def saved(self) -> bytes:
        """Return where the block and its inputs are, as a checkpoint keeps it.

        Raises:
            SemradioError: the block holds what cannot be saved.
        """
        return encode(
            {
                "block": block_saved(self.block),
                "chain": chain_saved(self.chain),
                "queues": {name: queue_saved(queue) for name, queue in self.queues.items()},
            }
        )

    def handed_over(self, block: Block) -> Harness:
        """Let another block of the same parameters go on, as in a process after this was killed.

        Returns:
            Its harness, which has what came out so far as well.
        """
        other = Harness(block, self.inputs, self.chunk, self.saved())
        for name, queue in self.collected.items():
            restore_queue(other.collected[name], queue_saved(queue))
        return other

    def __enter__(self) -> Harness:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def push(self, *arrays: Array | None, tags: Iterable[Tag] = ()) -> None:
        """Give each connected input the next items (None: nothing), and let the block work.

        Args:
            arrays: one array of shape ``(n, *item)`` per connected input.
            tags: tags on the first input's items, absolute indices.
        """
        for k, (queue, array) in enumerate(zip(self.queues.values(), arrays, strict=True)):
            if array is not None:
                queue.put(array, list(tags) if k == 0 else ())
        self.run()

    def run(self) -> None:
        """Step until nothing happens any more."""
        while self.step():
            pass

    def step(self) -> bool:
        """Let the block work once on what waits; returns whether anything happened."""
        return self.chain.step()

    @property
    def finished(self) -> bool:
        """Whether the block has come to its end."""
        return self.chain.finished

    @property
    def waiting(self) -> bool:
        """Whether the block waits for a clock."""
        return self.chain.waiting

    @property
    def items_out(self) -> int:
        """Items given so far on the first output."""
        return self.chain.items_out(self.stage)

    def change(self, values: Mapping[str, Any]) -> int:
        """Change live parameters; returns the first item for which they count.

        Raises:
            SemradioError: the block refuses.
        """
        return self.chain.change(self.stage, values)

    def end(self) -> None:
        """End every input and let the block finish; waits while it waits for a clock."""
        for queue in self.queues.values():
            queue.end()
        while not self.finished:
            if self.step():
                continue
            if not self.waiting:
                raise SemradioError(f"block '{self.block.name}' does not come to an end")
            time.sleep(_CLOCK_TICK)

    def outputs(self) -> list[Array]:
        """Everything that came out so far, one array of shape ``(n, *item)`` per output."""
        return [
            np.concatenate([queue.item.empty(), *queue.chunks]) for queue in self.collected.values()
        ]

    def tags(self) -> list[list[Tag]]:
        """The tags that came out so far, per output."""
        return [list(queue.tags) for queue in self.collected.values()]

    def close(self) -> None:
        """Release what the block holds."""
        self.block.started = False
        self.block.stop()


def _package(block: Block) -> str:
    return type(block).__module__.partition(".")[0]


def call(
    block: Block, arguments: Sequence[Any], *, tags: Iterable[Tag] = (), chunk: int | None = None
) -> Any:
    """Run whole streams through a block: what ``block(x)`` does; see ``Block.__call__``."""
    if isinstance(block, Source):
        return _generate(block, *arguments, chunk=chunk)
    names = list(block.inputs)
    if len(arguments) > len(names):
        raise ItemTypeError(f"{len(arguments)} arrays for the {len(names)} inputs of {block!r}")
    arrays = {n: np.asarray(a) for n, a in zip(names, arguments, strict=False) if a is not None}
    for name, port in block.inputs.items():
        if name not in arrays and not port.optional:
            raise ItemTypeError(f"input '{name}' of block '{block.name}' is missing")
    with Harness(block, {n: ItemType.of(a) for n, a in arrays.items()}) as harness:
        longest = max((len(a) for a in arrays.values()), default=0)
        step = max(1, chunk or longest)
        marks = sorted(tags, key=lambda tag: tag.index)
        for start in range(0, longest, step):
            now = [t for t in marks if start <= t.index < start + step]
            harness.push(*(a[start : start + step] for a in arrays.values()), tags=now)
        harness.end()
        return _given(block, harness)


def _generate(block: Source, count: int | None = None, *, chunk: int | None = None) -> Any:
    """The first ``count`` items of a source; all of them without a count."""
    with Harness(block, {}, chunk=chunk or min(count or 4096, 4096)) as harness:
        first = next(iter(harness.collected.values()))
        while not harness.finished and (count is None or first.items < count):
            harness.step()
        outputs = [y if count is None else y[:count] for y in harness.outputs()]
        return outputs[0] if len(outputs) == 1 else tuple(outputs)


def _given(block: Block, harness: Harness) -> Any:
    outputs = harness.outputs()
    if not outputs:
        return block.results()
    return outputs[0] if len(outputs) == 1 else tuple(outputs)


calls_go_through(call)
