"""A block's page in Markdown, and all of them as one: the same headings in the same order."""

from __future__ import annotations

import re

from semradio.blocks.api.block import Block
from semradio.blocks.api.docstring import block_doc
from semradio.blocks.api.port import Port
from semradio.flowgraphs.cli.block_example import runnable
from semradio.flowgraphs.cli.block_reference import (
    by_category,
    kind,
    port_doc,
    port_name,
    port_type,
)

_ERROR = re.compile(r"^(\w+): ", re.M)

_CROSS_REFERENCE = re.compile(r":\w+:`~?(?:[\w.]+\.)?(\w+)`")


def reference() -> str:
    """Return the pages of all blocks, one below the other."""
    lines = [
        "# Block reference",
        "",
        "Made by `semradio blocks --markdown`; do not edit by hand.",
        "",
    ]
    for category, classes in by_category().items():
        lines += [f"## {category}", ""]
        for cls in classes:
            lines += [page(cls, "###"), ""]
    return "\n".join(lines)


def page(cls: type[Block], heading: str = "#") -> str:
    """Return the page of one block; ``heading`` is the mark of its title."""
    doc = block_doc(cls)
    parts = {
        "Inputs": _ports(cls.declared_inputs),
        "Outputs": _ports(cls.declared_outputs),
        "Parameters": _parameters(cls),
        "Results": _text(doc.results) or "None.",
        "Raises": _errors(doc.raises),
        "Example": f"```pycon\n{runnable(cls)}\n```" if doc.example else "None.",
        "Source": _text(doc.source) or "None: semradio's own.",
    }
    lines = [f"{heading} `{cls.block_type}`", "", f"*{kind(cls)}*", "", _text(doc.does), ""]
    for title, text in parts.items():
        lines += [f"{heading}# {title}", "", text, ""]
    return "\n".join(lines).rstrip()


def _ports(ports: tuple[Port, ...]) -> str:
    if not ports:
        return "None."
    rows = [f"| `{port_name(p)}` | {_code(port_type(p))} | {_cell(port_doc(p))} |" for p in ports]
    return "\n".join(["| name | item type | |", "| --- | --- | --- |", *rows])


def _parameters(cls: type[Block]) -> str:
    lines = ["| name | type | default | limits | |", "| --- | --- | --- | --- | --- |"]
    for key, p in cls.parameters.items():
        live = " Live." if p.live else ""
        unit = f" {p.unit}" if p.unit else ""
        default = "required" if p.required else f"`{p.default!r}`{unit}"
        lines.append(
            f"| `{key}` | {_code(p.type_name)} | {default} | {p.limits} | {_cell(p.doc)}{live} |"
        )
    return "\n".join(lines)


def _errors(raises: str) -> str:
    """What every block raises is said once, in the page on blocks; here what this one adds."""
    if not raises:
        return "Nothing but what every block does: wrong parameters, types that do not fit."
    texts = re.sub(r"\n +", " ", raises).splitlines()
    return "\n".join(_ERROR.sub(r"- `\1`: ", _text(text)) for text in texts if text)


def _text(text: str) -> str:
    """Text of a docstring as Markdown: references to classes become their names."""
    return _CROSS_REFERENCE.sub(r"``\1``", text)


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _cell(text: str) -> str:
    """Text as it stands in a table cell of Markdown."""
    return text.replace("|", "\\|")
