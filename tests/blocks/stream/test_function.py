"""function."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from semradio.blocks.api import Block, BlockError, ItemTypeError, ParameterError
from semradio.blocks.stream.copy import Copy
from semradio.blocks.stream.function import Function

X = np.array([1.0, -2.0], np.float32)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module ``users_own`` that can be imported; its file for the test to write."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "users_own", raising=False)
    return tmp_path / "users_own.py"


def test_applies_a_users_function(module: Path) -> None:
    module.write_text("class Shapes:\n    @staticmethod\n    def twice(x):\n        return 2 * x\n")
    assert Function(call="users_own:Shapes.twice")(X).tolist() == [2, -4]


def test_only_this_block_needs_leave_to_run_code() -> None:
    assert Function.needs_code
    assert not Block.needs_code
    assert not Copy.needs_code


def test_nothing_is_imported_before_the_start(module: Path) -> None:
    module.write_text("raise RuntimeError('too early')")
    block = Function(call="users_own:f")
    with pytest.raises(ParameterError, match="cannot be imported: RuntimeError: too early"):
        block(X)


@pytest.mark.parametrize("call", ["numpy", "numpy:", ":conj", "numpy:conj(x)", "os;system:x", ""])
def test_path_is_a_path_and_nothing_else(call: str) -> None:
    with pytest.raises(ParameterError, match="'call' must be 'module:function'"):
        Function(call=call)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("no_such_module:f", "module 'no_such_module' cannot be imported: ModuleNotFoundError"),
        ("numpy:no_such", "module 'numpy' has no 'no_such'"),
        ("numpy:pi", "'numpy:pi' is a float, not a function"),
    ],
)
def test_what_is_not_there_is_named(call: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Function(call=call)(X)


def test_wrong_output_is_told() -> None:
    with pytest.raises(ItemTypeError, match="'float33' is not an item type"):
        Function(call="numpy:abs", output="float33")
    with pytest.raises(BlockError, match="work returned float32 on output 'y', which carries"):
        Function(call="numpy:abs", output="float64")(X)
    with pytest.raises(BlockError, match="work returned a float32 on output"):
        Function(call="numpy:sum")(X)


def test_error_in_the_function_names_block_and_item(module: Path) -> None:
    module.write_text("def f(x):\n    if (x < 0).any(): raise ValueError('negative')\n    return x")
    with pytest.raises(BlockError, match="block 'mine', item 1: ValueError: negative"):
        Function(call="users_own:f", name="mine")(X, chunk=1)
