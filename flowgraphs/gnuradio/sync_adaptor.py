"""Blocks that give one item for one, as GNU Radio's sync blocks: no queue, one copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gnuradio import gr

from semradio.blocks.api import Array, Block, Tag
from semradio.blocks.api.runner import Runner
from semradio.flowgraphs.gnuradio.adaptor import WORK_DONE, Adaptor, signature


class _Room:
    """The output buffer that GNU Radio lends for one call, as the runner's receiver."""

    items, capacity = 0, float("inf")

    def __init__(self, adaptor: SyncAdaptor) -> None:
        self.adaptor = adaptor
        self.buffer: Any = None

    def put(self, chunk: Array, tags: Sequence[Tag] = ()) -> None:
        """Copy a chunk into the buffer."""
        self.buffer[: len(chunk)] = chunk
        for tag in tags:
            self.adaptor.send_tag(0, tag)

    def end(self) -> None:
        """The end is told by what ``work`` returns."""


class SyncAdaptor(Adaptor, gr.sync_block):  # type: ignore[misc]
    """A block with one input and one output, item for item. GNU Radio itself moves the tags."""

    def __init__(self, block: Block) -> None:
        self.adapt(block)
        gr.sync_block.__init__(
            self, block.name, signature(self.in_items), signature(self.out_items)
        )
        # What a block without state returns cannot refer to what came before; any other may keep
        # its input, which here is GNU Radio's to write over.
        self.keeps = bool(block.states)

    def targets(self, names: list[str]) -> dict[str, list[Any]]:
        self.room = _Room(self)
        return {name: [self.room] for name in names}

    def work(self, input_items: list[Array], output_items: list[Array]) -> int:
        """Fill GNU Radio's output buffer."""
        runner, block = self.runner, self.block
        if runner is None or self.error is not None or block.finished:
            return WORK_DONE
        x, y = input_items[0], output_items[0]
        n = len(y)
        if n > runner.max_batch:
            n = runner.max_batch
            x = x[:n]
        at = runner.sent[0]
        try:
            if (runner.changes or not runner.started) and runner.prepare():
                return WORK_DONE
            self.room.buffer = y
            result = x
            if block.enabled:
                result = block.work(x.copy() if self.keeps else x, at)  # type: ignore[attr-defined]
            runner.deliver(result, None, n)
        except Exception as error:
            self.fail(runner.fail(at, error))
            return WORK_DONE
        return n

    def complete(self, runner: Runner) -> None:
        """Nothing is left open: every item that came in has gone out."""
