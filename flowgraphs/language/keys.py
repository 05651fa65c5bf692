"""Reads the keys that plans declare, and tells editors of them."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from semradio.blocks.errors import nearest
from semradio.flowgraphs.keys import (
    NO_KEYS,
    Address,
    Amount,
    Choice,
    Key,
    Number,
    Protection,
    Text,
    Whole,
    Wholes,
)
from semradio.flowgraphs.language.document import Section
from semradio.flowgraphs.language.expression import WRONG
from semradio.flowgraphs.language.problems import Problems
from semradio.flowgraphs.language.scope import Scope
from semradio.flowgraphs.language.tree import Node

Schema = dict[str, Any]

EXPRESSION: Schema = {"$ref": "#/$defs/expression"}

_ENDPOINT = re.compile(r"tcp://(?P<host>\[[^\]]+\]|[^:/\s]+):(?P<port>\d+)|ipc://\S+")


def check_known(section: Section, known: Collection[str], owner: str, problems: Problems) -> None:
    """Note the keys of an entry that are none; ``owner``: whose, such as `` of a connection``."""
    for name, entry in section.items():
        if name not in known:
            problems.add(
                f"unknown key '{name}'{nearest(name, known)}{owner}; keys: {', '.join(known)}",
                entry.key.location,
            )


def read_keys(keys: Mapping[str, Key], section: Section, scope: Scope) -> dict[str, Any]:
    """Return the values of the keys that an entry has; wrong ones are noted and left out."""
    values = {
        name: _read(key, section[name].value, scope)
        for name, key in keys.items()
        if name in section
    }
    return {name: value for name, value in values.items() if value is not WRONG}


def _read(key: Key, node: Node, scope: Scope) -> Any:
    """Return the value of a key; :data:`WRONG`, with the problem noted, if it is none."""
    if isinstance(key.kind, Whole):
        found = scope.whole(node, key.name)
        return WRONG if found is None else found
    value = scope.value(node)
    if value is WRONG:
        return WRONG
    match key.kind:
        case Amount(whole):
            right = _is_number(value) and value >= 0 and not (whole and value != int(value))
            wanted, hint = f"a {'whole ' if whole else ''}number from 0 on", ""
        case Number(positive):
            right = _is_number(value) and (value > 0 or not positive)
            wanted, hint = f"a number{' above 0' if positive else ''}", ""
        case Wholes():
            right = isinstance(value, list) and value != [] and all(map(_is_index, value))
            right = right and len(set(value)) == len(value)
            wanted, hint = "a list of whole numbers from 0 on, each once", ""
        case Choice(words):
            right = value in words
            wanted = f"one of {', '.join(words)}"
            hint = nearest(str(value), words)
        case Address():
            right = isinstance(value, str) and _ENDPOINT.fullmatch(value) is not None
            wanted, hint = "an address such as tcp://0.0.0.0:5555", ""
        case Text():
            right, wanted, hint = isinstance(value, str), "text", ""
        case Protection():
            folder = value.get("curve") if isinstance(value, dict) and len(value) == 1 else None
            right = value == NO_KEYS or (isinstance(folder, str) and bool(folder))
            wanted, hint = f"'{NO_KEYS}' or {{curve: FOLDER}}", ""
    if not right:
        scope.problems.add(f"'{key.name}' must be {wanted}, not {value!r}{hint}", node.location)
        return WRONG
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def schemas(keys: Iterable[Key]) -> Schema:
    """Return the JSON Schema of keys, by name."""
    return {key.name: {**_schema(key), "description": key.doc} for key in keys}


def _schema(key: Key) -> Schema:
    match key.kind:
        case Whole():
            return or_expression({"type": "integer", "minimum": 1})
        case Amount(whole):
            return or_expression({"type": "integer" if whole else "number", "minimum": 0})
        case Number(positive):
            limit = {"exclusiveMinimum": 0} if positive else {}
            return or_expression({"type": "number", **limit})
        case Wholes():
            index = {"type": "integer", "minimum": 0}
            # That each is there once the checker sees, when expressions are worked out.
            return or_expression({"type": "array", "items": index, "minItems": 1})
        case Choice(words):
            return or_expression({"enum": list(words)})
        case Address() | Text():
            return {"type": "string"}
        case Protection():
            curve = {
                "type": "object",
                "required": ["curve"],
                "properties": {"curve": {"type": "string", "minLength": 1}},
                "additionalProperties": False,
            }
            return or_expression({"anyOf": [{"const": NO_KEYS}, curve]})


def or_expression(value: Schema) -> Schema:
    """Return the schema that takes an expression as well, at this place and inside."""
    inside = dict(value)
    for name in ("items", "additionalProperties"):
        if isinstance(inside.get(name), dict):
            inside[name] = or_expression(inside[name])
    if "prefixItems" in inside:
        inside["prefixItems"] = [or_expression(item) for item in inside["prefixItems"]]
    if "anyOf" in inside:
        inside["anyOf"] = [or_expression(item) for item in inside["anyOf"]]
    return {"anyOf": [inside, EXPRESSION]}
