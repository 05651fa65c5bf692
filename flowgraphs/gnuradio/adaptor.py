"""A semradio block as a block of GNU Radio's: what both kinds of adaptor have in common.

Everything that semradio promises of a block (types, tags, live changes, errors) is kept by the
engine that flowgraphs use; an adaptor gives it arrays and takes arrays from it.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections import deque
from functools import partial
from math import gcd
from mmap import PAGESIZE
from typing import Any

from semradio.blocks.api import Block, BlockError, ItemType, SyncBlock, Tag
from semradio.blocks.engine.chain import Chain
from semradio.blocks.engine.queue import Queue
from semradio.blocks.engine.target import Target
from semradio.blocks.engine.weaving import Weave
from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.gnuradio.carried_tag import outgoing
from semradio.flowgraphs.gnuradio.io_types import ordered
from semradio.flowgraphs.gnuradio.texts import read

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
        self.chain: Chain | None = None
        self.asked: deque[dict[str, Any]] = deque()
        """Live changes that wait for the next call of ``work``: others ask from other threads."""
        self.live = frozenset(key for key, known in block.parameters.items() if known.live)
        self.in_names = ordered(block.inputs)
        self.in_items = [block.input_types[name] for name in self.in_names]
        self.out_names = list(block.outputs)
        self.out_items = [block.output_item_types[name] for name in self.out_names]

    def ask_for_room(self) -> None:
        """Ask for buffers of whole pages; call after GNU Radio's ``__init__``.

        GNU Radio's buffers are whole pages of whole items. It would make them so by itself, but
        warn of those that become more than twice as large as it wished.
        """
        for port, item in enumerate(self.out_items):
            self.set_min_output_buffer(port, PAGESIZE // gcd(PAGESIZE, item.nbytes))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("set_") and name[4:] in self.__dict__.get("live", ()):
            return partial(self.change, name[4:])
        return super().__getattr__(name)  # type: ignore[misc]

    def change(self, name: str, value: Any) -> None:
        """Change a live parameter; it counts from the next call of ``work`` on.

        Raises:
            ParameterError: the value is refused, and the block stays as it was.
        """
        wanted = read(self.block.parameters, {name: value})
        if self.chain is None:
            self.block.set(name, wanted[name])
        else:
            self.block.check_change(wanted)
            self.asked.append(wanted)

    def take_changes(self, chain: Chain) -> None:
        """Let the block take over what it was asked for; a note tells of what it refuses."""
        while self.asked:
            try:
                chain.change(self.stage, self.asked.popleft())
            except BlockError:
                raise
            except SemradioError as error:
                self.block.note(f"change refused: {error}")

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
            weave = Weave(
                {block.name: block},
                queues={(block.name, name): queue for name, queue in self.queues.items()},
                targets={(block.name, name): [t] for name, t in self.targets(given).items()},
            )
            self.chain, self.stage = weave.place[block.name]
            block.started = True
        except Exception as error:
            self.fail(error)
            with contextlib.suppress(Exception):
                block.stop()
        return True

    def targets(self, names: list[str]) -> dict[str, Target]:
        """Return where the items of each connected output go."""
        raise NotImplementedError

    def stop(self) -> bool:
        """End the stream: complete files, release what the block holds, say what it found out."""
        chain, self.chain = self.chain, None
        if chain is None:
            return True
        block = self.block
        try:
            if self.error is None and not chain.finished:
                self.complete(chain)
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

    def complete(self, chain: Chain) -> None:
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
