"""Expressions: arithmetic on variables, and nothing else.

``${...}`` holds numbers, text, true/false, variables, ``+ - * / // % **``, comparisons,
``and or not``, ``a if condition else b``, ``list[index]``, and calls of :data:`FUNCTIONS`. The
evaluator is its own: it walks the syntax tree and knows no other node, so a flowgraph from a
stranger cannot reach Python; sizes are bounded, so it cannot hang either.
"""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from semradio.blocks.errors import SemradioError, nearest

LENGTH_LIMIT = 1_000
"""Characters of one expression at most."""
BIT_LIMIT = 4_096
"""Bits of a whole number at most."""
TEXT_LIMIT = 100_000
"""Characters of a text, and elements of a list, at most."""


class ExpressionError(SemradioError):
    """An expression cannot be read or has no value."""


class WrongValueError(Exception):
    """The expression uses a value in which a problem was found and noted already."""


class Wrong:
    """Stands for a value in which a problem was found and noted already."""


WRONG = Wrong()


def _db(x: float) -> float:
    return 10 * math.log10(x)


def _undb(x: float) -> float:
    return float(10 ** (x / 10))


def _round(x: float, digits: int = 0) -> float:
    if not isinstance(digits, int) or abs(digits) > 30:
        raise ValueError("digits beyond 30")
    return round(x, digits) if digits else round(x)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "sqrt": math.sqrt,
    "log10": math.log10,
    "db": _db,
    "undb": _undb,
    "abs": abs,
    "round": _round,
    "int": int,
    "float": float,
    "len": len,
}
"""What an expression may call; ``db(x)`` is 10 log10(x), ``undb(x)`` is 10^(x/10)."""

CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}
"""YAML's words for values, which expressions know as well."""

RESERVED = frozenset({*FUNCTIONS, *CONSTANTS, "True", "False", "None", "and", "or", "not"}) | {
    "if",
    "else",
    "is",
    "in",
    "lambda",
    "for",
}
"""Names that no variable may have."""

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
}


@lru_cache(maxsize=4096)
def _parse(text: str) -> ast.expr:
    if len(text) > LENGTH_LIMIT:
        raise ExpressionError(f"an expression of more than {LENGTH_LIMIT} characters")
    if not text.strip():
        raise ExpressionError("an empty expression")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(f"cannot read the expression '{text.strip()}'") from None


@lru_cache(maxsize=4096)
def mentioned(text: str) -> frozenset[str]:
    """Return the variables that an expression names; ExpressionError if it cannot be read."""
    found = {n.id for n in ast.walk(_parse(text)) if isinstance(n, ast.Name)}
    return frozenset(found - RESERVED)


def evaluate(
    text: str, variables: Mapping[str, Any], hint: Callable[[str], str] | None = None
) -> Any:
    """Return the value of an expression.

    Args:
        text: the expression without ``${}``.
        variables: values by name.
        hint: says more about an unknown name; empty if there is no more to say.

    Raises:
        ExpressionError: it cannot be read, names an unknown variable, is not arithmetic, or has
            no value.
        WrongValueError: it uses a value that is :data:`WRONG`.
    """
    tree = _parse(text)
    try:
        return _Evaluation(variables, hint).value(tree)
    except (ArithmeticError, ValueError, TypeError, IndexError, RecursionError) as error:
        reason = "division by zero" if isinstance(error, ZeroDivisionError) else str(error)
        raise ExpressionError(f"'{text.strip()}' has no value: {reason}") from None


