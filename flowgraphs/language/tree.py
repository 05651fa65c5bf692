"""YAML as a tree of plain values that know their places.

Only the composer of ruamel.yaml runs, which makes no objects of any kind: what a tag names is
never looked up, and duplicate keys stay visible.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from semradio.flowgraphs.language.problems import Problems
from semradio.flowgraphs.language.source import Source
from semradio.flowgraphs.plan import Location

NODE_LIMIT = 200_000
"""Values in one file at most; aliases of aliases would otherwise fill the memory."""

_TAG = "tag:yaml.org,2002:"
_TRUE = ("true", "True", "TRUE")


class Entry(NamedTuple):
    """One key of a mapping, and its value."""

    key: Node
    value: Node


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the file: None, bool, int, float, str, a list of nodes, or a dict of entries."""

    value: Any
    location: Location
    comment: str = ""
    """The comment above and beside it, without ``#``."""

    @property
    def kind(self) -> str:
        """The kind of value in words, such as ``a list``."""
        if self.value is None:
            return "nothing"
        if isinstance(self.value, dict):
            return "a mapping"
        if isinstance(self.value, list):
            return "a list"
        return f"{self.value!r}"

    def plain(self) -> Any:
        """Return the value without places: lists of values and dicts of values, as written."""
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        if isinstance(self.value, dict):
            return {key: entry.value.plain() for key, entry in self.value.items()}
        return self.value


