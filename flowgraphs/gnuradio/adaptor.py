"""A semradio block as a block of GNU Radio's: what both kinds of adaptor have in common.

Everything that semradio promises of a block (types, tags, live changes, errors) is kept by the
runner that flowgraphs use; an adaptor gives it arrays and takes arrays from it.
"""

from __future__ import annotations

import contextlib
import json
import sys
from functools import partial
from typing import Any

from semradio.blocks.api import Block, ItemType, SyncBlock, Tag
from semradio.blocks.api.queue import Queue
from semradio.blocks.api.runner import Runner, make_runner
from semradio.flowgraphs.gnuradio.carried_tag import outgoing
from semradio.flowgraphs.gnuradio.io_types import ordered

WORK_DONE, CALLED_PRODUCE = -1, -2
"""What a block returns to GNU Radio at its end, and when it has called ``produce`` itself."""


class Adaptor:
    """The semradio half of a GNU Radio block; stands before GNU Radio's class among the bases.

    A parameter that is live has a setter ``set_NAME(value)``, which raises ParameterError for a
    value that is refused; ``results()`` returns what the block has found out. A block that fails
    says so on standard error, ends its streams, and keeps the error in ``error``.
    """

    def adapt(self, block: Block) -> None:
        """Take a block whose item types are resolved; call before GNU Radio's ``__init__``."""
        self.block = block
        self.error: Exception | None = None
        self.runner: Runner | None = None
        self.live = frozenset(key for key, known in block.parameters.items() if known.live)
        self.in_names = ordered(block.inputs)
        self.in_items = [block.input_types[name] for name in self.in_names]
        self.out_names = list(block.outputs)
        self.out_items = [block.output_item_types[name] for name in self.out_names]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("set_") and name[4:] in self.__dict__.get("live", ()):
            return partial(self.change, name[4:])
        return super().__getattr__(name)  # type: ignore[misc]

    def change(self, name: str, value: Any) -> None:
        """Change a live parameter; it counts from the next call of ``work`` on.

        Raises:
            ParameterError: the value is refused, and the block stays as it was.
        """
        runner = self.runner
        if runner is None:
            self.block.set(name, value)
        else:
            self.block.check_change({name: value})
            runner.change({name: value})

    def results(self) -> dict[str, Any]:
        """Return what the block has found out so far."""
        return self.block.results()

    # What GNU Radio calls ------------------------------------------------------------------

    def start(self) -> bool:
        """Begin a stream, with the ports that are connected."""
        block, self.error = self.block, None
        try:
            detail = self.gateway.detail()
            names = self.in_names[: detail.ninputs()]
            items = {name: block.input_types[name] for name in names}
            given = self.out_names[: detail.noutputs()]
            self.read = [self.nitems_read(k) for k in range(len(names))]
            self.written = [self.nitems_written(k) for k in range(len(given))]
            block.resolve(items)
            block.reset()
            block.start()
            self.queues = {name: Queue(items[name]) for name in names}
            self.runner = make_runner(block, self.queues, self.targets(given))
            block.started = True
        except Exception as error:
            self.fail(error)
            with contextlib.suppress(Exception):
                block.stop()
        return True

    def targets(self, names: list[str]) -> dict[str, list[Any]]:
        """Return where the runner puts the items of each connected output."""
        raise NotImplementedError

    def stop(self) -> bool:
        """End the stream: complete files, release what the block holds, say what it found out."""
        runner, self.runner = self.runner, None
        if runner is None:
            return True
        block = self.block
        try:
            if self.error is None and not runner.finished:
                self.complete(runner)
        except Exception as error:
            self.fail(error)
        block.started = False
        try:
            block.stop()
        except Exception as error:
            self.fail(error)
        for note in block.notes:
            print(f"{block.name}: {note}", file=sys.stderr)
        found = {} if self.error is not None else block.results()
        if found:
            print(f"{block.name}: {json.dumps(found)}", flush=True)
        return True

    def complete(self, runner: Runner) -> None:
        """Let the block end what it has begun; GNU Radio takes no items any more."""

    # What the adaptors share ---------------------------------------------------------------

    def fail(self, error: Exception) -> None:
        """Say what went wrong; the block's streams end.

        GNU Radio would end one thread and leave the rest waiting for it.
        """
        self.error = error
        known = f"block '{self.block.name}'"
        text = str(error)
        print(
            f"error: {text if known in text else f'{known}: {text}'}", file=sys.stderr, flush=True
        )

    def send_tag(self, port: int, tag: Tag) -> None:
        """Leave a tag on an output item."""
        key, value, source = outgoing(tag)
        self.add_item_tag(port, self.written[port] + tag.index, key, value, source)


def signature(items: list[ItemType]) -> list[Any]:
    """Return item types as GNU Radio's Python blocks take them: NumPy dtypes with a shape."""
    return [(item.numpy, item.shape) if item.shape else item.numpy for item in items]


def passes_straight(block: Block) -> bool:
    """Whether a block takes and gives one item for one, on one port, whatever the tags say."""
    return (
        isinstance(block, SyncBlock)
        and len(block.inputs) == len(block.outputs) == 1
        and not block.listens
        and not block.waits
    )
