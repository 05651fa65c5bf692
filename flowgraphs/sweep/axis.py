"""Axes: the values that a variable or a parameter takes in turn."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from typing import Any

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs.language.dump import one_line

VALUE_LIMIT = 100_000
"""Values of one axis, and cells of one sweep, at most."""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER}):({_NUMBER}):({_NUMBER})")
_LIKE_A_RANGE = re.compile(rf"{_NUMBER}:.*|.*:{_NUMBER}:.*")
_INTEGERS = re.compile(r"([-+]?\d+)\.\.([-+]?\d+)")
_LIKE_INTEGERS = re.compile(rf"{_NUMBER}\.\.\.?{_NUMBER}")
_CLOSING = {"[": "]", "{": "}", "(": ")"}


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of the grid.

    name : ``NAME`` of a variable or ``BLOCK.PARAM``. texts : its values, as YAML
    """

    name: str
    texts: tuple[str, ...]

    @classmethod
    def of(cls, name: str, values: str | Iterable[Any]) -> Axis:
        """Return an axis of plain values, or of one text as on the command line.

        The text is a list with commas between its parts. A part is ``a:b:step`` (b included if
        the steps meet it), ``a..b`` (whole numbers), or a YAML value, which may hold ``${name}``.
        Commas inside quotes and brackets belong to the value. Plain values stay what they are:
        text among them is text, even where it looks like a number or holds ``${``.

        Raises:
            ParameterError: a part cannot be read, there is none, or a value comes twice.
        """
        texts = tuple(_read(name, values) if isinstance(values, str) else map(_as_yaml, values))
        if not texts:
            raise ParameterError(f"{name}: an axis needs at least one value", name)
        if len(texts) > VALUE_LIMIT:
            raise ParameterError(f"{name}: more than {VALUE_LIMIT:,} values", name)
        twice = [text for text, times in Counter(texts).items() if times > 1]
        if twice:
            raise ParameterError(f"{name}: the value {twice[0]} comes twice", name)
        return cls(name, texts)

    @property
    def varies(self) -> bool:
        """Whether there is more than one value."""
        return len(self.texts) > 1


def _as_yaml(value: Any) -> str:
    return one_line(value.tolist() if hasattr(value, "tolist") else value)


def _read(name: str, text: str) -> Iterator[str]:
    for part in _parts(name, text):
        if _INTEGERS.fullmatch(part):
            yield from _integers(name, part)
        elif _RANGE.fullmatch(part):
            yield from _range(name, part)
        elif _LIKE_INTEGERS.fullmatch(part):
            raise ParameterError(
                f"{name}={text}: '{part}' is not first..last, with whole numbers", name
            )
        elif part[:1] not in ("'", '"') and _LIKE_A_RANGE.fullmatch(part):
            raise ParameterError(
                f"{name}={text}: '{part}' is not first:last:step; text with ':' goes into quotes",
                name,
            )
        elif not part:
            raise ParameterError(
                f'{name}={text}: a value is missing; empty text is written ""', name
            )
        else:
            yield part


def _parts(name: str, text: str) -> Iterator[str]:
    """Split at the commas outside quotes and brackets."""
    expected: list[str] = []
    start = 0
    for at, sign in enumerate(text):
        if expected and sign == expected[-1]:
            expected.pop()
        elif expected and expected[-1] in "'\"":
            continue
        elif sign in _CLOSING:
            expected.append(_CLOSING[sign])
        elif sign in "'\"" and (expected or not text[start:at].strip()):
            # An apostrophe inside a plain text is no quote.
            expected.append(sign)
        elif sign == "," and not expected:
            yield text[start:at].strip()
            start = at + 1
    if expected:
        raise ParameterError(f"{name}={text}: a closing {expected[-1]} is missing", name)
    yield text[start:].strip()


def _integers(name: str, part: str) -> Iterator[str]:
    found = _INTEGERS.fullmatch(part)
    assert found is not None  # the caller has looked
    first, last = map(int, found.groups())
    if last < first:
        raise ParameterError(f"{name}={part} is empty; downwards it is {first}:{last}:-1", name)
    _limit(name, part, last - first + 1)
    yield from map(str, range(first, last + 1))


def _range(name: str, part: str) -> Iterator[str]:
    found = _RANGE.fullmatch(part)
    assert found is not None  # the caller has looked
    # Decimal: ten steps of 0.1 are 1, and every value is as short as it was written.
    first, last, step = map(Decimal, found.groups())
    if step == 0:
        raise ParameterError(f"{name}={part}: the step is 0", name)
    try:
        steps = (last - first) / step
        if steps < 0:
            raise ParameterError(
                f"{name}={part}: steps of {step} never lead from {first} to {last}", name
            )
        _limit(name, part, steps + 1)
        digits = min(int(number.as_tuple().exponent) for number in (first, last, step))
        place = Decimal(1).scaleb(min(digits, 0))
        values = [(first + k * step).quantize(place) for k in range(int(steps) + 1)]
    except DecimalException:
        raise ParameterError(f"{name}={part}: numbers too large or too fine", name) from None
    yield from (format(abs(value) if value == 0 else value, "f") for value in values)


def _limit(name: str, part: str, count: int | Decimal) -> None:
    if count >= VALUE_LIMIT + 1:
        raise ParameterError(f"{name}={part}: more than {VALUE_LIMIT:,} values", name)
