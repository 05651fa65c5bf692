"""Scopes: the names that the expressions of one file, or of one of its entries, may use."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from semradio.flowgraphs.language.expression import (
    RESERVED,
    TEXT_LIMIT,
    WRONG,
    ExpressionError,
    WrongValueError,
    evaluate,
    mentioned,
)
from semradio.flowgraphs.language.interpolation import Expression, parts
from semradio.flowgraphs.language.problems import Problems
from semradio.flowgraphs.language.tree import Entry, Node
from semradio.flowgraphs.ordering import in_order


class Scope:
    """Variables and index values; works out the values that hold expressions."""

    def __init__(
        self,
        variables: Mapping[str, Any],
        problems: Problems,
        indices: Collection[str] = (),
    ) -> None:
        self.variables = dict(variables)
        self.problems = problems
        self.indices = indices

    def bound(self, values: Mapping[str, int]) -> Scope:
        """Return the scope inside an entry that is repeated, with the values of its indices."""
        if not values:
            return self
        return Scope({**self.variables, **values}, self.problems, self.indices)

    def value(self, node: Node) -> Any:
        """Return the plain value of a node; :data:`WRONG`, with the problem noted, if none."""
        try:
            found = self._value(node.value)
            if isinstance(found, list | dict) and not _fits(found):
                raise ExpressionError(f"more than {TEXT_LIMIT} values")
            return found
        except ExpressionError as error:
            self.problems.add(str(error), node.location)
        except WrongValueError:
            pass
        return WRONG

    def whole(self, node: Node, name: str) -> int | None:
        """Return a whole number from 1 on; None, with the problem noted, if it is none."""
        value = self.value(node)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        if value is not WRONG:
            self.problems.add(
                f"'{name}' must be a whole number from 1 on, not {value!r}", node.location
            )
        return None

    def evaluate(self, text: str) -> Any:
        """Return the value of an expression; raises as :func:`expression.evaluate` does."""
        return evaluate(text, self.variables, self._hint)

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if not isinstance(value, list | dict):
            return value
        # Each element notes its own problems, at its own place.
        found: list[Any] | dict[str, Any]
        if isinstance(value, list):
            found = [self.value(node) for node in value]
            wrong = WRONG in found
        else:
            found = {key: self.value(entry.value) for key, entry in value.items()}
            wrong = WRONG in found.values()
        if wrong:
            raise WrongValueError
        return found

    def _text(self, text: str) -> Any:
        if "${" not in text:
            return text
        pieces = parts(text)
        if len(pieces) == 1 and isinstance(pieces[0], Expression):
            return self.evaluate(pieces[0].text)
        joined = "".join(
            piece if isinstance(piece, str) else _shown(self.evaluate(piece.text), piece.text)
            for piece in pieces
        )
        if len(joined) > TEXT_LIMIT:
            raise ExpressionError("the text is too long")
        return joined

    def _hint(self, name: str) -> str:
        if name in self.indices:
            return f"it is an index, and has a value only where a name holds [{name}]"
        return ""


def names_in(node: Node) -> set[str]:
    """Return the variables that the expressions in a value name; unreadable ones have none."""
    value = node.value
    if isinstance(value, list):
        return set().union(*map(names_in, value))
    if isinstance(value, dict):
        return set().union(*(names_in(entry.value) for entry in value.values()))
    if not isinstance(value, str) or "${" not in value:
        return set()
    try:
        pieces = [p for p in parts(value) if isinstance(p, Expression)]
        return set().union(*(mentioned(p.text) for p in pieces))
    except ExpressionError:
        return set()


def worked_out(
    declared: Mapping[str, Entry], given: Mapping[str, Any], problems: Problems
) -> dict[str, Any]:
    """Return the values of variables, which may refer to each other in any order.

    Args:
        declared: the variables as the file has them.
        given: values known beforehand.
    """
    for name, entry in declared.items():
        if not name.isidentifier() or name in RESERVED:
            why = "has a meaning of its own" if name in RESERVED else "is not a name"
            problems.add(f"'{name}' {why} and cannot be a variable", entry.key.location)
    needs = {name: names_in(entry.value) & declared.keys() for name, entry in declared.items()}
    order, circles = in_order(needs)
    scope = Scope(given, problems)
    # Known from the start, so that messages list them all.
    scope.variables.update(dict.fromkeys(declared, WRONG))
    in_circles = set().union(*circles)
    for circle in circles:
        way = " -> ".join(reversed(circle))
        first = min(circle, key=list(declared).index)
        problems.add(f"variables that need each other: {way}", declared[first].value.location)
    for name in order:
        if name not in in_circles:
            scope.variables[name] = scope.value(declared[name].value)
    return scope.variables


def _shown(value: Any, text: str) -> str:
    """Return a value as it stands inside a text, in YAML's words."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | dict):
        raise ExpressionError(f"'{text}' is {type(value).__name__}, which has no place in a text")
    return str(value)


def _fits(value: Any) -> bool:
    """Whether a value, lists in lists counted, stays within the limit."""
    left = TEXT_LIMIT
    waiting = [value]
    while waiting and left > 0:
        found = waiting.pop()
        inner = found.values() if isinstance(found, dict) else found
        for item in inner:
            left -= 1
            if isinstance(item, list | dict):
                waiting.append(item)
    return left > 0
