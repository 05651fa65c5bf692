"""Flowgraphs composed in Python: names, processes, code, and the variables of loaded files."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import (
    Array,
    BlockNotFoundError,
    Input,
    Output,
    ParameterError,
    SyncBlock,
    block,
    registry,
)
from semradio.blocks.sinks.null_sink import NullSink
from semradio.blocks.sinks.vector_sink import VectorSink
from semradio.blocks.sources.null_source import NullSource
from semradio.blocks.sources.vector_source import VectorSource
from semradio.blocks.stream.copy import Copy
from semradio.blocks.stream.multiply_const import MultiplyConst
from semradio.flowgraphs import Flowgraph, FlowgraphError


def messages(fg: Flowgraph) -> list[str]:
    """Everything that is wrong with a flowgraph."""
    with pytest.raises(FlowgraphError) as found:
        fg.check()
    return [str(problem) for problem in found.value.problems]


# Names -------------------------------------------------------------------------------------------


def test_a_block_keeps_the_name_under_which_it_was_added() -> None:
    fg = Flowgraph("names")
    copy = fg.add(Copy(), "first")
    assert fg.add(copy, "first") is copy
    assert fg.add(copy) is copy
    with pytest.raises(ParameterError, match=r"'first' .* under that name .* cannot be 'second'"):
        fg.add(copy, "second")


def test_a_connected_block_cannot_be_named_afterwards() -> None:
    fg = Flowgraph()
    source = VectorSource(data=[1.0])
    fg.connect(source, NullSink())
    with pytest.raises(ParameterError, match=r"block 'vector_source' .* cannot be 'noise'"):
        fg.add(source, "noise")
    assert list(fg.plan.blocks) == ["vector_source", "null_sink"]


# Processes ---------------------------------------------------------------------------------------


def test_each_block_is_in_exactly_one_process() -> None:
    fg = Flowgraph()
    source, copy, sink = VectorSource(data=[1.0]), Copy(), NullSink()
    fg.connect(source, copy, sink)
    fg.process("a", source, copy)
    fg.process("b", copy)
    fg.process("c")
    expected = [
        "block 'copy' is in process 'a' already",
        "process 'c' has no blocks",
        "block 'null_sink' is in no process: each block must be in one",
    ]
    assert messages(fg) == expected
    with pytest.raises(FlowgraphError, match="is in no process"):
        fg.run()


def test_processes_are_told_along_with_the_rest() -> None:
    fg = Flowgraph()
    source, sink = VectorSource(data=[1.0]), fg.add(NullSink(), "lonely")
    fg.add(source)
    fg.process("a", source)
    assert messages(fg) == [
        f"input 'x' of block '{sink.name}' is not connected",
        "block 'lonely' is in no process: each block must be in one",
    ]


def test_a_process_is_declared_once() -> None:
    fg = Flowgraph()
    fg.process("a", Copy())
    with pytest.raises(ParameterError, match="process 'a' is declared twice"):
        fg.process("a", Copy())


# Block types of this session ---------------------------------------------------------------------

CLIP = """
from semradio.blocks.api import Input, Output, SyncBlock, block
{helper}

@block("clip_of_a_file", category="stream")
class Clip(SyncBlock):
    x = Input("float32")
    y = Output(like="x")

    def work(self, x, at):
        return x.clip(-1, 1)
"""


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What these tests register and import from is gone afterwards."""
    for name in registry.names():
        registry.find(name)
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    monkeypatch.setattr(registry, "_file_modules", {})
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(("semradio_file_", "helper_of_")):
            del sys.modules[name]


def of_this_session(name: str) -> SyncBlock:
    """A block of a type that only this Python process knows."""

    @block(name, category="stream")
    class Session(SyncBlock):
        x = Input("float32")
        y = Output(like="x")

        def work(self, x: Array, at: int) -> Array:
            return 2 * x

    return Session()


def in_two_processes(fg: Flowgraph, middle: SyncBlock) -> VectorSink:
    source, sink = VectorSource(data=[0.5, 2.0]), VectorSink()
    fg.connect(source, middle, sink)
    fg.process("a", source)
    fg.process("b", middle, sink)
    return sink


def test_a_block_of_this_session_does_not_go_to_a_worker() -> None:
    fg = Flowgraph()
    sink = in_two_processes(fg, of_this_session("doubler_of_a_session"))
    for processes in (None, True):
        with pytest.raises(
            FlowgraphError,
            match="block type 'doubler_of_a_session' is defined in this Python session only, "
            r"worker processes cannot load it: .*'code:' or Flowgraph\(code=",
        ):
            fg.run(processes=processes)
    fg.run(processes=False)
    assert sink.data.tolist() == [1.0, 4.0]


