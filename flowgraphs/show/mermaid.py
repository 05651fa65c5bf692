"""A flowgraph as a Mermaid flowchart, which GitHub and many editors draw."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from semradio.blocks.api.item_type import ItemType
from semradio.flowgraphs.plan import Plan
from semradio.flowgraphs.show.scheme import Scheme, SchemeBlock, Wire, printable, scheme_of

_SPECIAL = re.compile(r"[^\w .,:/()\[\]=-]")
"""What has, or may one day have, a meaning inside a quoted text of Mermaid."""


def to_mermaid(plan: Plan, types: Mapping[str, ItemType] | None = None) -> str:
    """Return a plan as the text of a Mermaid flowchart.

    Processes become subgraphs, item types the labels of edges, and edges between processes are
    dotted.

    Args:
        plan: what to show; that of the checked graph where types are given.
        types: item types of the edges, by their labels.
    """
    return "\n".join(_lines(scheme_of(plan, types))) + "\n"


def _lines(scheme: Scheme) -> Iterator[str]:
    # An id may hold neither brackets nor slashes, and not be a word such as 'end': with the
    # number it is none, and two names that differ only in such characters stay apart.
    ids = {name: _id("b", k, name) for k, name in enumerate(scheme.blocks)}
    yield "flowchart LR"
    for k, (process, blocks) in enumerate(scheme.processes.items()):
        if process is not None:
            yield f'  subgraph {_id("p", k, process)}["{_text(process)}"]'
        indent = "  " if process is None else "    "
        for name in blocks:
            yield f"{indent}{ids[name]}{_box(scheme.blocks[name])}"
        if process is not None:
            yield "  end"
    for wire in scheme.wires:
        arrow = "-.->" if wire.crosses else "-->"
        label = _label(wire, scheme)
        between = f'{arrow}|"{label}"|' if label else arrow
        yield f"  {ids[wire.source]} {between} {ids[wire.target]}"


def _id(kind: str, number: int, name: str) -> str:
    return f"{kind}{number}_{re.sub(r'[^A-Za-z0-9]+', '_', name).strip('_')}"


def _box(block: SchemeBlock) -> str:
    return f'["<b>{_text(block.name)}</b><br/>{_text(block.type)}"]'


def _label(wire: Wire, scheme: Scheme) -> str:
    ends = [
        wire.output if scheme.blocks[wire.source].names_outputs else "",
        wire.input if scheme.blocks[wire.target].names_inputs else "",
    ]
    ports = " to ".join(_text(port) for port in ends if port)
    return "<br/>".join(part for part in (ports, _text(wire.caption)) if part)


def _text(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", printable(text))
