"""The calls of a plain pass through a chain: laid out once, then made again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from semradio.blocks.api.kinds import Joint
from semradio.blocks.engine.stage import Stage

_PREVIOUS = -1
"""Marks a call whose one argument is the result of the call before."""


class Call:
    """One call within a plain pass: what is called, and where its results go.

    Args:
        stage: the block that is called, or the first of several that run as one call.
        joint: what runs them. stages: all of them, in a row.
        makes: whether the block is a source.
    """

    __slots__ = ("argument", "function", "joint", "keep", "makes", "plain", "stage", "stages")

    def __init__(
        self,
        stage: Stage,
        *,
        makes: bool = False,
        joint: Joint | None = None,
        stages: Sequence[Stage] = (),
    ) -> None:
        self.stage = stage
        self.joint = joint
        self.stages = stages or [stage]
        self.makes = makes
        """Whether it is the call of a source, which may give less than was asked for."""
        self.plain = False
        """Whether its one result is needed by the next call alone."""
        # A function of its own for each call, for a call is told from another by it.
        self.function: Callable[..., Any] = (
            _together(joint, self.stages)
            if joint is not None
            else stage.block.work  # type: ignore[attr-defined]
            if stage.enabled
            else partial(_bypass)
        )
        self.argument = _PREVIOUS if makes else stage.slots[0]
        self.keep = False


Row = tuple[Joint | None, Sequence[Stage]]
"""Blocks that run as one call, and what runs them; one block, and None, by itself."""


class Program:
    """The calls of a chain's blocks on chunks that lie in its slots.

    Args:
        rows: the blocks that still run, in order; those of one row run as one call.
        source: the block whose call comes first and makes the items, if that is so.
        slots: the chain's arrays; the calls of several arguments read them.
        heads: how many of the slots the intake fills.
    """

    def __init__(
        self, rows: Sequence[Row], source: Stage | None, slots: list[Any], heads: int
    ) -> None:
        self.calls = [Call(stages[0], joint=joint, stages=stages) for joint, stages in rows]
        if source is not None:
            self.calls.insert(0, Call(source, makes=True))
        self._slots = slots
        self._link(heads)
        self._entries: list[tuple[Any, ...]] = []
        self._size = -1

    def place_of(self, function: Any) -> int:
        """Return which call a function makes."""
        return next(k for k, call in enumerate(self.calls) if call.function is function)

    def call(self, function: Any) -> Call:
        """Return the call that a function makes."""
        return self.calls[self.place_of(function)]

    def _link(self, heads: int) -> None:
        """Tell each call where its arguments are; the latest result is passed directly."""
        readers: dict[int, int] = {}
        for call in self.calls:
            for slot in () if call.makes else call.stage.slots:
                readers[slot] = readers.get(slot, 0) + 1
        # Before the first call the latest result is the intake's, if it gives only one.
        latest: int | None = 0 if heads == 1 else None
        made_by = -1
        for k, call in enumerate(self.calls):
            stage = call.stage
            if call.makes:
                made_by = k
                continue
            first = stage.slots[0]
            one = stage.plain or not stage.enabled
            if one and first == latest:
                call.argument = _PREVIOUS
                # With a call in between the result is kept too: should that call leave a tag, the
                # pass goes on carefully, and that takes all arguments from the slots.
                if made_by == k - 1:
                    readers[first] -= 1
            elif not one:
                call.function = _gather(call.function, stage.arguments, stage.slots, self._slots)
            last = call.stages[-1]
            if last.outlets:
                latest = last.outlets[0].slot if len(last.outlets) == 1 else None
                made_by = k
        for call in self.calls:
            call.keep = any(readers.get(outlet.slot, 0) for outlet in call.stage.outlets)

    def laid_out(self, n: int) -> list[tuple[Any, ...]]:
        """Return the calls for chunks of ``n`` items, flat.

        An entry is (function, bytes, dtype, call); the call is None in the common case: one
        argument, the latest result, and one output that only the next call reads, or none.

        Bytes and dtype of a result are looked at in every pass, its shape in careful ones: a
        comparison of shapes costs as much as the call itself.
        """
        if n == self._size:
            return self._entries
        self._size, self._entries = n, []
        for call in self.calls:
            stage = call.stage
            outlets = stage.outlets
            single = len(outlets) == 1
            call.plain = (
                call.joint is None
                and not stage.gives_tuples
                and call.argument == _PREVIOUS
                and (not outlets or (single and not call.keep and not outlets[0].targets))
            )
            self._entries.append(
                (
                    call.function,
                    n * outlets[0].item.nbytes if single else None,
                    stage.dtypes[0] if single else None,
                    None if call.plain and not call.makes else call,
                )
            )
        return self._entries


def _together(joint: Joint, stages: Sequence[Stage]) -> Callable[[Any, int], Any]:
    """Return a call of several blocks, which gives what each of them gives.

    A block that does not act (a switch may have come with a tag) is called by itself.
    """
    works = [stage.block.work for stage in stages]  # type: ignore[attr-defined]

    def work(x: Any, at: int) -> Any:
        if joint.acts:
            return joint.work(x, at)
        found = []
        for stage, own in zip(stages, works, strict=True):
            try:
                found.append(own(x, at))
            except (Exception, SystemExit) as error:
                raise stage.fail(at, error) from error
            x = found[-1][0] if found[-1].__class__ is tuple else found[-1]
        return found

    return work


def _bypass(x: Any, *rest: Any) -> Any:
    return x


def _gather(
    function: Callable[..., Any], arguments: list[Any], places: list[int], slots: list[Any]
) -> Callable[[Any, int], Any]:
    """Return a call that fetches the arguments of a block with several inputs itself.

    Args:
        arguments: for each declared input, which of the connected ones feeds it: an index, a list
            of them for a counted port, or None.
        places: the slot of each connected input.
    """
    if len(arguments) == 2 and all(isinstance(a, int) for a in arguments):
        first, second = places[arguments[0]], places[arguments[1]]
        return lambda _, at: function(slots[first], slots[second], at)

    def fetch(argument: Any) -> Any:
        if argument is None:
            return None
        if isinstance(argument, list):
            return [fetch(part) for part in argument]
        return slots[places[argument]]

    return lambda _, at: function(*[fetch(argument) for argument in arguments], at)
