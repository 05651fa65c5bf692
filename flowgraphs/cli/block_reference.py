"""The block reference, generated from docstrings, ports and parameters."""

from __future__ import annotations

from textwrap import indent
from typing import Any

from semradio.blocks.api import registry
from semradio.blocks.api.block import Block
from semradio.blocks.api.docstring import block_doc
from semradio.blocks.api.kinds import RateBlock, Sink, Source, StreamBlock, SyncBlock
from semradio.blocks.api.parameter import Parameter
from semradio.blocks.api.port import Input, Output, Port
from semradio.flowgraphs.cli.block_example import runnable
from semradio.flowgraphs.cli.columns import INDENT, columns

_KINDS: tuple[tuple[type[Block], str], ...] = (
    (Source, "source"),
    (Sink, "sink"),
    (SyncBlock, "sync: one item out for each item in"),
    (RateBlock, "rate: a fixed number of items out for a fixed number in"),
    (StreamBlock, "stream: any number of items out for any number in"),
)


def overview() -> str:
    """Return all block types by category, with the first sentence about each."""
    lines: list[str] = []
    width = max(map(len, registry.names()))
    for category, classes in by_category().items():
        lines.append(category)
        lines += columns([(cls.block_type.ljust(width), summary(cls)) for cls in classes])
    return "\n".join([*lines, "", "'semradio blocks TYPE' describes one"])


def summary(cls: type[Block]) -> str:
    """Return the first sentence of a block's docstring."""
    return block_doc(cls).summary


def describe(name: str) -> str:
    """Return everything about one block type; BlockNotFoundError with the nearest name."""
    cls = registry.find(name)
    doc = block_doc(cls)
    lines = [f"{cls.block_type} ({cls.category}; {kind(cls)})", "", doc.does, ""]
    for title, ports in (("Inputs", cls.declared_inputs), ("Outputs", cls.declared_outputs)):
        if ports:
            lines.append(title)
            lines += columns([(port_name(p), port_type(p), port_doc(p)) for p in ports])
            lines.append("")
    lines.append("Parameters")
    rows = []
    for key, declared in cls.parameters.items():
        rows += [(key, _value_line(declared)), ("", declared.doc)]
    lines += columns(rows)
    texts = {
        "Results": doc.results,
        "Raises": doc.raises,
        "Example": runnable(cls),
        "Source": doc.source,
    }
    for title, text in texts.items():
        if text:
            lines += ["", title, indent(text, " " * INDENT)]
    if cls.states:
        lines += ["", "State"]
        lines += columns([(key, declared.doc) for key, declared in cls.states.items()])
    return "\n".join(lines)


def kind(cls: type[Block]) -> str:
    """Return what kind of block a class is, in words."""
    return next((words for base, words in _KINDS if issubclass(cls, base)), "block")


def by_category() -> dict[str, list[type[Block]]]:
    """Return all block classes by category, in the order of the reference."""
    found: dict[str, list[type[Block]]] = {category: [] for category in registry.CATEGORIES}
    for name in registry.names():
        cls = registry.find(name)
        found.setdefault(cls.category, []).append(cls)
    return {category: classes for category, classes in found.items() if classes}


def port_name(port: Port) -> str:
    """Return a port's name, with the indices of one that is repeated."""
    return f"{port.name}[0..{port.count}-1]" if port.count else port.name


def port_type(port: Port) -> str:
    """Return the item types of a port, or what they follow from."""
    if isinstance(port, Output) and port.pattern is None:
        return f"as input {port.like}" if port.like else "follows from the parameters"
    return str(port.pattern)


def port_doc(port: Port) -> str:
    """Return what a port carries, and whether it may stay unconnected."""
    optional = "Optional. " if isinstance(port, Input) and port.optional else ""
    return optional + port.doc


def _value_line(declared: Parameter) -> str:
    default: Any = "required" if declared.required else f"default {declared.default!r}"
    parts = [declared.type_name, default, declared.limits, declared.unit]
    return ", ".join(str(p) for p in parts if p) + (", live" if declared.live else "")
