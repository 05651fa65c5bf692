"""Block types for the tests of the language, known to the registry only while a test runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import (
    Array,
    Block,
    Input,
    ItemType,
    ModelError,
    Output,
    Sink,
    Source,
    SyncBlock,
    parameter,
    registry,
)
from semradio.flowgraphs.language import load
from semradio.flowgraphs.plan import FlowgraphError


class Ramp(Source):
    """Give 0, 1, 2, ..."""

    items: int = parameter(10, low=1, doc="How many.")
    width: int = parameter(0, doc="Length of an item; 0 for scalars.")
    y = Output("float32[...]")
    label = Output("int64")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType("float32", (self.width,) if self.width else ())}

    def work(self, n: int, at: int) -> tuple[Array, Array]:
        self.finish()
        return np.zeros((n, self.width), np.float32), np.zeros(n, np.int64)


class Gain(SyncBlock):
    """Multiply."""

    factor: float = parameter(1.0, above=0, doc="Factor.")
    mode: str = parameter("fast", choices=("fast", "exact"), doc="How.")
    table: list[float] = parameter([], doc="Some numbers.")
    x = Input("float32[...]")
    y = Output(like="x")

    def work(self, x: Array, at: int) -> Array:
        return x * np.float32(self.factor)


class Mixer(SyncBlock):
    """Add up."""

    count: int = parameter(2, low=1, doc="How many inputs.")
    x = Input("float32[...]", count="count")
    y = Output(like="x")

    def work(self, x: Sequence[Array], at: int) -> Array:
        return np.sum(x, axis=0)


class Compare(Sink):
    """Compare two streams."""

    received = Input("float32[...]")
    reference = Input("float32[...]")
    extra = Input("any[...]", optional=True)

    def work(self, *arrays: Any) -> None:
        return None


class Take(Sink):
    """Take anything."""

    x = Input("any[...]")

    def work(self, x: Array, at: int) -> None:
        return None


class Model(SyncBlock):
    """Has the ports that its file says."""

    model: str = parameter(doc="Name of the model.")

    def configure(self) -> None:
        if self.model == "missing":
            raise ModelError(f"no model '{self.model}'")

    def input_ports(self) -> Sequence[Input]:
        port = Input("float32[...]")
        port.name = f"{self.model}.in"
        return (port,)

    def output_ports(self) -> Sequence[Output]:
        port = Output("float32")
        port.name = f"{self.model}.out"
        return (port,)

    def work(self, x: Array, at: int) -> Array:
        return x


TYPES: dict[str, type[Block]] = {
    "ramp": Ramp,
    "gain": Gain,
    "mixer": Mixer,
    "compare": Compare,
    "take": Take,
    "model": Model,
}


@pytest.fixture(autouse=True)
def _types(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, cls in TYPES.items():
        monkeypatch.setattr(cls, "block_type", name)
        monkeypatch.setitem(registry._registered, name, cls)


@pytest.fixture
def faults() -> Callable[..., list[str]]:
    """Returns what is wrong with a flowgraph, as ``line:column message``."""

    def run(source: str | Path, *overrides: str, allow_code: bool = False) -> list[str]:
        try:
            load(source, overrides, allow_code=allow_code)
        except FlowgraphError as error:
            return [
                f"{p.location.line}:{p.location.column} {p.message}" if p.location else p.message
                for p in error.problems
            ]
        return []

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes files given by name (``__`` stands for a dot); returns the path of the first."""

    def write(**files: str) -> Path:
        paths = []
        for name, text in files.items():
            path = tmp_path / name.replace("__", ".")
            path.write_text(text, encoding="utf-8")
            paths.append(path)
        return paths[0]

    return write
