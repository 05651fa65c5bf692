"""Live changes from another thread, at any moment, change no item of any block's stream.

Each block stands behind two disabled blocks with a live one between them, and before a third, so
that all of them run as one chain where the block's kind allows it. The live parameter is set to
its own value over and over while the stream runs in small chunks.
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from law_case import Case
from law_cases import CASES, factory_of

from semradio.blocks.api import (
    Array,
    Block,
    Input,
    Output,
    Sink,
    Source,
    SyncBlock,
    Tag,
    block,
    parameter,
    state,
)
from semradio.blocks.sources.vector_source import VectorSource
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.runtime.share import Share

REACHES_OUT = {"message", "rtl", "soapy", "tcp", "udp", "uhd", "zeromq", "zmq"}
"""First words of the blocks that meet a peer: each run would need a peer of its own."""

FLAT = [
    pytest.param(name, case, id=f"{name}-{k}")
    for name, cases in CASES.items()
    for k, case in enumerate(cases)
    if not isinstance(case.inputs, int) and name.split("_")[0] not in REACHES_OUT
]


@block("test_steady", category="stream")
class Steady(SyncBlock):
    """Pass items on, as copies; its level is live and means nothing."""

    level: float = parameter(1.0, live=True, doc="Nothing.")
    x = Input("any[...]", doc="Items.")
    y = Output(like="x", doc="The same.")

    def work(self, x: Array, at: int) -> Array:
        return x.copy()


@block("test_kept", category="sinks")
class Kept(Sink):
    """Keep every item."""

    x = Input("any[...]", doc="Items.")
    chunks: list[Any] = state(factory=list, doc="Items so far.")

    def work(self, x: Array, at: int) -> None:
        self.chunks.append(x.copy())

    @property
    def items(self) -> Array:
        return np.concatenate(self.chunks) if self.chunks else np.zeros(0)


@contextmanager
def disturbing(share: Share) -> Iterator[None]:
    """Set every steady block's level to its own value from another thread, without a pause."""
    names = [name for name, found in share.graph.blocks.items() if isinstance(found, Steady)]
    done = threading.Event()

    def disturb() -> None:
        while not done.is_set():
            share.change({random.choice(names): {"level": 1.0}}, lambda _: None)
            done.wait(random.random() * 1e-4)

    thread = threading.Thread(target=disturb)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(before)


def surrounded(
    fg: Flowgraph, centre: Block, inputs: list[Array | None], tags: list[Tag]
) -> list[Kept]:
    """Wire a block between disabled ones; returns a sink for each of its outputs."""
    for k, (port, data) in enumerate(zip(centre.inputs, inputs, strict=False)):
        if data is not None:
            marks = [list(tag) for tag in tags] if k == 0 else []
            off = [Steady(enabled=False), Steady(), Steady(enabled=False)]
            fg.connect(
                VectorSource(data=data, dtype=str(data.dtype), tags=marks), *off, centre.port(port)
            )
    sinks = []
    for port in centre.outputs:
        sinks.append(Kept())
        fg.connect(centre.port(port), Steady(enabled=False), sinks[-1])
    return sinks


@pytest.mark.parametrize(("name", "case"), FLAT)
def test_every_block_between_disabled_ones(name: str, case: Case, law_folder: Path) -> None:
    make = factory_of(name, case, law_folder)
    assert not isinstance(case.inputs, int)
    inputs = [None if x is None else np.asarray(x) for x in case.inputs]
    tags = case.options.get("tags", [])
    expected = make()(*inputs, tags=tags)
    fg = Flowgraph()
    sinks = surrounded(fg, make(), inputs, tags)
    share = Share(fg.check(), None, random.choice([1, 2, 5]))
    share.start()
    with disturbing(share):
        share.run()
    share.stop_blocks()
    if not sinks:
        return
    rounded = case.options.get("exact") is False
    whole = expected if isinstance(expected, tuple) else (expected,)
    for sink, y in zip(sinks, whole, strict=True):
        if rounded:
            np.testing.assert_allclose(sink.items, y, rtol=1e-4, atol=1e-4)
        else:
            np.testing.assert_array_equal(sink.items, y)


# Random graphs ---------------------------------------------------------------------------------


@block("test_ramp", category="sources")
class Ramp(Source):
    """The index of each item."""

    items: int = parameter(1000, doc="Number of items.")
    y = Output("float32", doc="The index.")

    def work(self, n: int, at: int) -> Array:
        n = min(n, self.items - at)
        if at + n >= self.items:
            self.finish()
        return np.arange(at, at + n, dtype=np.float32)


@block("test_scale", category="stream")
class Scale(SyncBlock):
    """Multiply by a constant, which may change while running."""

    gain: float = parameter(2.0, live=True, doc="Factor.")
    x = Input("float32", doc="Items.")
    y = Output(like="x", doc="Products.")

    def work(self, x: Array, at: int) -> Array:
        return x * np.float32(self.gain)


@block("test_sum", category="stream")
class Sum(SyncBlock):
    """Add two streams."""

    a = Input("float32", doc="One.")
    b = Input("float32", doc="Other.")
    y = Output("float32", doc="Sum.")

    def work(self, a: Array, b: Array, at: int) -> Array:
        return a + b


@settings(max_examples=25, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(["scale", "off", "steady", "sum"]), min_size=2, max_size=9),
    feeds=st.lists(st.integers(0, 100), min_size=20, max_size=20),
    items=st.integers(1, 3000),
    chunk=st.sampled_from([1, 3, 16, 64]),
)
def test_small_graphs(kinds: list[str], feeds: list[int], items: int, chunk: int) -> None:
    fg = Flowgraph()
    made: list[Block] = [fg.add(Ramp(items=items))]
    values = [np.arange(items, dtype=np.float32)]
    fed = iter(feeds)
    for kind in kinds:
        k = next(fed) % len(made)
        if kind == "sum":
            other = next(fed) % len(made)
            added: Block = fg.add(Sum())
            fg.connect(made[k], added.port("a"))
            fg.connect(made[other], added.port("b"))
            values.append(values[k] + values[other])
        else:
            added = {
                "scale": lambda: Scale(gain=0.5),
                "off": lambda: Scale(enabled=False),
                "steady": Steady,
            }[kind]()
            fg.connect(made[k], fg.add(added))
            values.append(values[k] * np.float32(0.5 if kind == "scale" else 1.0))
        made.append(added)
    sinks = [Kept() for _ in made]
    for giver, sink in zip(made, sinks, strict=True):
        fg.connect(giver, sink)
    fg.connect(made[0], Steady(), Kept())
    share = Share(fg.check(), None, chunk)
    share.start()
    with disturbing(share):
        share.run()
    for sink, y in zip(sinks, values, strict=True):
        np.testing.assert_array_equal(sink.items, y)
