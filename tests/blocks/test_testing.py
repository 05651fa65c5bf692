"""The jig itself: it must find each kind of fault, or passing it means nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from semradio.blocks import testing
from semradio.blocks.api import (
    Array,
    Block,
    Input,
    Output,
    RateBlock,
    Sink,
    Source,
    StreamBlock,
    SyncBlock,
    Tag,
    parameter,
    state,
)
from semradio.blocks.testing import check_block

X = np.arange(60, dtype=np.float32)


class Good(SyncBlock):
    """Twice the input."""

    x = Input("float32[...]")
    y = Output(like="x")

    def work(self, x: Array, at: int) -> Array:
        return 2 * x


class ForgetsAtBorders(Good):
    """A difference that takes the first item of each chunk as the beginning."""

    def work(self, x: Array, at: int) -> Array:
        return np.diff(x, prepend=x[:1])


class WritesIntoInput(Good):
    def work(self, x: Array, at: int) -> Array:
        x *= 2
        return x


class WritesBehindTheFlag(Good):
    """Writes into a read-only input through the memory of its base."""

    def work(self, x: Array, at: int) -> Array:
        if x.base is None:
            x.flags.writeable = True
            x += 1
            x.flags.writeable = False
        return x.copy()


class ReusesBuffer(Good):
    def start(self) -> None:
        self.buffer = np.zeros(1000, np.float32)

    def work(self, x: Array, at: int) -> Array:
        y = self.buffer[: len(x)]
        y[...] = x
        return y


class NeedsContiguous(Good):
    def work(self, x: Array, at: int) -> Array:
        return x.view(np.uint32).view(np.float32) if x.flags.c_contiguous else np.zeros_like(x)


class KeepsUndeclaredState(Good):
    """What it keeps survives the reset, because it is not declared as state."""

    kept = 0.0

    def work(self, x: Array, at: int) -> Array:
        self.kept += float(len(x)) if at == 0 else 0.0
        return x + np.float32(self.kept > len(X))


class KeepsStateSetInConfigure(Good):
    total: float = state(0.0, doc="")

    def reset(self) -> None:
        total = getattr(self, "total", 0.0)
        super().reset()
        self.total = total if isinstance(total, float) else 0.0

    def work(self, x: Array, at: int) -> Array:
        self.total += float(x.sum())
        return x


class LosesTags(StreamBlock):
    """Gives tags to the items of this chunk only as far as the cut happens to be even."""

    x = Input("float32")
    y = Output(like="x")
    size: int = state(0, doc="")

    def work(self, x: Array, at: int) -> Array:
        self.size = len(x)
        return x

    def moved(self, index: int) -> int | None:
        return index if self.size % 2 == 0 else None


class LateTags(StreamBlock):
    """Moves tags to an item that has been sent already."""

    x = Input("float32")
    y = Output(like="x")

    def work(self, x: Array, at: int) -> Array:
        return x

    def moved(self, index: int) -> int | None:
        return max(0, index - 1)


class EndsEarlyByTheCut(StreamBlock):
    x = Input("float32")
    y = Output(like="x")

    def work(self, x: Array, at: int) -> Array:
        if at > 30:
            self.finish()
        return x


class WrongType(Good):
    def work(self, x: Array, at: int) -> Array:
        return x.astype(np.float64)


class LosesTheRest(RateBlock):
    """Sums pairs, and counts whatever it is called with at the end."""

    x = Input("float32")
    y = Output(like="x")

    def rate(self) -> tuple[int, int]:
        return 2, 1

    def work(self, x: Array, at: int) -> Array:
        return x[::2] + np.float32(len(x) > 2)


class CountsChunks(Sink):
    x = Input("float32")
    chunks: int = state(0, doc="")

    def work(self, x: Array, at: int) -> None:
        self.chunks += 1

    def results(self) -> dict[str, Any]:
        return {"chunks": self.chunks, "always": 1}


class RandomSource(Source):
    """Draws afresh for each chunk."""

    seed: int = parameter(0, doc="")
    y = Output("float32")

    def work(self, n: int, at: int) -> Array:
        return np.random.default_rng(self.seed).random(n, np.float32)


class SecondInputFirst(SyncBlock):
    """Looks at how much of the other input has arrived, as no block can; simulated by order."""

    a = Input("float32")
    b = Input("float32")
    y = Output(like="a")

    def work(self, a: Array, b: Array, at: int) -> Array:
        return a + b


def test_good_blocks_pass() -> None:
    check_block(Good, [X], expected=2 * X)
    check_block(SecondInputFirst, [X, X[:41]], expected=2 * X[:41])


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (ForgetsAtBorders, "one item at a time: output 'y' differs from the whole run: item 1"),
        (WritesIntoInput, "read-only"),
        (WritesBehindTheFlag, "whole: the block wrote into its input"),
        (ReusesBuffer, "one item at a time: the block changed an array that it had handed out"),
        (NeedsContiguous, "strided input: output 'y' differs"),
        (KeepsUndeclaredState, "again, after a reset: output 'y' differs"),
        (KeepsStateSetInConfigure, "after a reset, state 'total' is"),
        (LosesTags, "one item at a time: tags of output 'y' differ from the whole run"),
        (LateTags, "tags of output 'y' differ from the whole run"),
        (EndsEarlyByTheCut, "differs from the whole run: 32 items"),
        (WrongType, "float64 on output 'y', which carries float32"),
        (LosesTheRest, "one item at a time: output 'y' differs"),
        (CountsChunks, "one item at a time: result 'chunks' differs"),
    ],
)
def test_fault_is_found(block: type[Block], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_block(block, [X])


def test_source_that_depends_on_the_chunk_is_found() -> None:
    with pytest.raises(AssertionError, match="chunks of 1: output 'y' differs"):
        check_block(RandomSource, 50)


def test_source_that_gives_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(RandomSource):
        def work(self, n: int, at: int) -> Array:
            return np.zeros(0, np.float32)

    monkeypatch.setattr(testing, "PATIENCE", 3)

    with pytest.raises(AssertionError, match="gives nothing and does not end"):
        check_block(Silent, 5)


def test_reference_is_compared_in_value_and_type() -> None:
    with pytest.raises(AssertionError, match=r"item 3: 6\.0 instead of 7"):
        check_block(Good, [X], expected=2 * X + (X == 3))
    with pytest.raises(AssertionError, match="60 items of float32 instead of 60 items of float64"):
        check_block(Good, [X], expected=(2 * X).astype(np.float64))
    with pytest.raises(AssertionError, match="1 outputs, expected 2"):
        check_block(Good, [X], expected=(X, X))
    with pytest.raises(AssertionError, match="'always' is 1, expected 2"):
        check_block(CountsChunks, [X], expected={"always": 2})


def test_clock_dependent_results_may_be_ignored() -> None:
    check_block(CountsChunks, [X], expected={"always": 1}, ignore=["chunks"])


def test_inexact_blocks_may_differ_a_little_and_no_more() -> None:
    class Inexact(Good):
        step: float = parameter(1e-7, doc="")

        def work(self, x: Array, at: int) -> Array:
            return 2 * x + np.float32(self.step * len(x))

    with pytest.raises(AssertionError):
        check_block(lambda: Inexact(step=1e-6), [X / 60])
    check_block(lambda: Inexact(step=1e-8), [X / 60], exact=False)
    with pytest.raises(AssertionError):
        check_block(lambda: Inexact(step=1e-5), [X / 60], exact=False)


def test_inexact_integers_may_differ_by_one() -> None:
    class Levels(SyncBlock):
        step: int = parameter(1, doc="")
        x = Input("uint8")
        y = Output(like="x")

        def work(self, x: Array, at: int) -> Array:
            return x + np.uint8(self.step * (len(x) > 1))

    levels = np.arange(50, dtype=np.uint8)
    check_block(lambda: Levels(step=1), [levels], exact=False)
    with pytest.raises(AssertionError):
        check_block(lambda: Levels(step=2), [levels], exact=False)
    with pytest.raises(AssertionError):
        check_block(lambda: Levels(step=1), [levels])


def test_sign_of_zero_counts() -> None:
    class Negative(Good):
        def work(self, x: Array, at: int) -> Array:
            return -x if len(x) == 1 else x

    with pytest.raises(AssertionError, match="another sign of zero"):
        check_block(Negative, [np.zeros(9, np.float32)])


def test_nan_equals_itself() -> None:
    check_block(Good, [np.full(9, np.nan, np.float32)], expected=np.full(9, np.nan, np.float32))


def test_expected_tags() -> None:
    tags = [Tag(3, "a", 1)]
    check_block(Good, [X], tags=tags, expected_tags=[tags])
    with pytest.raises(AssertionError, match="tags of output 'y' are"):
        check_block(Good, [X], tags=tags, expected_tags=[[Tag(4, "a", 1)]])


def test_lost_item_in_the_wire_is_found() -> None:
    def good(chunk: Array, tags: list[Tag]) -> tuple[Array, list[Tag]]:
        return np.frombuffer(chunk.tobytes(), chunk.dtype).reshape(chunk.shape).copy(), tags

    def bad(chunk: Array, tags: list[Tag]) -> tuple[Array, list[Tag]]:
        return chunk, tags[:-1]

    check_block(Good, [X], wire=good)
    with pytest.raises(AssertionError, match="through the wire: tags of output 'y' differ"):
        check_block(Good, [X], wire=bad)


def test_bypass_must_pass_everything_on(monkeypatch: pytest.MonkeyPatch) -> None:
    check_block(Good, [X])
    # A block that claims to be disabled but works on: the runner never lets that happen, so the
    # runner's part is taken over here.
    monkeypatch.setattr(Good, "set", lambda self, name, value: None)
    with pytest.raises(AssertionError, match="must pass its first input on"):
        check_block(Good, [X])


def test_wrong_use_is_told() -> None:
    with pytest.raises(TypeError, match="give the number of items"):
        check_block(RandomSource, [X])
    with pytest.raises(TypeError, match="one array per input"):
        check_block(Good, 3)


@pytest.fixture(autouse=True)
def _restore_registry() -> Iterator[None]:
    """The classes here are not registered; this makes sure that it stays so."""
    from semradio.blocks.api import names

    before = names()
    yield
    assert names() == before
