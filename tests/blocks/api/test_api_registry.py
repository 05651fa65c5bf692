"""Finding blocks, and the harness behind ``block(x)``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from semradio.blocks.api import (
    BlockNotFoundError,
    ItemType,
    ItemTypeError,
    SemradioError,
    Source,
    SyncBlock,
    Tag,
    find,
    names,
    registry,
)
from semradio.blocks.api.harness import Harness
from semradio.blocks.sinks.tag_debug import TagDebug
from semradio.blocks.stream.add import Add
from semradio.blocks.stream.copy import Copy


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What these tests register is gone afterwards; all other blocks stay."""
    for name in names():
        find(name)
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("semradio_file_"):
            del sys.modules[name]


def test_every_block_has_what_its_page_needs() -> None:
    for name in names():
        cls = find(name)
        if not cls.__module__.startswith("semradio.blocks."):
            continue
        assert cls.block_type == name
        assert cls.category in registry.CATEGORIES
        assert (cls.__doc__ or "").strip(), name
        assert cls.__module__.rsplit(".", 2)[-2:] == [cls.category, name]
        assert [p for p, declared in cls.parameters.items() if not declared.doc] == []
        assert [s for s, declared in cls.states.items() if not declared.doc] == []
        ports = [*cls.declared_inputs, *cls.declared_outputs]
        assert [port.name for port in ports if not port.doc] == []
        assert all(declared.json_schema() for declared in cls.parameters.values())


def test_unknown_block_is_told_with_the_nearest() -> None:
    with pytest.raises(BlockNotFoundError, match=r"unknown block 'null_sing' .*'null_sink'"):
        find("null_sing")


BLOCK = """
from semradio.blocks.api import Input, Output, SyncBlock, block

@block("users_own_block", category="stream")
class Own(SyncBlock):
    x = Input("any[...]")
    y = Output(like="x")

    def work(self, x, at):
        return x
"""


def test_block_from_a_users_file(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(BLOCK)
    assert registry.load_file(tmp_path / "own.py") == ["users_own_block"]
    assert issubclass(find("users_own_block"), SyncBlock)
    assert "users_own_block" in names()


def test_threads_that_load_one_file_at_a_time_all_find_its_block(tmp_path: Path) -> None:
    # Before its block is defined the file waits, as on a busy machine.
    text = "import threading\nthreading.Event().wait(0.05)\n" + BLOCK
    (tmp_path / "own.py").write_text(text)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(registry.load_file, [tmp_path / "own.py"] * 4))
    assert found == [["users_own_block"]] * 4


CLASS = """from semradio import Input, Output, SyncBlock, block
@block("users_own_block", category="stream")
class Own(SyncBlock):
    x = Input("float32", doc="A signal.")
    y = Output(like="x", doc="The same.")
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no Python file"),
        ("x = 1", "registers no block: use the 'block' decorator"),
        ("\nraise ValueError('no')", r"own\.py:2: ValueError: no"),
        ("def", r"own\.py:1: SyntaxError: invalid syntax"),
        (
            CLASS + "    def wrok(self, x, at):\n        return x",
            r"Own has no method 'work\(self, x, at\)'",
        ),
        (
            CLASS + "    def work(self, x):\n        return x",
            r"Own\.work is called as work\(self, x, at\)",
        ),
    ],
)
def test_file_without_a_block(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "own.py").write_text(text)
    with pytest.raises(BlockNotFoundError, match=message):
        registry.load_file(tmp_path / "own.py")


def test_call_with_too_many_arrays() -> None:
    with pytest.raises(ItemTypeError, match="3 arrays for the 2 inputs"):
        Add()(np.zeros(1), np.zeros(1), np.zeros(1))


def test_call_takes_lists_and_gives_results_of_sinks() -> None:
    assert Copy()([1, 2]).tolist() == [1, 2]
    tags = [Tag(3, "b", {}), Tag(0, "a", 1), Tag(3, "b", [1])]
    for chunk in (1, 2, None):
        found = TagDebug()(np.zeros(4), tags=tags, chunk=chunk)
        assert found["tags"] == [[0, "a", 1], [3, "b", {}], [3, "b", [1]]]


def test_calls_are_streams_of_their_own() -> None:
    block = TagDebug()
    assert block(np.zeros(4))["items"] == block(np.zeros(4))["items"] == 4


def test_harness_tells_a_block_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with Harness(Copy(), {"x": ItemType("int8")}) as harness:
        monkeypatch.setattr(harness.chain, "step", lambda: False)
        with pytest.raises(SemradioError, match="block 'copy' does not come to an end"):
            harness.end()


def test_block_without_its_method() -> None:
    with pytest.raises(SemradioError, match="lacks a method that its kind needs"):
        Source().work(1, 0)
