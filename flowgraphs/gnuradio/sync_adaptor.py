"""Blocks that give one item for one, as GNU Radio's sync blocks: no queue, one copy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gnuradio import gr

from semradio.blocks.api import Array, Block, Tag
from semradio.blocks.engine.chain import Chain
from semradio.blocks.engine.target import Target
from semradio.flowgraphs.gnuradio.adaptor import WORK_DONE, Adaptor, signature


class _Room:
    """The output buffer that GNU Radio lends for one call, as the chain's receiver."""

    def __init__(self, adaptor: SyncAdaptor) -> None:
        self.items, self.capacity = 0, float("inf")
        self.on_close: Callable[[], None] | None = None
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
        self.ask_for_room()
        # What a block without state returns cannot refer to what came before; any other may keep
        # its input, which here is GNU Radio's to write over.
        self.keeps = bool(block.states)

    def targets(self, names: list[str]) -> dict[str, Target]:
        """The buffer that GNU Radio lends."""
        self.room = _Room(self)
        return dict.fromkeys(names, self.room)

    def work(self, input_items: list[Array], output_items: list[Array]) -> int:
        """Fill GNU Radio's output buffer."""
        chain = self.chain
        if chain is None or self.error is not None or chain.finished:
            return WORK_DONE
        x, y = input_items[0], output_items[0]
        n = min(len(y), self.stage.max_batch)
        self.room.buffer = y
        at = chain.at
        try:
            if self.asked:
                self.take_changes(chain)
            chain.push(x[:n].copy() if self.keeps else x[:n])
        except Exception as error:
            self.fail(self.stage.fail(at, error))
            return WORK_DONE
        return n if chain.at > at else WORK_DONE

    def complete(self, chain: Chain) -> None:
        """Nothing is left open: every item that came in has gone out."""
