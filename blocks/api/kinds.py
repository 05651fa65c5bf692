"""The kinds of blocks: what goes in and what comes out of one call of ``work``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal, Protocol

from semradio.blocks.api.block import Block, Outputs
from semradio.blocks.api.item_type import Array
from semradio.blocks.api.parameter import parameter
from semradio.blocks.api.tag import Tag
from semradio.blocks.errors import SemradioError


class Joint(Protocol):
    """Started blocks in a row as one call, with the results that they have one by one."""

    @property
    def acts(self) -> bool:
        """Whether all of them act on the next item; else each one's ``work`` is to be called."""

    def work(self, x: Array, at: int) -> Sequence[Outputs]:
        """Return what each block gives for the items ``x``, the first of which is item ``at``.

        Raises:
            BlockError: one of them failed; it is named.
        """


class Source(Block):
    """A block without inputs.

    ``work(n, at)`` returns at most ``n`` items from index ``at`` on; it calls :meth:`finish`
    when they are the last.
    """

    def work(self, n: int, at: int) -> Outputs:
        """Return up to ``n`` items, the first of which has the absolute index ``at``."""
        raise _undefined(self)


class SyncBlock(Block):
    """One item out for each item in.

    ``work(x, ..., at)`` gets an array of shape ``(n, *item)`` per input and returns one of n items
    per output; ``at`` is the index of the first.
    """

    aligns: ClassVar[bool] = False
    """Whether items that a ``gap`` tag says are lost on one input are left out on the others too:
    for blocks that compare streams."""

    work: Callable[..., Outputs]

    def joins(self, following: Block) -> bool:
        """Whether ``following``, which takes what this block gives, may run as one call with it."""
        return False

    def joined(self, following: Sequence[Block]) -> Joint | None:
        """Return what runs this block and those that follow as one call; None if nothing can."""
        return None

    def same_in_one(self, grid: int, most: int) -> bool:
        """Whether up to ``most`` times ``grid`` items give as one call what they give in pieces.

        Bit for bit, that is, as pieces of ``grid`` items one by one. Asked of a started block whose
        :attr:`cut_shows` is set.
        """
        return False

    @property
    def bypassable(self) -> bool:
        if not self.outputs:
            return True
        inputs, outputs = list(self.input_types.values()), list(self.output_item_types.values())
        return len(outputs) == 1 and bool(inputs) and inputs[0] == outputs[0]


class Sink(SyncBlock):
    """A block without outputs: ``work(x, ..., at)`` takes items, ``results()`` reports."""

    def flush(self) -> None:
        """Complete the work at the end of the stream, such as a file; not called after an error."""


class RateBlock(Block):
    """A fixed number of items in for a fixed number of items out, as :meth:`rate` says.

    ``work(x, ..., at)`` gets a multiple of the former; what is left at the end goes to
    :meth:`tail`; :meth:`moved` tells where a tag goes.

    A tag ``gap`` says how many items were lost before its own. The steps after it begin where
    they would have begun without the loss; the steps that it broke are left out or completed, as
    ``broken`` says, and the tag goes on with the number of items that the output lacks. Where
    items were left out or put in, indices count what ``work`` has been given.
    """

    broken: Literal["drop", "zeros"] = parameter(
        "drop",
        doc="What becomes of an item that a loss has broken: left out, or completed with zeros "
        "and tagged ``filled``.",
    )

    work: Callable[..., Outputs]

    def rate(self) -> tuple[int, int]:
        """Return (items consumed, items produced) by one elementary step."""
        raise _undefined(self)

    def tail(self, x: Array, at: int) -> Outputs:
        """Return what the last, incomplete step gives; by default nothing, and a note says so."""
        consumed, _ = self.rate()
        self.note(f"the last {len(x)} items do not fill a step of {consumed} and were left out")
        return None

    def moved(self, index: int) -> int:
        """Return the output index of a tag on input item ``index``: in proportion, rounded down."""
        consumed, produced = self.rate()
        return index * produced // consumed


class StreamBlock(Block):
    """Any number of items out for any number in, as the data or the state decide.

    ``work(x, ..., at)`` takes all of ``x`` and returns what it has to give; :meth:`flush` returns
    what remains at the end of the stream; :meth:`moved` tells where a tag goes.
    """

    work: Callable[..., Outputs]

    def flush(self) -> Outputs:
        """Return the items that the end of the input releases."""
        return None

    def moved(self, index: int) -> int | None:
        """Return the output index of a tag on input item ``index``; None if it goes nowhere.

        Called after the item was worked on.
        """
        return index

    def carried(self, tag: Tag) -> Tag | None:
        """Return a tag of the input as the output has it; None if it goes nowhere.

        Called after its item was worked on; :meth:`moved` tells where, unless a block that brings
        a loss into its own items has more to say.
        """
        place = self.moved(tag.index)
        return None if place is None else tag.moved(place)


def _undefined(block: Block) -> SemradioError:
    return SemradioError(f"block type '{block.block_type}' lacks a method that its kind needs")