def read(source: Source, problems: Problems) -> Node | None:
    """Return the tree of a text; None, with the problem noted, where it is not YAML."""
    try:
        root = _composed(source.text)
    except ReaderError as error:
        before = source.text[: error.position]
        line = before.count("\n")
        column = len(before) - before.rfind("\n") - 1
        problems.add("the file holds a control character", source.at(line, column))
        return None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = source.at(mark.line, mark.column) if mark else None
        problems.add(_explain(error), place)
        return None
    except (YAMLError, RecursionError, ValueError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        problems.add(f"not readable as YAML: {reason}", source.at(0, 0))
        return None
    if root is None:
        return Node(None, source.at(0, 0))
    builder = _Builder(source, problems)
    try:
        return builder.node(root)
    except RecursionError:
        problems.add("nested too deeply", source.at(0, 0))
    except _TooLargeError:
        problems.add(f"more than {NODE_LIMIT} values: aliases of aliases?", source.at(0, 0))
    return None


@lru_cache(maxsize=64)
def _composed(text: str) -> Any:
    """Return the nodes of a text, which nobody changes: a sweep loads one file again and again."""
    with warnings.catch_warnings():
        # YAML lets an anchor be set anew.
        warnings.simplefilter("ignore", ReusedAnchorWarning)
        return YAML(typ="safe", pure=True).compose(text)


def _explain(error: MarkedYAMLError) -> str:
    if error.problem == "but found another document":
        return "another document begins here; a file holds one flowgraph"
    message = f"not readable as YAML: {error.problem}"
    if error.context:
        message += f" ({error.context})"
    if "but got '{'" in message:
        message += '; inside { } and [ ] write expressions in quotes: "${name}"'
    elif "but got '['" in message:
        message += '; inside { } and [ ] write names with brackets in quotes: "name[k]"'
    elif "mapping values are not allowed" in message:
        message += "; text with ': ' in it needs quotes"
    elif "'\\t'" in message:
        message += "; YAML is indented with spaces"
    return message


class _TooLargeError(Exception):
    """The file holds more values than any flowgraph."""


class _Builder:
    """Turns composed YAML nodes into our own."""

    def __init__(self, source: Source, problems: Problems) -> None:
        self.source = source
        self.problems = problems
        self.open: set[int] = set()
        self.count = 0

    def node(self, raw: Any, comment: str = "") -> Node:
        place = self.source.at(raw.start_mark.line, raw.start_mark.column)
        self.count += 1
        if self.count > NODE_LIMIT:
            raise _TooLargeError
        if isinstance(raw, ScalarNode):
            return Node(self.scalar(raw, place), place, comment)
        if id(raw) in self.open:
            self.problems.add("a value that holds itself", place)
            return Node(None, place)
        self.open.add(id(raw))
        try:
            if str(raw.tag) not in (f"{_TAG}map", f"{_TAG}seq"):
                self.problems.add(f"the YAML tag '{raw.tag}' is not allowed", place)
                return Node(None, place)
            if isinstance(raw, SequenceNode):
                return Node([self.item(item, raw) for item in raw.value], place, comment)
            return Node(self.mapping(raw), place, comment)
        finally:
            self.open.discard(id(raw))

    def item(self, raw: Any, of: SequenceNode) -> Node:
        return self.node(raw, "" if of.flow_style else self.comment(raw, raw.end_mark))

    def mapping(self, raw: MappingNode) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        for raw_key, raw_value in raw.value:
            place = self.source.at(raw_key.start_mark.line, raw_key.start_mark.column)
            if not isinstance(raw_key, ScalarNode):
                self.problems.add("a key must be text", place)
                continue
            if raw_key.value == "<<" and raw_key.style is None:
                for key, entry in self.merge(raw_value).items():
                    merged.setdefault(key, entry)
                continue
            if raw_key.value in found:
                first = found[raw_key.value].key.location.line
                self.problems.add(f"duplicate key '{raw_key.value}' (first in line {first})", place)
                continue
            comment = "" if raw.flow_style else self.comment(raw_key, raw_value.end_mark)
            value = self.node(raw_value, comment)
            found[raw_key.value] = Entry(Node(raw_key.value, place), value)
        return {**{k: e for k, e in merged.items() if k not in found}, **found}

    def merge(self, raw: Any) -> dict[str, Entry]:
        """Return the entries that a merge key ``<<`` brings in; earlier mappings win."""
        merged: dict[str, Entry] = {}
        node = self.node(raw)
        for part in node.value if isinstance(node.value, list) else [node]:
            if not isinstance(part.value, dict):
                self.problems.add(f"'<<' takes a mapping, not {part.kind}", part.location)
                continue
            for key, entry in part.value.items():
                merged.setdefault(key, entry)
        return merged

    def scalar(self, raw: ScalarNode, place: Location) -> Any:
        tag, text = str(raw.tag), raw.value
        try:
            if tag == f"{_TAG}null":
                return None
            if tag == f"{_TAG}bool":
                return text in _TRUE
            if tag == f"{_TAG}int":
                return _int(text)
            if tag == f"{_TAG}float":
                return _float(text)
        except ValueError:
            self.problems.add(f"'{text}' is not a number", place)
            return None
        # YAML knows dates; a flowgraph does not, and reads them as text.
        if tag not in (f"{_TAG}str", f"{_TAG}timestamp"):
            self.problems.add(f"the YAML tag '{tag}' is not allowed", place)
            return None
        return text

    def comment(self, first: Any, end: Any) -> str:
        """Return the comment lines above a node, and the comment behind it."""
        lines = self.source.lines
        line = first.start_mark.line
        above: list[str] = []
        while line > 0 and lines[line - 1].lstrip().startswith("#"):
            line -= 1
            above.insert(0, lines[line].lstrip()[1:].strip())
        behind = ""
        last = end.line if end.line < len(lines) else len(lines) - 1
        if end.column > 0:
            behind = lines[last][end.column :].strip()
        if not behind.startswith("#"):
            # A value in block style ends lines later; its comment stands behind the key.
            line_end = lines[first.end_mark.line][first.end_mark.column :].lstrip(" :")
            behind = line_end if line_end.startswith("#") else ""
        return "\n".join(part for part in [*above, behind[1:].strip()] if part)


def _int(text: str) -> int:
    word = text.replace("_", "").lower()
    return int(word, 0 if word.lstrip("+-")[:2] in ("0x", "0o", "0b") else 10)


def _float(text: str) -> float:
    word = text.replace("_", "").lower()
    if word.lstrip("+-") == ".inf":
        return -math.inf if word.startswith("-") else math.inf
    return math.nan if word == ".nan" else float(word)
