"""Expressions: their values, and that nothing but arithmetic can be said in them."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

from semradio.flowgraphs.language.expression import ExpressionError, evaluate, mentioned
from semradio.flowgraphs.language.interpolation import Expression, escaped, parts

NAMES: dict[str, Any] = {
    "n": 3,
    "x": 2.5,
    "on": True,
    "word": "ab",
    "list": [1, [2, 3]],
    "nil": None,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("7 / 2", 3.5),
        ("7 // 2", 3),
        ("-7 % 3", 2),
        ("2 ** 10", 1024),
        ("2 ** -1", 0.5),
        ("-n + +x", -0.5),
        ("n == 3 and x < 3 <= n", True),
        ("not on or n", 3),
        ("1 if on else 1 / 0", 1),
        ("false and 1 / 0", False),
        ("true", True),
        ("null", None),
        ("True", True),
        ("'a' + word", "aab"),
        ("list[1][0]", 2),
        ("list[-1]", [2, 3]),
        ("list + list", [1, [2, 3], 1, [2, 3]]),
        ("min(n, 2)", 2),
        ("max(list[1])", 3),
        ("sqrt(16)", 4.0),
        ("log10(1000)", pytest.approx(3)),
        ("db(100)", pytest.approx(20)),
        ("undb(3)", pytest.approx(1.9952623)),
        ("abs(-2)", 2),
        ("round(2.567, 1)", 2.6),
        ("round(2.5)", 2),
        ("int(x)", 2),
        ("float(n)", 3.0),
        ("len(list) + len(word)", 4),
        ("word == 'ab'", True),
        (" n ", 3),
    ],
)
def test_values(text: str, value: Any) -> None:
    found = evaluate(text, NAMES)
    assert found == value
    assert isinstance(found, bool) == isinstance(value, bool)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("m", "unknown variable 'm'; variables: n, x"),
        ("wrd", "did you mean 'word'?"),
        ("", "an empty expression"),
        ("1 +", "cannot read the expression '1 +'"),
        ("1; 2", "cannot read"),
        ("n = 2", "cannot read"),
        ("1 / 0", "division by zero"),
        ("1 % 0", "division by zero"),
        ("word * 3", "arithmetic needs numbers, not text"),
        ("'%d' % 3", "arithmetic needs numbers, not text"),
        ("word + 1", "arithmetic needs numbers, not text"),
        ("nil + 1", "arithmetic needs numbers, not nothing"),
        ("list * 2", "arithmetic needs numbers, not a list"),
        ("-word", "arithmetic needs numbers"),
        ("word < 3", "has no value"),
        ("list[5]", "index 5 is outside the 2 elements of 'list'"),
        ("list[1.5]", "a list index must be a whole number"),
        ("n[0]", "'n' is not a list"),
        ("list[0:1]", "is not allowed"),
        ("sqrt(-1)", "sqrt(-1) has no value"),
        ("log10(0)", "log10(0) has no value"),
        ("db(0)", "db(0) has no value"),
        ("undb(1e9)", "has no value"),
        ("(-8) ** 0.5", "not a real number"),
        ("sqroot(2)", "no function 'sqroot' (did you mean 'sqrt'?); functions: min, max"),
        ("sqrt", "the function 'sqrt' needs arguments"),
        ("sqrt(2, 3)", "has no value"),
        ("1j", "is not allowed"),
        ("b'x'", "is not allowed"),
        ("...", "is not allowed"),
        ("10.0 ** 400", "has no value"),
    ],
)
def test_faults(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, NAMES)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "().__class__",
        "word.upper()",
        "word.__class__",
        "__import__('os').system('true')",
        "open('/etc/passwd')",
        "eval('1')",
        "(lambda: 1)()",
        "[a for a in list]",
        "{1: 2}",
        "[1, 2]",
        "f'{n}'",
        "(n := 5)",
        "n @ n",
        "n << 2",
        "n | 1",
        "~n",
        "n in list",
        "n is n",
        "min(*list)",
        "round(x, ndigits=1)",
        "print",
        "True.real",
        "min.__self__",
        "await n",
    ],
)
def test_nothing_but_arithmetic(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9",
        "9**9**9**9",
        "2**100000000",
        "(2**4000)**(2**4000)",
        "2**4000 * 2**4000",
        "int('9' + '9') ** 99999",
        "round(5, -1000000000)",
        "10.0**10**10",
        "(" * 300 + "1" + ")" * 300,
        "-" * 990 + "1",
        "+".join(["1"] * 501),
        "9" * 5000,
        "'\\0'[0]",
        "1\0",
    ],
)
def test_bounded(text: str) -> None:
    start = time.process_time()
    with pytest.raises(ExpressionError):
        evaluate(text, NAMES)
    assert time.process_time() - start < 0.5


def test_long_text_is_refused() -> None:
    with pytest.raises(ExpressionError, match="too long"):
        evaluate("a + a", {"a": "x" * 60_000})


def test_infinite_values_stay_numbers() -> None:
    assert evaluate("1e308 * 10", {}) == math.inf


def test_mentioned() -> None:
    assert mentioned("min(a, b[c]) if true else 'd'") == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("plain", ("plain",)),
        ("", ("",)),
        ("${a}", (Expression("a"),)),
        ("x${a}y${b}", ("x", Expression("a"), "y", Expression("b"))),
        ("$${a}", ("${a}",)),
        ("$$${a}", ("$${a}",)),
        ("$ {a} $", ("$ {a} $",)),
        ("${'}'}", (Expression("'}'"),)),
    ],
)
def test_parts(text: str, pieces: tuple[Any, ...]) -> None:
    assert parts(text) == pieces


def test_parts_need_their_end() -> None:
    with pytest.raises(ExpressionError, match="lacks its closing"):
        parts("a ${b")


@pytest.mark.parametrize("text", ["${a}", "$${a}", "$$${a}", "$", "a$b"])
def test_escaped(text: str) -> None:
    assert parts(escaped(text)) == (text,)
