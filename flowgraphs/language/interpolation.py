"""``${...}`` in the text of a flowgraph file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from semradio.flowgraphs.language.expression import ExpressionError


@dataclass(frozen=True, slots=True)
class Expression:
    """What stands between ``${`` and ``}``."""

    text: str


@lru_cache(maxsize=4096)
def parts(text: str) -> tuple[str | Expression, ...]:
    """Split a text into literal pieces and expressions; ``$${`` stands for a literal ``${``.

    Raises:
        ExpressionError: an expression is not closed.
    """
    found: list[str | Expression] = []
    literal = ""
    at = 0
    while at < len(text):
        if text.startswith("$${", at):
            literal += "${"
            at += 3
        elif text.startswith("${", at):
            end = _closing(text, at + 2)
            if literal:
                found.append(literal)
            found.append(Expression(text[at + 2 : end]))
            literal = ""
            at = end + 1
        else:
            literal += text[at]
            at += 1
    if literal or not found:
        found.append(literal)
    return tuple(found)


def escaped(text: str) -> str:
    """Return the text that :func:`parts` reads as this literal text."""
    return text.replace("${", "$${")


def _closing(text: str, at: int) -> int:
    """Return where the expression that starts at ``at`` ends: its ``}`` outside quotes."""
    quote = ""
    for k in range(at, len(text)):
        if quote:
            quote = "" if text[k] == quote else quote
        elif text[k] in "'\"":
            quote = text[k]
        elif text[k] == "}":
            return k
    raise ExpressionError(f"'{text[at - 2 :]}' lacks its closing '}}'")