class _Evaluation:
    """One walk over a syntax tree."""

    def __init__(self, variables: Mapping[str, Any], hint: Callable[[str], str] | None) -> None:
        self.variables = variables
        self.hint = hint

    def value(self, node: ast.expr) -> Any:
        """Return the value of a node, bounded in size."""
        found = self._value(node)
        if isinstance(found, complex):
            raise ValueError("it is not a real number")
        if isinstance(found, int) and found.bit_length() > BIT_LIMIT:
            raise ValueError("the number is too large")
        if isinstance(found, str | list) and len(found) > TEXT_LIMIT:
            raise ValueError("it is too long")
        return found

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=bool() | int() | float() | str() | None as value):
                return value
            case ast.Name(id=name):
                return self._variable(name)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return self._binary(op, self.value(left), self.value(right))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not self.value(operand)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
                return _UNARY[type(op)](_number(self.value(operand)))
            case ast.BoolOp(op=op, values=values):
                return self._boolean(isinstance(op, ast.And), values)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.value(body if self.value(test) else orelse)
            case ast.Compare(left=left, ops=ops, comparators=others) if all(
                type(op) in _COMPARE for op in ops
            ):
                return self._compare(left, ops, others)
            case ast.Subscript(value=of, slice=index) if not isinstance(index, ast.Slice):
                return self._element(self.value(of), self.value(index), ast.unparse(of))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
                return self._call(name, [self.value(arg) for arg in args])
            case ast.Call(func=ast.Name(id=name)):
                raise ExpressionError(
                    f"no function '{name}'{nearest(name, FUNCTIONS)}; "
                    f"functions: {', '.join(FUNCTIONS)}"
                )
        raise ExpressionError(
            f"'{ast.unparse(node)}' is not allowed: expressions hold numbers, text, variables, "
            "arithmetic, comparisons, and/or/not, if/else, list[index] and the functions "
            + ", ".join(FUNCTIONS)
        )

    def _variable(self, name: str) -> Any:
        if name in self.variables:
            value = self.variables[name]
            if value is WRONG:
                raise WrongValueError
            return value
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in FUNCTIONS:
            raise ExpressionError(f"the function '{name}' needs arguments: {name}(...)")
        more = self.hint(name) if self.hint else ""
        known = ", ".join(self.variables) or "none"
        raise ExpressionError(
            f"unknown variable '{name}'{nearest(name, self.variables)}; "
            + (more or f"variables: {known}")
        )

    def _binary(self, op: ast.operator, a: Any, b: Any) -> Any:
        joins = any(isinstance(a, kind) and isinstance(b, kind) for kind in (str, list))
        if isinstance(op, ast.Add) and joins:
            return a + b
        _number(a), _number(b)
        whole = isinstance(a, int) and isinstance(b, int)
        if whole and isinstance(op, ast.Pow) and b > 0 and a.bit_length() * b > 2 * BIT_LIMIT:
            raise ValueError("the number is too large")
        return _BINARY[type(op)](a, b)

    def _boolean(self, every: bool, values: list[ast.expr]) -> Any:
        found: Any = None
        for node in values:
            found = self.value(node)
            if bool(found) != every:
                break
        return found

    def _compare(self, left: ast.expr, ops: list[ast.cmpop], others: list[ast.expr]) -> bool:
        a = self.value(left)
        for op, node in zip(ops, others, strict=True):
            b = self.value(node)
            if not _COMPARE[type(op)](a, b):
                return False
            a = b
        return True

    @staticmethod
    def _element(of: Any, index: Any, name: str) -> Any:
        if not isinstance(of, list):
            raise ExpressionError(f"'{name}' is not a list and has no elements")
        if not isinstance(index, int) or isinstance(index, bool):
            raise ExpressionError(f"a list index must be a whole number, not {index!r}")
        if not -len(of) <= index < len(of):
            raise ExpressionError(f"index {index} is outside the {len(of)} elements of '{name}'")
        if of[index] is WRONG:
            raise WrongValueError
        return of[index]

    @staticmethod
    def _call(name: str, arguments: list[Any]) -> Any:
        try:
            return FUNCTIONS[name](*arguments)
        except (ValueError, TypeError, ArithmeticError):
            shown = ", ".join(map(repr, arguments))
            raise ExpressionError(f"{name}({shown}) has no value") from None


def _number(value: Any) -> Any:
    if isinstance(value, int | float):
        return value
    kinds = ((str, "text"), (list, "a list"), (dict, "a mapping"))
    kind = next((name for cls, name in kinds if isinstance(value, cls)), "nothing")
    raise TypeError(f"arithmetic needs numbers, not {kind} ({value!r:.40})")
