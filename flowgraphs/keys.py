"""Keys of the entries of a flowgraph file, declared where their values are kept.

A field of a plan that is made by :func:`key` is a key of the entry that the plan stands for: how it
is read and checked, written again, offered to editors and drawn follows from this one declaration.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from 1 on."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number from 0 on; without a fraction where ``whole``."""

    whole: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number; above 0 where ``positive``."""

    positive: bool = False


@dataclass(frozen=True, slots=True)
class Wholes:
    """A list of whole numbers from 0 on, each once; not an empty one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """An address of a socket, ``tcp://HOST:PORT`` or ``ipc://PATH``."""


@dataclass(frozen=True, slots=True)
class Text:
    """Any text."""


NO_KEYS = "none"
"""What a file says that wants no keys between hosts."""


@dataclass(frozen=True, slots=True)
class Protection:
    """``none``, or the kind of keys and where they are: ``{curve: FOLDER}``."""


Kind = Whole | Amount | Number | Wholes | Choice | Address | Text | Protection
"""What a key takes; :mod:`semradio.flowgraphs.language.keys` knows how to read each."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its name, what it takes, the value if it is left out, and what it means."""

    name: str
    kind: Kind
    default: Any
    doc: str


def key(default: Any, kind: Kind, doc: str) -> Any:
    """Declare a field of a plan as a key."""
    return dataclasses.field(default=default, metadata={"key": (kind, doc)})


@cache
def keys_of(plan: type[Any]) -> Mapping[str, Key]:
    """Return the keys that a plan's class declares, by name, in their order."""
    return {
        field.name: Key(field.name, kind, field.default, doc)
        for field in dataclasses.fields(plan)
        for kind, doc in [field.metadata.get("key", (None, ""))]
        if kind is not None
    }


def given(plan: Any) -> dict[str, Any]:
    """Return the values of a plan's keys that are not the defaults, by name, in their order."""
    found = {}
    for name, declared in keys_of(plan.__class__).items():
        value = getattr(plan, name)
        if value != declared.default:
            found[name] = value
    return found
