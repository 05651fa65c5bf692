"""Axes, as they are written on the command line and in Python."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs.sweep.axis import Axis


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0:20:5", "0 5 10 15 20"),
        ("0:19:5", "0 5 10 15"),
        ("-2:2:2", "-2 0 2"),
        ("2:-2:-2", "2 0 -2"),
        ("0:0.3:0.1", "0.0 0.1 0.2 0.3"),
        ("-0.1:0.1:0.1", "-0.1 0.0 0.1"),
        ("1e-3:3e-3:1e-3", "0.001 0.002 0.003"),
        ("0:2e2:1e2", "0 100 200"),
        (".5:1.:.25", "0.50 0.75 1.00"),
        ("7:7:1", "7"),
        ("1..4", "1 2 3 4"),
        ("-1..1", "-1 0 1"),
        ("3..3", "3"),
        ("1..2,9,10:20:10", "1 2 9 10 20"),
        ("5", "5"),
        ("true,false", "true false"),
        ("a/${b}-c", "a/${b}-c"),
        ("'0:20:2',\"1..5\"", "'0:20:2' \"1..5\""),
        ("Alice's,Bob's", "Alice's Bob's"),
        ("tcp://host:5555", "tcp://host:5555"),
    ],
)
def test_values(text: str, values: str) -> None:
    assert " ".join(Axis.of("x", text).texts) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("[1,2],[3, 4]", ["[1,2]", "[3, 4]"]),
        ("{a: 1, b: 2},null", ["{a: 1, b: 2}", "null"]),
        ("'a,b',\"c,d\"", ["'a,b'", '"c,d"']),
        ("${min(a, b)},${max(a, b)}", ["${min(a, b)}", "${max(a, b)}"]),
        ("['a]', 2],3", ["['a]', 2]", "3"]),
    ],
)
def test_commas_inside_quotes_and_brackets_do_not_split(text: str, values: list[str]) -> None:
    assert list(Axis.of("x", text).texts) == values


def test_eleven_clean_values() -> None:
    texts = Axis.of("x", "0:1:0.1").texts
    assert len(texts) == 11
    assert [float(t) for t in texts] == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]


_small = st.integers(-10_000, 10_000)


@given(_small, _small, st.integers(1, 500), st.integers(0, 4), st.booleans())
def test_a_range_is_first_plus_steps(a: int, b: int, step: int, digits: int, down: bool) -> None:
    a, b = sorted((a, b), reverse=down)
    step = -step if down else step
    first, last, by = (Decimal(n).scaleb(-digits) for n in (a, b, step))
    found = [Decimal(t) for t in Axis.of("x", f"{first:f}:{last:f}:{by:f}").texts]
    assert found == [first + k * by for k in range(len(found))]
    beyond = found[-1] + by
    assert (found[-1] >= last > beyond) if down else (found[-1] <= last < beyond)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0:20", "not first:last:step"),
        ("0:20:2:1", "not first:last:step"),
        ("0:20:x", "not first:last:step"),
        ("x:20:2", "not first:last:step"),
        ("0:20:0", "the step is 0"),
        ("0:20:-2", "never lead from 0 to 20"),
        ("20:0:2", "never lead from 20 to 0"),
        ("0:1e9:1", "more than 100,000"),
        ("0:1:1e-999999", "more than 100,000"),
        ("0:1e30:1e29", "too large or too fine"),
        ("5..1", "empty"),
        ("1..2.5", "whole numbers"),
        ("1...5", "whole numbers"),
        ("0..9999999", "more than 100,000"),
        ("1,,2", "a value is missing"),
        ("", "a value is missing"),
        ("1,2,", "a value is missing"),
        ("1,2,1", "1 comes twice"),
        ("[1,2", "closing ] is missing"),
        ("'a,b", "closing ' is missing"),
    ],
)
def test_bad_axes(text: str, words: str) -> None:
    with pytest.raises(ParameterError) as error:
        Axis.of("snr_db", text)
    assert words in str(error.value)
    assert "snr_db" in str(error.value)


def test_plain_values_stay_what_they_are() -> None:
    values = [0.1, 5, True, None, "5", "a,b", "${x}", "true", [1, 2], np.float64(0.5)]
    assert list(Axis.of("x", values).texts) == [
        "0.1", "5", "true", "null", '"5"', '"a,b"', '"$${x}"', '"true"', "[1, 2]", "0.5",
    ]  # fmt: skip


def test_an_axis_without_values() -> None:
    with pytest.raises(ParameterError, match="at least one value"):
        Axis.of("x", [])
