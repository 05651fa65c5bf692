"""The block reference, generated from docstrings, ports and parameters."""

from __future__ import annotations

import inspect
from typing import Any

from semradio.blocks.api import registry
from semradio.blocks.api.block import Block, RateBlock, Sink, Source, StreamBlock, SyncBlock
from semradio.blocks.api.parameter import Parameter
from semradio.blocks.api.port import Input, Output, Port
from semradio.flowgraphs.cli.columns import columns

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
    for category, classes in _by_category().items():
        lines.append(category)
        lines += columns([(cls.block_type.ljust(width), summary(cls)) for cls in classes])
    return "\n".join([*lines, "", "'semradio blocks TYPE' describes one"])


def summary(cls: type[Block]) -> str:
    """Return the first sentence of a block's docstring."""
    text = inspect.getdoc(cls) or ""
    return " ".join(text.split("\n\n")[0].split())


def describe(name: str) -> str:
    """Return everything about one block type; BlockNotFoundError with the nearest name."""
    cls = registry.find(name)
    lines = [f"{cls.block_type} ({cls.category}; {kind(cls)})", ""]
    lines += [inspect.getdoc(cls) or "", ""]
    for title, ports in (("Inputs", cls.declared_inputs), ("Outputs", cls.declared_outputs)):
        if ports:
            lines.append(title)
            lines += columns([(_port_name(p), _port_type(p), _port_doc(p)) for p in ports])
            lines.append("")
    lines.append("Parameters")
    rows = []
    for key, declared in cls.parameters.items():
        rows += [(key, _value_line(declared)), ("", declared.doc)]
    lines += columns(rows)
    if cls.states:
        lines += ["", "State"]
        lines += columns([(key, declared.doc) for key, declared in cls.states.items()])
    return "\n".join(lines)


def markdown() -> str:
    """Return the whole reference as Markdown."""
    lines = [
        "# Block reference",
        "",
        "Made by `semradio blocks --markdown`; do not edit by hand.",
        "",
    ]
    for category, classes in _by_category().items():
        lines += [f"## {category}", ""]
        for cls in classes:
            lines += [f"### `{cls.block_type}`", "", f"*{kind(cls)}*", ""]
            lines += [inspect.getdoc(cls) or "", ""]
            ports: list[tuple[str, Port]] = [("in", p) for p in cls.declared_inputs]
            ports += [("out", p) for p in cls.declared_outputs]
            if ports:
                lines += ["| port | | type | |", "| --- | --- | --- | --- |"]
                lines += [
                    f"| `{_port_name(p)}` | {way} | {_code(_port_type(p))} "
                    f"| {_cell(_port_doc(p))} |"
                    for way, p in ports
                ]
                lines.append("")
            lines += [
                "| parameter | type | default | limits | |",
                "| --- | --- | --- | --- | --- |",
            ]
            for key, p in cls.parameters.items():
                live = " Live." if p.live else ""
                unit = f" {p.unit}" if p.unit else ""
                default = "required" if p.required else f"`{p.default!r}`{unit}"
                lines.append(
                    f"| `{key}` | {_code(p.type_name)} | {default} | {p.limits} "
                    f"| {_cell(p.doc)}{live} |"
                )
            lines.append("")
    return "\n".join(lines)


def kind(cls: type[Block]) -> str:
    """Return what kind of block a class is, in words."""
    return next((words for base, words in _KINDS if issubclass(cls, base)), "block")


def _by_category() -> dict[str, list[type[Block]]]:
    found: dict[str, list[type[Block]]] = {category: [] for category in registry.CATEGORIES}
    for name in registry.names():
        cls = registry.find(name)
        found.setdefault(cls.category, []).append(cls)
    return {category: classes for category, classes in found.items() if classes}


def _port_name(port: Port) -> str:
    return f"{port.name}[0..{port.count}-1]" if port.count else port.name


def _port_type(port: Port) -> str:
    if isinstance(port, Output) and port.pattern is None:
        return f"as input {port.like}" if port.like else "follows from the parameters"
    return str(port.pattern)


def _port_doc(port: Port) -> str:
    optional = "Optional. " if isinstance(port, Input) and port.optional else ""
    return optional + port.doc


def _value_line(declared: Parameter) -> str:
    default: Any = "required" if declared.required else f"default {declared.default!r}"
    parts = [declared.type_name, default, declared.limits, declared.unit]
    return ", ".join(str(p) for p in parts if p) + (", live" if declared.live else "")


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _cell(text: str) -> str:
    """Text as it stands in a table cell of Markdown."""
    return text.replace("|", "\\|")