def test_a_class_in_place_of_a_known_type_does_not_go_to_a_worker() -> None:
    class Louder(MultiplyConst):
        """Not registered: a worker would make a plain multiply_const."""

    fg = Flowgraph()
    in_two_processes(fg, Louder(constant=2.0))
    with pytest.raises(FlowgraphError, match="'multiply_const' is defined in this Python session"):
        fg.run()
    fg = Flowgraph()
    in_two_processes(fg, of_this_session("copy"))
    with pytest.raises(FlowgraphError, match="'copy' is defined in this Python session only"):
        fg.run()


def test_code_is_loaded_here_and_by_the_workers(tmp_path: Path) -> None:
    (tmp_path / "helper_of_clip.py").write_text(
        CLIP.format(helper="").replace("_a_f", "_a_helper_f")
    )
    file = tmp_path / "clip.py"
    file.write_text(CLIP.format(helper="import helper_of_clip"))
    for name in ("clip_of_a_file", "clip_of_a_helper_file"):
        fg = Flowgraph("clipped", code=[file])
        assert fg.plan.code == [str(file)]
        middle = registry.find(name)()
        assert isinstance(middle, SyncBlock)
        in_two_processes(fg, middle)
        result = fg.run()
        assert len(result.processes) == 2
        assert result["vector_sink"]["data"] == [0.5, 1.0]


def test_code_that_is_not_there() -> None:
    with pytest.raises(BlockNotFoundError, match="no Python file"):
        Flowgraph(code=["/nonexistent/none.py"])


def test_what_a_worker_finds(tmp_path: Path) -> None:
    (tmp_path / "clip.py").write_text(CLIP.format(helper=""))
    assert registry.loadable(Copy)
    assert not registry.loadable(type(of_this_session("mine")))
    first = registry.find(registry.load_file(tmp_path / "clip.py")[0])
    registry.load_file(tmp_path / "clip.py")
    assert registry.loadable(first, [tmp_path / "clip.py"])
    assert not registry.loadable(first)
    assert not registry.loadable(first, [tmp_path / "other.py"])


# Variables ---------------------------------------------------------------------------------------

FILE = """flowgraph: variables
variables: {value: 1}
blocks:
  source: {block: vector_source, data: [1.0]}
  sink: {block: null_sink}
connections: [source -> sink]
"""


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (3, 3),
        (-0.0, -0.0),
        (1e-7, 1e-7),
        (1e300, 1e300),
        (math.inf, math.inf),
        (-math.inf, -math.inf),
        (np.float32(3), 3.0),
        (np.int64(-4), -4),
        (np.bool_(True), True),
        (np.str_("7"), "7"),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        ([np.float32(0.5), "a", None, (1, True)], [0.5, "a", None, [1, True]]),
        ({"a b": {"true": np.inf}, "${x}": []}, {"a b": {"true": math.inf}, "${x}": []}),
        (None, None),
        (False, False),
        (Path("a") / "b.png", str(Path("a") / "b.png")),
    ],
)
def test_a_variable_gets_the_very_value(value: Any, read: Any) -> None:
    found = Flowgraph.load(FILE, value=value).plan.variables["value"]
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize(
    "text",
    ["10", "", "true", "Null", "~", ".inf", "1e3", "0x1f", "a: b", "[1]", "{a: 1}", "# no", " x ",
     "it's", 'say "x"', "two\nlines", "\t\x00\x85\u2028", "${value + 1}", "$${", "grün \U0001f600",
     "- a", "2001-01-01", "!tag", "&a", "*a", "=", "a=b"],
)  # fmt: skip
def test_text_stays_text(text: str) -> None:
    assert Flowgraph.load(FILE, value=text).plan.variables["value"] == text


def test_not_a_number_stays_that() -> None:
    assert math.isnan(Flowgraph.load(FILE, value=math.nan).plan.variables["value"])


@pytest.mark.parametrize("value", [object(), 1j, {1: 2}, [{3}], np.array([1j]), b"x"])
def test_what_no_file_can_hold(value: Any) -> None:
    with pytest.raises(ParameterError, match="variable 'value' must be a number, text"):
        Flowgraph.load(FILE, value=value)


def test_a_notebook_shows_the_drawing() -> None:
    from xml.etree import ElementTree

    fg = Flowgraph("drawn")
    source = fg.add(NullSource(type="complex64"), "zeros")
    assert "zeros" in fg._repr_svg_(), "half-composed it is drawn too"
    fg.connect(source, fg.add(NullSink(), "end"))
    picture = fg._repr_svg_()
    ElementTree.fromstring(picture)
    assert "complex64" in picture
