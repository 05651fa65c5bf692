"""A flowgraph as lines of text: blocks by process, each with its parameters and its edges."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from semradio.blocks.api.item_type import ItemType
from semradio.flowgraphs.plan import Plan
from semradio.flowgraphs.show.scheme import Scheme, SchemeBlock, Wire, printable, scheme_of

if TYPE_CHECKING:
    from rich.text import Text

Line = list[tuple[str, str]]
"""Pieces of a line, each with the style that a terminal shows it in."""

STAYS, CROSSES = "-->", "==>"

BLOCK_INDENT, WIRE_INDENT = 2, 6
COLUMN = 26
"""Width up to which a column follows its longest entry; longer entries push their line out."""


def to_text(plan: Plan, types: Mapping[str, ItemType] | None = None, *, width: int = 100) -> str:
    """Return a plan as plain text.

    Args:
        plan: what to show; that of the checked graph where types are given.
        types: item types of the edges, by their labels.
        width: columns that the description and parameters are wrapped to.
    """
    lines = _lines(scheme_of(plan, types), width)
    return "".join("".join(text for text, _ in line).rstrip() + "\n" for line in lines)


def to_rich(plan: Plan, types: Mapping[str, ItemType] | None = None, *, width: int = 100) -> Text:
    """Return the same lines as :func:`to_text`, in the colours of a terminal."""
    from rich.text import Text

    return Text("\n").join(Text.assemble(*line) for line in _lines(scheme_of(plan, types), width))


def _lines(scheme: Scheme, width: int) -> Iterator[Line]:
    yield [(printable(scheme.name), "bold")]
    yield from ([(line, "")] for line in textwrap.wrap(printable(scheme.doc), width))
    columns = _Columns(scheme, width)
    for process, blocks in scheme.processes.items():
        yield []
        if process is not None:
            title = f"{printable(process)} "
            yield [(title, "bold cyan"), ("-" * (width - len(title)), "dim")]
        elif len(scheme.processes) > 1:
            title = "(in no process) "
            yield [(title, "dim"), ("-" * (width - len(title)), "dim")]
        for name in blocks:
            yield from columns.block(scheme.blocks[name])
            for output in scheme.blocks[name].outputs:
                yield from columns.output(scheme.blocks[name], output)
    if any(wire.crosses for wire in scheme.wires):
        yield []
        yield [(f"{STAYS} within a process   {CROSSES} to another process", "dim")]


class _Columns:
    """Lays blocks and edges out in columns that fit the whole flowgraph."""

    def __init__(self, scheme: Scheme, width: int) -> None:
        self.scheme = scheme
        self.width = width
        blocks = scheme.blocks.values()
        self.name = _widest(printable(block.name) for block in blocks)
        self.kind = _widest(printable(block.type) for block in blocks)
        self.port = _widest(
            _dotted(output) for block in blocks if block.names_outputs for output in block.outputs
        )
        self.caption = _widest(printable(wire.caption) for wire in scheme.wires)

    def block(self, block: SchemeBlock) -> Iterator[Line]:
        """Yield the name, type and parameters of a block."""
        name = printable(block.name).ljust(self.name)
        kind = printable(block.type).ljust(self.kind)
        before = BLOCK_INDENT + len(name) + 2 + len(kind) + 2
        words = [f"{printable(key)}={value}" for key, value in block.parameters]
        # A value may hold spaces; the text breaks between parameters only.
        rows = _filled(words, max(self.width - before, 20)) or [""]
        yield [
            (" " * BLOCK_INDENT, ""),
            (name, "bold"),
            ("  ", ""),
            (kind, "green"),
            ("  ", ""),
            (rows[0], "dim"),
        ]
        yield from ([(" " * before, ""), (row, "dim")] for row in rows[1:])

    def output(self, block: SchemeBlock, output: str) -> Iterator[Line]:
        """Yield the edges of one output; its name and item type stand before the first."""
        port = _dotted(output) if block.names_outputs else ""
        before = port.ljust(self.port) + "  " if self.port else ""
        said = ""
        for wire in self.scheme.wires:
            if (wire.source, wire.output) == (block.name, output):
                caption = printable(wire.caption)
                shown = "" if caption == said else caption
                yield [
                    (" " * WIRE_INDENT + before, ""),
                    (shown.ljust(self.caption) + "  " if self.caption else "", "magenta"),
                    *self._arrow(wire),
                ]
                before, said = " " * len(before), caption

    def _arrow(self, wire: Wire) -> Line:
        target = self.scheme.blocks[wire.target]
        name = printable(target.name) + (_dotted(wire.input) if target.names_inputs else "")
        if not wire.crosses:
            return [(f"{STAYS} ", ""), (name, "")]
        where = printable(target.process) if target.process is not None else "no process"
        return [(f"{CROSSES} ", "yellow"), (name, ""), (f"  ({where})", "yellow")]


def _widest(texts: Iterable[str]) -> int:
    return min(max(map(len, texts), default=0), COLUMN)


def _dotted(port: str) -> str:
    return f".{printable(port)}" if port else ""


def _filled(words: Iterable[str], width: int) -> list[str]:
    rows: list[str] = []
    for word in words:
        if rows and len(rows[-1]) + 2 + len(word) <= width:
            rows[-1] += f"  {word}"
        else:
            rows.append(word)
    return rows
