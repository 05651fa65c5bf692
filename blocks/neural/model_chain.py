"""Model blocks in a row that run as one session."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from semradio.blocks.api import Array, BlockError, ItemType, ModelError
from semradio.blocks.neural.merged_model import Stage, merge
from semradio.blocks.neural.onnx_session import OnnxSession

Given = Array | tuple[Array | None, ...]
"""What one block gives: one array, or one for each output."""


@runtime_checkable
class OneModel(Protocol):
    """A block that runs one model from one input, and acts by position."""

    name: str
    providers: list[str]
    threads: int
    max_batch: int
    session: OnnxSession
    input_types: dict[str, ItemType]

    @property
    def waits(self) -> bool:
        """Whether it waits for company."""

    @property
    def acts(self) -> bool:
        """Whether it runs its model on the next item."""

    def as_stage(self) -> Stage:
        """Return the model as one of a row."""

    def infer(self, x: Array, at: int) -> Array:
        """Check a chunk and return the model's result for it."""

    def given(self, result: Array) -> Given:
        """Return what the block gives, given its model's result."""


def obstacle(first: Any, second: Any) -> str | None:
    """Return why two blocks, the second of which takes what the first gives, cannot be one.

    None where nothing speaks against it; their files may still (:class:`ModelChain` says so).
    """
    for block in (first, second):
        if not isinstance(block, OneModel):
            return f"block '{block.name}' is none that runs one model from one input"
        if block.session.batch is not None:
            return f"the model of block '{block.name}' insists on batches of {block.session.batch}"
        if block.waits:
            return f"block '{block.name}' waits for company (max_latency)"
    assert isinstance(first, OneModel) and isinstance(second, OneModel)
    if (first.providers, first.threads) != (second.providers, second.threads):
        return f"blocks '{first.name}' and '{second.name}' differ in providers or threads"
    return None


class ModelChain:
    """Blocks in a row as one session, with the results of the blocks one by one, bit for bit.

    Each block's check for NaN and infinity is made all the same, on its input or on what the
    block before gave. Where one fails, or ONNX Runtime does, the blocks run one by one, so that
    the error is the block's own. To be used by one thread, while all blocks act (:attr:`acts`).

    Args:
        blocks: two or more, started, each taking what the one before gives.

    Raises:
        ModelError: they cannot be one; the text says why.
    """

    def __init__(self, blocks: Sequence[OneModel]) -> None:
        for first, second in pairwise(blocks):
            reason = obstacle(first, second)
            if reason is not None:
                raise ModelError(reason)
        self.blocks = list(blocks)
        self.max_batch = min(block.max_batch for block in blocks)
        """Items of one call at most."""
        merged = merge([block.as_stage() for block in blocks])
        name = Path(" + ".join(str(block.session.path) for block in blocks))
        session = OnnxSession(name, blocks[0].providers, blocks[0].threads, merged.data)
        self._run = session.bound(merged.input, merged.outputs).all
        self._floating = [
            *(next(iter(b.input_types.values())).dtype.startswith("float") for b in blocks),
            session.gives_floats(merged.outputs[-1]),
        ]

    @property
    def acts(self) -> bool:
        """Whether all blocks run their models on the next item.

        Otherwise :meth:`work` must not be called, and each block's own is.
        """
        return all(block.acts for block in self.blocks)

    def work(self, x: Array, at: int) -> list[Given]:
        """Return what each block gives for the items ``x``, the first of which is item ``at``.

        Raises:
            BlockError: as the runner of the block at fault would; it names that block.
        """
        try:
            results = self._run(x)
        except Exception:
            return self._one_by_one(x, at)
        # Every block's input, and what the last one gives.
        for y, floating in zip((x, *results), self._floating, strict=True):
            if floating and not isfinite(np.vdot(y, y)):
                return self._one_by_one(x, at)
        return [block.given(y) for block, y in zip(self.blocks, results, strict=True)]

    def _one_by_one(self, x: Array, at: int) -> list[Given]:
        found: list[Given] = []
        for block in self.blocks:
            try:
                x = block.infer(x, at)
                found.append(block.given(x))
            except Exception as error:
                raise BlockError(block.name, at, error) from error
        return found
