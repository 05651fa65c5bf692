"""Overrides: ``NAME=VALUE`` for a variable, ``BLOCK.PARAM=VALUE`` for a parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from semradio.flowgraphs.language.problems import Problems
from semradio.flowgraphs.language.source import Source
from semradio.flowgraphs.language.template import split_outside
from semradio.flowgraphs.language.tree import Entry, Node, read
from semradio.flowgraphs.plan import Location


@dataclass(slots=True)
class Override:
    """One override, its value read as YAML."""

    text: str
    block: str
    """Path of the block, spaces left out; empty for a variable."""
    entry: Entry
    """Name of the variable or parameter, and the value."""
    used: bool = False

    @property
    def name(self) -> str:
        """Name of the variable or parameter."""
        return str(self.entry.key.value)

    def instead_of(self, is_text: bool) -> Entry:
        """The entry where it replaces a value.

        ``NAME=`` with nothing after it is empty text where text stood, and nothing
        elsewhere.
        """
        value = self.entry.value
        if is_text and value.value is None and not self.text.partition("=")[2].strip():
            return Entry(self.entry.key, Node("", value.location))
        return self.entry


def read_overrides(texts: Sequence[str], problems: Problems) -> list[Override]:
    """Return the overrides that can be read; the others are noted as problems."""
    found = []
    for number, text in enumerate(texts, 1):
        target, equals, value = text.partition("=")
        place = Location("<override>", number, 1, text)
        *block, name = split_outside(target.strip(), ".")
        if not equals or not name or len(block) > 1 or block == [""]:
            problems.add(f"'{text}' is not NAME=VALUE or BLOCK.PARAM=VALUE", place)
            continue
        at = Location("<override>", number, len(target) + 2, text)
        node = _value(value, at, problems)
        if node is not None:
            key = Location("<override>", number, target.rfind(name) + 1, text)
            path = "".join(block).replace(" ", "")
            found.append(Override(text, path, Entry(Node(name, key), node)))
    return found


def _value(text: str, place: Location, problems: Problems) -> Node | None:
    """Read a value: a YAML scalar, ``[list]`` or ``{mapping}``; any other YAML is text."""
    found = Problems()
    node = read(Source.of_text(text, place.file), found)
    if found or node is None:
        problems.add(f"'{text}' is not a YAML value: put it in quotes", place)
        return None
    block_style = isinstance(node.value, list | dict) and text.strip()[:1] not in ("[", "{")
    hidden = node.value is None and text.strip() not in ("", "~", "null", "Null", "NULL")
    return _placed(Node(text.strip(), place) if block_style or hidden else node, place)


def _placed(node: Node, place: Location) -> Node:
    """Return the tree with every value placed at the override."""
    value = node.value
    if isinstance(value, list):
        value = [_placed(item, place) for item in value]
    elif isinstance(value, dict):
        value = {
            key: Entry(Node(key, place), _placed(entry.value, place))
            for key, entry in value.items()
        }
    return Node(value, place)
