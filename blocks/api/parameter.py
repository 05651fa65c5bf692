"""Parameters of a block: typed, documented, validated, some of them live.

Declared in the class body::

    snr_db: float = parameter(10.0, unit="dB", low=-50, high=100, live=True, doc="...")

The annotation is the type; limits, choices and unit stand in the declaration, so that the command
line, the YAML checker, the JSON Schema and the reference all say the same.
"""

from __future__ import annotations

import math
import os
import re
import types
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
import numpy as np

from semradio.blocks.errors import ParameterError, nearest


class _Required:
    """Stands for 'no default': the user has to give a value."""

    def __repr__(self) -> str:
        return "required"


REQUIRED = _Required()

_REFERENCE = re.compile(r"env:[A-Za-z_]\w*|file:.+", re.ASCII)
_KEY_LIKE = re.compile(r"[0-9A-Fa-f]{48,}")


class Parameter:
    """One declared parameter of a block type; made by :func:`parameter`."""

    def __init__(
        self,
        default: Any,
        *,
        doc: str,
        unit: str = "",
        low: float | None = None,
        high: float | None = None,
        above: float | None = None,
        choices: Sequence[Any] = (),
        live: bool = False,
        secret: bool = False,
    ) -> None:
        self.default = default
        self.doc = doc
        self.unit = unit
        self.low = low
        self.high = high
        self.above = above
        self.choices = tuple(choices)
        self.live = live
        self.secret = secret
        self.name = ""
        self.annotation: Any = Any

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @property
    def required(self) -> bool:
        """Whether the user has to give a value."""
        return self.default is REQUIRED

    @property
    def limits(self) -> str:
        """The limits in words, such as ``0 to 1``, ``at least 1``, ``above 0``; '' if none."""
        if self.choices:
            return "one of " + ", ".join(map(str, self.choices))
        if self.above is not None:
            most = "" if self.high is None else f", at most {_number(self.high)}"
            return f"above {_number(self.above)}{most}"
        if self.low is not None and self.high is not None:
            return f"{_number(self.low)} to {_number(self.high)}"
        if self.low is not None:
            return f"at least {_number(self.low)}"
        return f"at most {_number(self.high)}" if self.high is not None else ""

    @property
    def type_name(self) -> str:
        """The type in words, such as ``float``, ``str | None``, ``'a' | 'b'``."""
        return type_text(self.annotation)

    def validate(self, value: Any) -> Any:
        """Return the value as the declared type; ParameterError if it does not fit."""
        # What Python callers have in hand: a scalar taken from an array, a path.
        if isinstance(value, np.generic):
            value = value.item()
        elif isinstance(value, os.PathLike):
            value = os.fspath(value)
        try:
            value = msgspec.convert(value, self.annotation, strict=True)
        except msgspec.ValidationError:
            if self.secret:
                raise self._not_a_reference() from None
            # Without the unit, which a value of another type does not have.
            raise ParameterError(
                f"parameter '{self.name}' must be {self.type_name}, not {value!r} "
                f"({type(value).__name__})",
                self.name,
            ) from None
        if self.secret:
            named = [value] if isinstance(value, str) else value
            if not named or not all(map(_refers, named)):
                raise self._not_a_reference()
        if self.choices and value not in self.choices:
            hint = nearest(str(value), map(str, self.choices))
            raise ParameterError(
                f"parameter '{self.name}' must be {self.limits}, not {self._shown(value)}{hint}",
                self.name,
            )
        if isinstance(value, int | float) and not isinstance(value, bool):
            bad = (
                (isinstance(value, float) and not math.isfinite(value))
                or (self.low is not None and value < self.low)
                or (self.high is not None and value > self.high)
                or (self.above is not None and value <= self.above)
            )
            if bad:
                limits = self.limits or "a number"
                raise ParameterError(
                    f"parameter '{self.name}' must be {limits}"
                    + (f" {self.unit}" if self.unit else "")
                    + f", not {self._shown(value)}",
                    self.name,
                )
        return value

    def _not_a_reference(self) -> ParameterError:
        # Without the value: it may be the secret itself.
        return ParameterError(
            f"parameter '{self.name}' must say where the secret is, as env:NAME or file:PATH; the "
            "secret itself does not belong into a flowgraph or a command",
            self.name,
        )

    def _shown(self, value: Any) -> str:
        return f"{value!r} {self.unit}".strip()

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of a value of this parameter."""
        schema = dict(msgspec.json.schema(self.annotation))
        if self.low is not None:
            schema["minimum"] = self.low
        if self.high is not None:
            schema["maximum"] = self.high
        if self.above is not None:
            schema["exclusiveMinimum"] = self.above
        if self.choices:
            schema = {"enum": list(self.choices)}
        schema["description"] = self.doc + (f" [{self.unit}]" if self.unit else "")
        if not self.required:
            schema["default"] = self.default
        return schema


def type_text(annotation: Any) -> str:
    """Return a type as one would write it: ``float | None``, ``list[str]``, ``'a' | 'b'``."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation is None or annotation is types.NoneType:
        return "None"
    if annotation is Ellipsis:
        return "..."
    if origin is Literal:
        return " | ".join(map(repr, inner))
    if origin in (Union, types.UnionType):
        return " | ".join(map(type_text, inner))
    if origin is Annotated:
        return type_text(inner[0])
    if isinstance(annotation, list):  # the arguments of a Callable
        return f"[{', '.join(map(type_text, annotation))}]"
    name = str(getattr(origin or annotation, "__name__", None) or annotation)
    return f"{name}[{', '.join(map(type_text, inner))}]" if inner else name


def _refers(text: str) -> bool:
    """Whether a text names a secret, rather than being one."""
    return bool(_REFERENCE.fullmatch(text)) and not _KEY_LIKE.search(text)


def _number(value: float) -> str:
    """A limit as people write it: whole numbers in full."""
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def parameter(
    default: Any = REQUIRED,
    *,
    doc: str,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    choices: Sequence[Any] = (),
    live: bool = False,
    secret: bool = False,
) -> Any:
    """Declare a parameter of a block.

    Args:
        default: value when none is given; without one the parameter is required.
        doc: one sentence for the reference.
        unit: unit of the value, such as ``dB``, ``items``, ``s``.
        low, high: inclusive limits. above: exclusive lower limit.
        choices: the only values allowed.
        live: whether the value may change while the flowgraph runs.
        secret: whether it leads to secrets, and takes nothing but references to them: ``env:NAME``
            or ``file:PATH``, one or a list. No message shows anything else.
    """
    return Parameter(
        default,
        doc=doc,
        unit=unit,
        low=low,
        high=high,
        above=above,
        choices=choices,
        live=live,
        secret=secret,
    )
