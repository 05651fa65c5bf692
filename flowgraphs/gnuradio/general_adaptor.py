"""All other blocks, as GNU Radio's basic blocks: sources, sinks, rate changes, several ports."""

from __future__ import annotations

import time
from typing import Any

from gnuradio import gr

from semradio.blocks.api import Array, Block, Sink, Source
from semradio.blocks.engine.chain import Chain
from semradio.blocks.engine.converter_intake import RateIntake
from semradio.blocks.engine.queue import Queue
from semradio.blocks.engine.source_intake import SourceIntake
from semradio.blocks.engine.target import Target
from semradio.flowgraphs.gnuradio.adaptor import CALLED_PRODUCE, WORK_DONE, Adaptor, signature
from semradio.flowgraphs.gnuradio.carried_tag import incoming

_CLOCK_TICK_S = 0.001
"""Pause while a block waits: GNU Radio calls again at once."""


class GeneralAdaptor(Adaptor, gr.basic_block):  # type: ignore[misc]
    """A block with any ports and any rate, between queues. It moves the tags itself.

    GNU Radio tells a block neither that its input has ended nor that it may give a last item, so
    what a block would give at the end of its stream is left out, and a note says how much it was.
    """

    def __init__(self, block: Block) -> None:
        self.adapt(block)
        required = sum(not block.inputs[name].optional for name in self.in_names)
        gr.basic_block.__init__(
            self,
            block.name,
            gr.py_io_signature(required, len(self.in_items), signature(self.in_items)),
            gr.py_io_signature(
                min(1, len(self.out_items)), len(self.out_items), signature(self.out_items)
            ),
        )
        self.ask_for_room()
        self.set_tag_propagation_policy(gr.TPP_DONT)
        self.consumed, self.produced = 1, 1

    def targets(self, names: list[str]) -> dict[str, Target]:
        """A queue for each output, from which GNU Radio's buffers are filled."""
        self.waiting = [Queue(self.block.output_item_types[name]) for name in names]
        return dict(zip(names, self.waiting, strict=True))

    def start(self) -> bool:
        super().start()
        chain = self.chain
        self.inlets = list(self.queues.values()) if chain is not None else []
        if chain is not None and isinstance(chain.intake, RateIntake):
            self.consumed, self.produced = chain.intake.consumed, chain.intake.produced
        return True

    def forecast(self, noutput_items: int, ninputs: int) -> list[int]:
        """Ask for an item; for none while there is something to do without."""
        chain = self.chain
        if (
            chain is None
            or self.error is not None
            or chain.finished
            or chain.waiting
            or any(queue.items for queue in self.waiting)
        ):
            return [0] * ninputs
        return [1] * ninputs

    def general_work(self, input_items: list[Array], output_items: list[Array]) -> int:
        """Take what the block can use, and give what there is room for."""
        chain = self.chain
        if chain is None or self.error is not None:
            return WORK_DONE
        taken = 0
        if not any(queue.items for queue in self.waiting):
            if chain.finished:
                return WORK_DONE
            room = min((len(y) for y in output_items), default=self.stage.max_batch)
            try:
                taken = self._feed(chain, input_items, room)
            except Exception as error:
                self.fail(self.stage.fail(chain.at, error))
                return WORK_DONE
        given = self._give(output_items)
        if not taken and not given and not chain.finished:
            time.sleep(_CLOCK_TICK_S)
        return CALLED_PRODUCE

    def _feed(self, chain: Chain, arrays: list[Array], room: int) -> int:
        """Let the block work; returns the items taken from each input."""
        self.take_changes(chain)
        most = self.stage.max_batch
        if isinstance(chain.intake, SourceIntake):
            chain.intake.chunk = max(1, min(room, most))
            chain.step()
            return 0
        wanted = max(self.consumed, room * self.consumed // self.produced)
        wanted = min(wanted, max(self.consumed, most)) - self.inlets[0].items
        n = min(wanted, *(len(x) for x in arrays))
        if n > 0:
            for k, (queue, x) in enumerate(zip(self.inlets, arrays, strict=True)):
                # GNU Radio writes over its buffer as soon as the items are consumed.
                queue.put(x[:n].copy(), self._tags(k, n))
                self.consume(k, n)
        while chain.step():
            pass
        return max(n, 0)

    def _tags(self, port: int, count: int) -> list[Any]:
        """The tags on the next items of an input."""
        first, heard = self.read[port], self.block.listens
        found = self.get_tags_in_window(port, 0, count)
        tags = [incoming(tag, tag.offset - first, heard) for tag in found]
        tags.sort(key=lambda tag: tag.index)
        return tags

    def _give(self, output_items: list[Array]) -> int:
        """Move what waits into GNU Radio's buffers; returns the items given."""
        total = 0
        for k, (queue, y) in enumerate(zip(self.waiting, output_items, strict=True)):
            n = min(queue.items, len(y))
            if not n:
                continue
            y[:n] = queue.take(n)
            for tag in queue.tags_before(queue.at):
                self.send_tag(k, tag)
            self.produce(k, n)
            total += n
        return total

    def complete(self, chain: Chain) -> None:
        """Let a sink write its last; count what any other block would still have given."""
        if isinstance(self.block, Source):
            return
        for queue in self.inlets:
            queue.end()
        while chain.step():
            pass
        lost = 0 if isinstance(self.block, Sink) else max(q.items for q in self.waiting)
        if lost:
            self.block.note(
                f"the last {lost} items are left out: GNU Radio does not ask for items at the end"
            )
