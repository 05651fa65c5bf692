"""Parameters and the other declarations of a block."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import numpy as np
import pytest

from semradio.blocks.api import (
    Array,
    Input,
    ItemTypeError,
    Output,
    ParameterError,
    SyncBlock,
    parameter,
    state,
)
from semradio.blocks.api.parameter import type_text


class Example(SyncBlock):
    """A block with a parameter of each kind."""

    block_type = "example"

    snr_db: float = parameter(10.0, unit="dB", low=-50, high=0, live=True, doc="Ratio.")
    count: int = parameter(doc="Number.", above=0)
    top: float = parameter(-1.0, above=-2, high=0, doc="Limit at zero.")
    mode: str = parameter("fast", choices=["fast", "slow"], doc="Way.")
    power: float | Literal["measured"] = parameter(1.0, doc="Power.")
    file: str = parameter("a", doc="Path.")
    kept: list[int] = state(factory=list, doc="")

    x = Input("float32")
    y = Output(like="x")

    def configure(self) -> None:
        self.derived = 2 * self.snr_db
        if self.snr_db == -13:
            raise ParameterError("thirteen", "snr_db")

    def work(self, x: Array, at: int) -> Array:
        return x


def test_values_get_their_type() -> None:
    block = Example(snr_db=-3, count=2)
    assert isinstance(block.snr_db, float)
    assert block.power == 1.0
    assert Example(count=2, power="measured").power == "measured"


@pytest.mark.parametrize(
    ("value", "plain"), [(np.int64(3), 3), (np.uint8(3), 3), (np.array([3])[0], 3)]
)
def test_numpy_scalars_are_taken(value: Any, plain: int) -> None:
    block = Example(count=value, snr_db=np.float32(-3))
    assert block.count == plain
    assert type(block.count) is int
    assert block.snr_db == -3.0


def test_paths_are_taken() -> None:
    assert Example(count=1, file=Path("b")).file == "b"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "parameter 'count' is required: Number."),
        ({"count": 0}, "'count' must be above 0, not 0"),
        ({"count": 1.5}, "'count' must be int, not 1.5"),
        ({"count": True}, "'count' must be int, not True"),
        ({"count": "1"}, "'count' must be int, not '1'"),
        ({"count": 10**400, "top": 0.5}, "'top' must be above -2, at most 0, not 0.5"),
        ({"count": 1, "snr_db": 1}, "'snr_db' must be -50 to 0 dB, not 1.0 dB"),
        ({"count": 1, "snr_db": float("nan")}, "'snr_db' must be -50 to 0 dB, not nan dB"),
        ({"count": 1, "mode": "fats"}, "one of fast, slow, not 'fats' .did you mean 'fast'"),
        ({"count": 1, "snr_db": "ten"}, r"'snr_db' must be float, not 'ten' \(str\)$"),
        ({"count": 1, "power": "x"}, r"'power' must be float \| 'measured', not 'x' \(str\)$"),
        ({"count": 1, "snr": 1}, "no parameter 'snr' .did you mean 'snr_db'"),
    ],
)
def test_wrong_values_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Example(**values)


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "int"),
        (float | Literal["measured"], "float | 'measured'"),
        (str | None, "str | None"),
        (Optional[int], "int | None"),  # noqa: UP045
        (list[str], "list[str]"),
        (list[int | None] | dict[str, float], "list[int | None] | dict[str, float]"),
        (tuple[float, ...], "tuple[float, ...]"),
        (Literal["a", "b", 3], "'a' | 'b' | 3"),
        (Annotated[int, "n"], "int"),
        (Callable[[int], str], "Callable[[int], str]"),
        (Any, "Any"),
    ],
)
def test_types_are_told_as_one_writes_them(annotation: Any, text: str) -> None:
    assert type_text(annotation) == text


def test_type_names_of_parameters() -> None:
    assert Example.parameters["power"].type_name == "float | 'measured'"
    assert Example.parameters["snr_db"].type_name == "float"


def test_all_faults_are_told_at_once() -> None:
    errors = Example.check_parameters({"snr_db": 1, "mode": 3, "other": 1})
    assert [error.parameter for error in errors] == ["snr_db", "mode", "other", "count"]


def test_json_schema() -> None:
    assert Example.parameters["snr_db"].json_schema() == {
        "type": "number",
        "minimum": -50,
        "maximum": 0,
        "description": "Ratio. [dB]",
        "default": 10.0,
    }
    assert Example.parameters["count"].json_schema()["exclusiveMinimum"] == 0
    assert "default" not in Example.parameters["count"].json_schema()
    assert Example.parameters["mode"].json_schema()["enum"] == ["fast", "slow"]


def test_signature_shows_the_parameters() -> None:
    shown = inspect.signature(Example).parameters
    assert list(shown) == ["enabled", "snr_db", "count", "top", "mode", "power", "file"]
    assert shown["count"].default is inspect.Parameter.empty


def test_set_checks_and_restores() -> None:
    block = Example(count=1, snr_db=-5)
    block.set("snr_db", -6)
    assert (block.snr_db, block.derived) == (-6, -12)
    for value in (1, -13):
        with pytest.raises(ParameterError):
            block.set("snr_db", value)
        assert (block.snr_db, block.derived) == (-6, -12)
    with pytest.raises(ParameterError, match="has no parameter 'snr_bd'"):
        block.set("snr_bd", 1)


def test_repr_shows_what_differs_from_the_default() -> None:
    assert repr(Example(count=1)) == "Example(count=1)"
    assert repr(Example(count=1, file="b")) == "Example(count=1, file='b')"


def test_states_are_made_anew_for_each_block_and_stream() -> None:
    first, second = Example(count=1), Example(count=1)
    first.kept.append(3)
    assert second.kept == []
    first.reset()
    assert first.kept == []


@pytest.mark.parametrize("name", ["inputs", "name", "finish", "notes", "reset"])
def test_names_of_the_block_itself_are_taken(name: str) -> None:
    with pytest.raises(TypeError, match=f"the name '{name}' is taken by Block itself"):
        type("Wrong", (SyncBlock,), {name: parameter(1, doc="")})


def test_unknown_port_is_told_with_the_nearest() -> None:
    with pytest.raises(ItemTypeError, match=r"has no port 'z'.*; ports: x, y"):
        Example(count=1).port("z")
    assert Example(count=1).port("x").name == "x"
