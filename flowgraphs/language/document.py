"""The top level of a flowgraph file: which keys there are, and what kind of value each takes."""

from __future__ import annotations

from dataclasses import dataclass, field

from semradio.blocks.errors import nearest
from semradio.flowgraphs.keys import keys_of
from semradio.flowgraphs.language.problems import Problems
from semradio.flowgraphs.language.source import Source
from semradio.flowgraphs.language.tree import Entry, Node, read
from semradio.flowgraphs.plan import Plan

Section = dict[str, Entry]

MAPPINGS = (
    "variables",
    "parameters",
    "inputs",
    "outputs",
    "indices",
    "blocks",
    "processes",
    "view",
)
KEYS = ("flowgraph", "doc", *MAPPINGS, "connections", *keys_of(Plan), "code")


@dataclass(slots=True)
class Document:
    """A flowgraph file as written: sections that are missing are empty."""

    source: Source
    root: Node
    name: Node
    doc: Node | None = None
    sections: dict[str, Section] = field(default_factory=dict)
    connections: list[Node] = field(default_factory=list)
    code: list[Node] = field(default_factory=list)
    keys: Section = field(default_factory=dict)
    """What is said of the whole flowgraph besides."""


def read_document(source: Source, problems: Problems) -> Document | None:
    """Read a file's top level; None, with the problems noted, if it is no flowgraph at all."""
    root = read(source, problems)
    if root is None:
        return None
    if root.value is None:
        problems.add("the file is empty: a flowgraph starts with 'flowgraph: NAME'", root.location)
        return None
    if not isinstance(root.value, dict):
        problems.add(f"a flowgraph is a mapping of keys to values, not {root.kind}", root.location)
        return None
    keys: Section = root.value
    meant = ""
    for key, entry in keys.items():
        if key not in KEYS:
            meant += nearest(key, KEYS)
            problems.add(
                f"unknown key '{key}'{nearest(key, KEYS)}; keys: {', '.join(KEYS)}",
                entry.key.location,
            )
    document = Document(source, root, Node(None, root.location))
    # A key that is only misspelt is not missing as well.
    if "flowgraph" not in keys:
        if "'flowgraph'" not in meant:
            problems.add("a flowgraph needs a name: 'flowgraph: NAME'", root.location)
    elif not isinstance(keys["flowgraph"].value.value, str):
        node = keys["flowgraph"].value
        problems.add(f"'flowgraph' must be the flowgraph's name, not {node.kind}", node.location)
    else:
        document.name = keys["flowgraph"].value
    no_blocks = "blocks" not in keys or keys["blocks"].value.value in (None, {})
    if no_blocks and "'blocks'" not in meant:
        problems.add("a flowgraph needs blocks: 'blocks: {NAME: {block: TYPE}}'", root.location)
    if "doc" in keys:
        document.doc = keys["doc"].value
    document.keys = {key: entry for key, entry in keys.items() if key in keys_of(Plan)}
    document.sections = {key: _mapping(keys, key, problems) for key in MAPPINGS}
    document.connections = _list(keys, "connections", problems)
    document.code = _list(keys, "code", problems)
    return document


def _mapping(keys: Section, key: str, problems: Problems) -> Section:
    node = keys[key].value if key in keys else None
    if node is None or node.value is None:
        return {}
    if isinstance(node.value, dict):
        return node.value
    problems.add(f"'{key}' must be a mapping of names, not {node.kind}", node.location)
    return {}


def _list(keys: Section, key: str, problems: Problems) -> list[Node]:
    node = keys[key].value if key in keys else None
    if node is None or node.value is None:
        return []
    if isinstance(node.value, list):
        return node.value
    problems.add(f"'{key}' must be a list, not {node.kind}", node.location)
    return []
