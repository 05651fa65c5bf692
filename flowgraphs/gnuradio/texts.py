"""Parameters that are texts: what there is to choose from, and what an empty entry means.

An entry of GNU Radio Companion that is a text needs no quotes, but cannot be None: left empty, it
stands for None in a parameter that may be.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from semradio.blocks.api.parameter import Parameter

NOTHING = ("", "None")
"""What stands for None; the word is in flowgraphs that have been saved with it."""


def words(annotation: Any) -> tuple[Any, ...]:
    """Return the values that a type names, such as those of ``float | Literal["measured"]``."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if get_origin(annotation) in (Union, UnionType):
        return tuple(word for kind in get_args(annotation) for word in words(kind))
    return ()


def is_text(annotation: Any) -> bool:
    """Whether a parameter takes nothing but texts."""
    choices = words(annotation)
    return annotation is str or (
        get_origin(annotation) is Literal and all(isinstance(word, str) for word in choices)
    )


def may_be_none(annotation: Any) -> bool:
    """Whether a parameter takes texts or None, and nothing else."""
    kinds = get_args(annotation)
    return (
        get_origin(annotation) in (Union, UnionType)
        and NoneType in kinds
        and all(kind is NoneType or is_text(kind) for kind in kinds)
    )


def read(parameters: Mapping[str, Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of parameters, with None for entries that were left empty."""
    return {
        key: None
        if key in parameters
        and isinstance(value, str)
        and value in NOTHING
        and may_be_none(parameters[key].annotation)
        else value
        for key, value in values.items()
    }
