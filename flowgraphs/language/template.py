"""Names with index expressions in brackets: ``encoder[k]``, ``tx[(k + 1) % users]``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from semradio.flowgraphs.language.expression import ExpressionError, mentioned
from semradio.flowgraphs.language.interpolation import Expression
from semradio.flowgraphs.language.scope import Scope

_NAME = re.compile(r"[^\W\d][\w-]*(\[\d+\])*(/[^\W\d][\w-]*(\[\d+\])*)*")


@dataclass(frozen=True, slots=True)
class Template:
    """A name whose brackets hold expressions that give whole numbers."""

    pieces: tuple[str | Expression, ...]

    @classmethod
    @lru_cache(maxsize=4096)
    def parse(cls, text: str) -> Template:
        """Read a name; ExpressionError if a bracket is not closed."""
        if "${" in text:
            raise ExpressionError(
                f"'{text}': names are not put together with ${{...}}; write x[k] to repeat over k"
            )
        pieces: list[str | Expression] = []
        at = 0
        while (start := text.find("[", at)) >= 0:
            end = _closing(text, start)
            pieces += [text[at:start], Expression(text[start + 1 : end])]
            at = end + 1
        pieces.append(text[at:])
        if any("]" in piece for piece in pieces if isinstance(piece, str)):
            raise ExpressionError(f"'{text}' has a ']' without its '['")
        return cls(tuple(piece for piece in pieces if piece))

    @property
    def names(self) -> frozenset[str]:
        """The variables and indices that the brackets mention."""
        expressions = [p for p in self.pieces if isinstance(p, Expression)]
        return frozenset().union(*(mentioned(p.text) for p in expressions))

    @property
    def base(self) -> str:
        """The name without its brackets."""
        return "".join(p for p in self.pieces if isinstance(p, str))

    def filled(self, scope: Scope) -> str:
        """Return the name with every bracket worked out; raises as an expression does."""
        return "".join(
            piece if isinstance(piece, str) else f"[{_index(piece.text, scope)}]"
            for piece in self.pieces
        )


def is_name(text: str) -> bool:
    """Whether a filled name may name a block or a process: ``air``, ``tx/encoder[0]``."""
    return _NAME.fullmatch(text) is not None


def split_outside(text: str, separator: str) -> list[str]:
    """Split a text where the separator stands outside brackets."""
    found = []
    depth = start = at = 0
    while at < len(text):
        depth += {"[": 1, "]": -1}.get(text[at], 0)
        if depth <= 0 and text.startswith(separator, at):
            found.append(text[start:at])
            at += len(separator)
            start = at
        else:
            at += 1
    found.append(text[start:])
    return found


def _index(text: str, scope: Scope) -> int:
    value = scope.evaluate(text)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ExpressionError(f"'[{text}]' must be a whole number from 0 on, not {value!r}")
    return value


def _closing(text: str, start: int) -> int:
    depth = 0
    for at in range(start, len(text)):
        depth += {"[": 1, "]": -1}.get(text[at], 0)
        if depth == 0:
            return at
    raise ExpressionError(f"'{text}' has a '[' without its ']'")
