"""All other blocks, as GNU Radio's basic blocks: sources, sinks, rate changes, several ports."""

from __future__ import annotations

import time
from typing import Any

from gnuradio import gr

from semradio.blocks.api import Array, Block, Sink, Source
from semradio.blocks.api.queue import Queue
from semradio.blocks.api.runner import InputRunner, Runner, SourceRunner
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
        self.set_tag_propagation_policy(gr.TPP_DONT)
        self.consumed, self.produced = 1, 1

    def targets(self, names: list[str]) -> dict[str, list[Any]]:
        self.waiting = [Queue(self.block.output_item_types[name]) for name in names]
        return {name: [queue] for name, queue in zip(names, self.waiting, strict=True)}

    def start(self) -> bool:
        super().start()
        runner = self.runner
        self.inlets = list(self.queues.values()) if runner is not None else []
        if isinstance(runner, InputRunner):
            self.consumed = runner.consumed
            self.produced = getattr(runner, "produced", 1)
        return True

    def forecast(self, noutput_items: int, ninputs: int) -> list[int]:
        """Ask for an item; for none while there is something to do without."""
        runner = self.runner
        if (
            runner is None
            or self.error is not None
            or runner.finished
            or runner.waiting
            or any(queue.items for queue in self.waiting)
        ):
            return [0] * ninputs
        return [1] * ninputs

    def general_work(self, input_items: list[Array], output_items: list[Array]) -> int:
        """Take what the block can use, and give what there is room for."""
        runner = self.runner
        if runner is None or self.error is not None:
            return WORK_DONE
        taken = 0
        if not any(queue.items for queue in self.waiting):
            if runner.finished:
                return WORK_DONE
            room = min((len(y) for y in output_items), default=runner.max_batch)
            try:
                taken = self._feed(runner, input_items, room)
            except Exception as error:
                self.fail(runner.fail(runner.position, error))
                return WORK_DONE
        given = self._give(output_items)
        if not taken and not given and not runner.finished:
            time.sleep(_CLOCK_TICK_S)
        return CALLED_PRODUCE

    def _feed(self, runner: Runner, arrays: list[Array], room: int) -> int:
        """Let the block work; returns the items taken from each input."""
        if isinstance(runner, SourceRunner):
            runner.chunk = max(1, min(room, runner.max_batch))
            runner.step()
            return 0
        wanted = max(self.consumed, room * self.consumed // self.produced)
        wanted = min(wanted, max(self.consumed, runner.max_batch)) - self.inlets[0].items
        n = min(wanted, *(len(x) for x in arrays))
        if n > 0:
            for k, (queue, x) in enumerate(zip(self.inlets, arrays, strict=True)):
                # GNU Radio writes over its buffer as soon as the items are consumed.
                queue.put(x[:n].copy(), self._tags(k, n))
                self.consume(k, n)
        while runner.step():
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

    def complete(self, runner: Runner) -> None:
        """Let a sink write its last; count what any other block would still have given."""
        if isinstance(self.block, Source):
            return
        for queue in self.inlets:
            queue.end()
        while runner.step():
            pass
        lost = 0 if isinstance(self.block, Sink) else max(q.items for q in self.waiting)
        if lost:
            self.block.note(
                f"the last {lost} items are left out: GNU Radio does not ask for items at the end"
            )
