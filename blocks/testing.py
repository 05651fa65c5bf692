"""The jig that every block goes through, also those of other packages.

One call states what a block is given and what must come out, and :func:`check_block` runs it in
every way a flowgraph may: whole, item by item, cut oddly, through a wire. ::

    def test_gain() -> None:
        x = np.arange(100, dtype=np.float32)
        check_block(lambda: Gain(factor=2.0), [x], expected=2 * x)
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from semradio.blocks.api import Array, Block, ItemType, SemradioError, Source, SyncBlock, Tag
from semradio.blocks.api.harness import Harness

Wire = Callable[[Array, list[Tag]], tuple[Array, list[Tag]]]
"""Sends a chunk and its tags somewhere and back."""


PATIENCE = 10_000
"""How often a source that waits for a clock or a peer is asked again, a millisecond apart."""

_CLOCK_TICK = 0.001


def check_block(
    factory: Callable[[], Block],
    inputs: Sequence[Array | None] | int,
    *,
    expected: Any = None,
    tags: Sequence[Tag] | None = None,
    expected_tags: Sequence[Sequence[Tag]] | None = None,
    exact: bool = True,
    atol: float = 1e-5,
    ignore: Sequence[str] = (),
    wire: Wire | None = None,
) -> None:
    """Check that a block obeys the laws of streams.

    The block runs on the whole input at once, one item at a time, on odd cuts, with empty chunks
    between, on chunks that have piled up, with its inputs arriving one after another, on strided
    arrays, a second time after a reset, through ``wire``, and handed over to other blocks on the
    way, as after its process was killed, unless it says why that cannot be. Items, tags and results
    must be the same every time. Its inputs are read-only, and what it has handed out must not
    change later.
    After a reset its state must be that of a new block. Where it can be disabled, it must then
    pass its first input on, tags included.

    Args:
        factory: makes the block, a new one each time.
        inputs: one array of shape ``(n, *item)`` per input in port order, None where one stays
            unconnected; for a source the number of items to take. A few hundred items do.
        expected: the output, a tuple of one per output, or the results of a sink (those keys that
            are given); None where nothing is known but that all runs must agree.
        tags: tags on the first input; by default some on every input.
        expected_tags: the tags of each output.
        exact: whether values must agree bit for bit. Otherwise floating values may differ by
            ``atol`` and integers by 1, for blocks that compute with matrix products.
        ignore: keys of results that depend on the clock.
        wire: a transport to send every chunk through.

    Raises:
        AssertionError: what does not hold, and in which run.
    """
    close = _Closeness(exact, atol)
    if isinstance(factory(), Source):
        if not isinstance(inputs, int):
            raise TypeError("a source has no inputs: give the number of items to take")
        runs = _source_runs(factory, inputs)
    else:
        if isinstance(inputs, int):
            raise TypeError("give one array per input")
        runs = _input_runs(factory, inputs, tags, wire)
    whole = next(runs)
    _check_expected(whole, expected, expected_tags, close, ignore)
    for run in runs:
        _check_same(run, whole, close, ignore)


@dataclass
class _Run:
    """What came out of one run."""

    label: str
    block: Block
    sent: list[list[Tag]] = field(default_factory=list)
    """Tags put on each input."""
    outputs: list[Array] = field(default_factory=list)
    tags: list[list[Tag]] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Closeness:
    """How close values must be; tells where they are not."""

    exact: bool
    atol: float

    def difference(self, found: Array, wanted: Array) -> str:
        """Return '' if the arrays agree, or what differs."""
        if found.dtype != wanted.dtype or found.shape != wanted.shape:
            return f"{_described(found)} instead of {_described(wanted)}"
        if found.tobytes() == wanted.tobytes():
            return ""
        if self.exact:
            equal = np.equal(found, wanted)
        elif found.dtype.kind in "fc":
            equal = np.isclose(found, wanted, rtol=self.atol, atol=self.atol, equal_nan=True)
        else:
            equal = np.abs(found.astype(np.int64) - wanted.astype(np.int64)) <= 1
        if equal.all():
            if not self.exact:
                return ""
            return "another sign of zero or another NaN"
        place = tuple(int(i) for i in np.argwhere(~equal)[0])
        return f"item {place[0]}: {found[place]} instead of {wanted[place]} (at {place})"

    def same(self, found: Any, wanted: Any) -> bool:
        """Tell whether two results (or state fields) agree."""
        if isinstance(found, np.ndarray) and isinstance(wanted, np.ndarray):
            return not self.difference(found, wanted)
        if isinstance(found, Mapping) and isinstance(wanted, Mapping):
            return found.keys() == wanted.keys() and all(
                self.same(found[key], wanted[key]) for key in found
            )
        if isinstance(found, list | tuple) and isinstance(wanted, list | tuple):
            return len(found) == len(wanted) and all(map(self.same, found, wanted))
        if isinstance(found, float) and isinstance(wanted, float):
            if math.isnan(found) or math.isnan(wanted):
                return math.isnan(found) and math.isnan(wanted)
            if not self.exact:
                return math.isclose(found, wanted, rel_tol=self.atol, abs_tol=self.atol)
        return bool(found == wanted)


# Runs ------------------------------------------------------------------------------------------


def _input_runs(
    factory: Callable[[], Block],
    inputs: Sequence[Array | None],
    tags: Sequence[Tag] | None,
    wire: Wire | None,
) -> Iterator[_Run]:
    """Run a block with inputs in every way, the whole input first."""
    arrays = [None if x is None else np.asarray(x) for x in inputs]
    sent = _marks(arrays) if tags is None else [list(tags), *([] for _ in arrays[1:])]
    longest = max(len(x) for x in arrays if x is not None)
    ones, odd = [1] * longest, _odd_cuts(longest)

    def run(label: str, cuts: Sequence[int], block: Block | None = None, **how: Any) -> _Run:
        return _Feeder(label, block or factory(), arrays, sent, **how).run(cuts)

    whole = run("whole", [longest])
    yield whole
    _check_kept_tags(whole)
    yield run("one item at a time", ones)
    yield run("odd cuts", odd)
    yield run("empty chunks between", odd, empties=True)
    yield run("chunks piled up", odd, pile_up=True)
    yield run("strided input", odd, strided=True)
    if sum(x is not None for x in arrays) > 1:
        yield run("one input after the other", odd, in_turn=True)
        yield run("one input after the other, last first", odd, in_turn=True, backwards=True)
    if wire is not None:
        yield run("through the wire", odd, wire=wire)
    if not whole.block.unrepeatable():
        yield _handed_over(factory, arrays, sent, odd)
    again = run("again, after a reset", odd, block=whole.block)
    yield again
    _check_reset(again.block, factory())
    if whole.block.bypassable:
        block = factory()
        block.set("enabled", False)
        _check_bypass(run("disabled", odd, block=block), arrays, sent)


def _source_runs(factory: Callable[[], Block], count: int) -> Iterator[_Run]:
    """Run a source with chunks of every size."""
    whole = _generate("whole", factory(), count, max(count, 1))
    yield whole
    for size in (1, 2, 7, 64):
        yield _generate(f"chunks of {size}", factory(), count, size)
    if not whole.block.unrepeatable():
        yield _generate_handed_over(factory, count, 7)
    again = _generate("again, after a reset", whole.block, count, 3)
    yield again
    _check_reset(again.block, factory())


class _Feeder:
    """Gives a block its inputs in pieces and watches what it does to them."""

    def __init__(
        self,
        label: str,
        block: Block,
        arrays: Sequence[Array | None],
        tags: Sequence[Sequence[Tag]],
        *,
        empties: bool = False,
        pile_up: bool = False,
        strided: bool = False,
        in_turn: bool = False,
        backwards: bool = False,
        wire: Wire | None = None,
    ) -> None:
        self.label, self.block = label, block
        self.empties, self.pile_up, self.strided = empties, pile_up, strided
        self.in_turn, self.backwards, self.wire = in_turn, backwards, wire
        named = zip(block.inputs, arrays, strict=False)
        self.arrays = {name: x for name, x in named if x is not None}
        self.tags = [t for t, x in zip(tags, arrays, strict=True) if x is not None]
        self.given: list[tuple[Array, Array]] = []
        self.handed_out: list[list[Array]] = []

    def run(self, cuts: Sequence[int]) -> _Run:
        types = {name: ItemType.of(x) for name, x in self.arrays.items()}
        try:
            with Harness(self.block, types) as harness:
                self.handed_out = [[] for _ in harness.collected]
                self._feed(harness, cuts)
                self._step(harness)
                harness.end()
                run = _collect(self.label, self.block, harness)
                self._check_arrays(harness)
        except SemradioError as error:
            raise AssertionError(f"{self.label}: {error}") from error
        run.sent = [list(tags) for tags in self.tags]
        if self.wire is not None:
            sent = [self.wire(y, t) for y, t in zip(run.outputs, run.tags, strict=True)]
            run.outputs, run.tags = [y for y, _ in sent], [list(t) for _, t in sent]
        return run

    def _feed(self, harness: Harness, cuts: Sequence[int]) -> None:
        names = list(self.arrays)
        if self.in_turn:
            for name in reversed(names) if self.backwards else names:
                start = 0
                for size in cuts:
                    self.put(harness, name, start, start + size)
                    self._step(harness)
                    start += size
                # The others learn of the end before they have had anything.
                harness.queues[name].end()
            return
        start = 0
        for size in cuts:
            for name in names:
                self.put(harness, name, start, start + size)
            if self.empties:
                for name in names:
                    self.put(harness, name, start + size, start + size)
            if not self.pile_up:
                self._step(harness)
            start += size

    def put(self, harness: Harness, name: str, start: int, end: int) -> None:
        original = self.arrays[name][start:end]
        chunk = np.repeat(original, 2, axis=0)[::2] if self.strided else np.array(original)
        k = list(self.arrays).index(name)
        tags = [tag for tag in self.tags[k] if start <= tag.index < start + len(original)]
        if self.wire is not None:
            chunk, tags = self.wire(chunk, tags)
        chunk.flags.writeable = False
        self.given.append((chunk, original))
        harness.queues[name].put(chunk, tags)

    def _step(self, harness: Harness) -> None:
        harness.run()
        # What came out is noted at once, so that it shows if the block changes it later.
        for copies, queue in zip(self.handed_out, harness.collected.values(), strict=True):
            copies += [y.copy() for y in list(queue.chunks)[len(copies) :]]

    def _check_arrays(self, harness: Harness) -> None:
        for chunk, original in self.given:
            if chunk.tobytes() != original.tobytes():
                raise AssertionError(f"{self.label}: the block wrote into its input")
        for copies, queue in zip(self.handed_out, harness.collected.values(), strict=True):
            for y, copy in zip(queue.chunks, copies, strict=False):
                if y.tobytes() != copy.tobytes():
                    raise AssertionError(
                        f"{self.label}: the block changed an array that it had handed out"
                    )


def _generate(label: str, block: Block, count: int, chunk: int) -> _Run:
    try:
        with Harness(block, {}, chunk) as harness:
            first = next(iter(harness.collected.values()))
            copies: list[Array] = []
            idle = 0
            while not harness.finished and first.items < count:
                idle = 0 if harness.step() else idle + 1
                if idle > PATIENCE:
                    raise AssertionError(f"{label}: the source gives nothing and does not end")
                if idle:
                    time.sleep(_CLOCK_TICK)
                copies += [y.copy() for y in list(first.chunks)[len(copies) :]]
            run = _collect(label, block, harness)
            for y, copy in zip(first.chunks, copies, strict=True):
                if y.tobytes() != copy.tobytes():
                    raise AssertionError(f"{label}: the source changed an array it had handed out")
    except SemradioError as error:
        raise AssertionError(f"{label}: {error}") from error
    if not harness.finished:
        # It was cut off inside a chunk, so what it counts goes beyond what is compared.
        run.results = {}
    run.outputs = [y[:count] for y in run.outputs]
    run.tags = [[tag for tag in tags if tag.index < count] for tags in run.tags]
    return run


_ELSEWHERE = "handed over to another block"


def _handed_over(
    factory: Callable[[], Block],
    arrays: Sequence[Array | None],
    tags: Sequence[Sequence[Tag]],
    cuts: Sequence[int],
) -> _Run:
    """Run a block that is saved twice on the way, another block going on each time."""
    feeder = _Feeder(_ELSEWHERE, factory(), arrays, tags)
    types = {name: ItemType.of(x) for name, x in feeder.arrays.items()}
    start = 0
    try:
        with ExitStack() as all_of_them:
            harness = all_of_them.enter_context(Harness(feeder.block, types))
            for k, size in enumerate(cuts):
                if k in (len(cuts) // 3, 2 * len(cuts) // 3):
                    harness = all_of_them.enter_context(harness.handed_over(factory()))
                for name in feeder.arrays:
                    feeder.put(harness, name, start, start + size)
                harness.run()
                start += size
            harness.end()
            return _collect(_ELSEWHERE, harness.block, harness)
    except SemradioError as error:
        raise AssertionError(f"{_ELSEWHERE}: {error}") from error


def _generate_handed_over(factory: Callable[[], Block], count: int, chunk: int) -> _Run:
    """Run a source that is saved on the way, another one going on."""
    with ExitStack() as all_of_them:
        harness = all_of_them.enter_context(Harness(factory(), {}, chunk))
        over = idle = 0
        while not harness.finished and harness.items_out < count:
            if over < 2 and harness.items_out >= (over + 1) * count // 3:
                over += 1
                harness = all_of_them.enter_context(harness.handed_over(factory()))
            idle = 0 if harness.step() else idle + 1
            if idle > PATIENCE:
                raise AssertionError(f"{_ELSEWHERE}: the source gives nothing and does not end")
            if idle:
                time.sleep(_CLOCK_TICK)
        run = _collect(_ELSEWHERE, harness.block, harness)
        if not harness.finished:
            run.results = {}
    run.outputs = [y[:count] for y in run.outputs]
    run.tags = [[tag for tag in tags if tag.index < count] for tags in run.tags]
    return run


def _collect(label: str, block: Block, harness: Harness) -> _Run:
    return _Run(
        label,
        block,
        outputs=harness.outputs(),
        tags=harness.tags(),
        results=block.results(),
    )


def _odd_cuts(total: int) -> list[int]:
    """Sizes that add up to ``total``: mostly small, some larger, the same every time."""
    draw = random.Random(total)
    cuts: list[int] = []
    while (left := total - sum(cuts)) > 0:
        cuts.append(min(left, draw.choice((1, 2, 3, 5, 7, 11, 30))))
    return cuts


def _marks(arrays: Sequence[Array | None]) -> list[list[Tag]]:
    """Tags for each input: on the first items, in the middle, on the last, two on one item."""
    marks = []
    for k, x in enumerate(arrays):
        n = 0 if x is None else len(x)
        places = sorted({i for i in (0, 1, n // 3, n // 2, n - 1) if 0 <= i < n})
        tags = [Tag(i, "mark", {"input": k, "item": i}) for i in places]
        tags += [Tag(i, f"second {k}", None) for i in places[2:3]]
        marks.append(sorted(tags, key=lambda tag: tag.index))
    return marks


# Checks ----------------------------------------------------------------------------------------


def _check_expected(
    run: _Run,
    expected: Any,
    tags: Sequence[Sequence[Tag]] | None,
    close: _Closeness,
    ignore: Sequence[str],
) -> None:
    if expected is not None and not run.outputs:
        for key, value in expected.items():
            if key not in ignore and not close.same(run.results.get(key), value):
                raise AssertionError(
                    f"result '{key}' is {run.results.get(key)!r}, expected {value!r}"
                )
    elif expected is not None:
        wanted = expected if isinstance(expected, tuple) else (expected,)
        if len(wanted) != len(run.outputs):
            raise AssertionError(f"{len(run.outputs)} outputs, expected {len(wanted)}")
        for name, y, want in zip(run.block.outputs, run.outputs, wanted, strict=True):
            if difference := close.difference(y, np.asarray(want)):
                raise AssertionError(f"output '{name}' is not what was expected: {difference}")
    if tags is not None:
        for name, found, wanted_tags in zip(run.block.outputs, run.tags, tags, strict=True):
            if found != list(wanted_tags):
                raise AssertionError(
                    f"tags of output '{name}' are {found}, expected {list(wanted_tags)}"
                )


def _check_same(run: _Run, whole: _Run, close: _Closeness, ignore: Sequence[str]) -> None:
    names = list(run.block.outputs)
    for name, y, want in zip(names, run.outputs, whole.outputs, strict=True):
        if difference := close.difference(y, want):
            raise AssertionError(
                f"{run.label}: output '{name}' differs from the whole run: {difference}"
            )
    for name, found, wanted in zip(names, run.tags, whole.tags, strict=True):
        if found != wanted:
            raise AssertionError(
                f"{run.label}: tags of output '{name}' differ from the whole run: {found} "
                f"instead of {wanted}"
            )
    for key in run.results.keys() | whole.results.keys():
        found_value, value = run.results.get(key), whole.results.get(key)
        if key not in ignore and not close.same(found_value, value):
            raise AssertionError(
                f"{run.label}: result '{key}' differs from the whole run: {found_value!r} "
                f"instead of {value!r}"
            )


def _check_kept_tags(run: _Run) -> None:
    """Where items stay one to one, so do their tags."""
    if not isinstance(run.block, SyncBlock):
        return
    for name, y, tags in zip(run.block.outputs, run.outputs, run.tags, strict=True):
        for tag in (tag for sent in run.sent for tag in sent):
            if tag.index < len(y) and tag not in tags:
                raise AssertionError(f"{run.label}: {tag} is missing on output '{name}'")


def _check_reset(block: Block, fresh: Block) -> None:
    block.reset()
    for key, value in fresh.state().items():
        if not _Closeness(True, 0).same(block.state()[key], value):
            raise AssertionError(
                f"after a reset, state '{key}' is {block.state()[key]!r}, not {value!r}"
            )


def _check_bypass(run: _Run, arrays: Sequence[Array | None], sent: Sequence[Sequence[Tag]]) -> None:
    if not run.outputs:
        return
    first = next(x for x in arrays if x is not None)
    shortest = min(len(x) for x in arrays if x is not None)
    if run.outputs[0].tobytes() != first[:shortest].tobytes():
        raise AssertionError("a disabled block must pass its first input on unchanged")
    for tag in sent[0]:
        if tag.index < shortest and tag not in run.tags[0]:
            raise AssertionError(f"a disabled block must pass tags on: {tag} is missing")


def _described(array: Array) -> str:
    return f"{len(array)} items of {ItemType.of(array)}" if array.ndim else f"one {array.dtype}"
