"""Writes a plan as a flowgraph file: everything expanded, every expression worked out."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from semradio.flowgraphs.keys import given
from semradio.flowgraphs.language.interpolation import escaped
from semradio.flowgraphs.plan import EdgePlan, Location, Plan, ProcessPlan, ViewPlan

_PLAIN = re.compile(r"[A-Za-z_][\w./-]*", re.ASCII)
_PLAIN_POINT = re.compile(r"[A-Za-z_][\w./\[\]-]*", re.ASCII)
_UNSEEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Characters that YAML takes for line ends, or does not take."""
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
"""Words that some reader of YAML takes for something else than text."""


def dump(plan: Plan) -> str:
    """Return a plan as YAML text that :func:`load` reads back as the same plan.

    Comments of blocks, connections and processes are kept; of a repeated one, on the first.
    """
    said: set[tuple[str, int, str]] = set()

    def comment(text: str, location: Location | None) -> str:
        if location is None:
            return text
        place = (location.file, location.line, text)
        first = place not in said
        said.add(place)
        return text if first else ""

    lines = [f"flowgraph: {one_line(plan.name)}"]
    if plan.doc:
        lines += _doc(plan.doc)
    lines += [f"{key}: {one_line(value)}" for key, value in given(plan).items()]
    if plan.code:
        lines += ["", "code:", *(f"  - {one_line(path)}" for path in plan.code)]
    if plan.variables:
        lines += ["", "variables:"]
        lines += [
            f"  {one_line(name)}: {one_line(value)}" for name, value in plan.variables.items()
        ]
    lines += ["", "blocks:"]
    for block in plan.blocks.values():
        entry = {"block": block.type, **given(block), **block.parameters}
        lines += _with_comment(
            f"  {block.name}: {one_line(entry)}", comment(block.comment, block.location)
        )
    if plan.edges:
        lines += ["", "connections:"]
    for edge in plan.edges:
        lines += _with_comment(f"  - {_edge(edge)}", comment(edge.comment, edge.location))
    if plan.processes:
        lines += ["", "processes:"]
    for process in plan.processes.values():
        lines += _with_comment(
            f"  {process.name}: {_process(process)}", comment(process.comment, process.location)
        )
    lines += _view(plan.view)
    return "\n".join(lines) + "\n"


def _view(view: ViewPlan) -> Iterator[str]:
    """Yield the section ``view``; nothing where it says nothing."""
    if view == ViewPlan():
        return
    yield from ("", "view:")
    yield from (f"  {key}: {one_line(value)}" for key, value in given(view).items())
    if view.variables:
        yield f"  variables: {one_line(view.variables)}"
    if view.panels:
        yield "  panels:"
    for panel in view.panels:
        yield f"    {_text(panel.title)}: {one_line({'of': panel.of, **given(panel)})}"


def _with_comment(line: str, comment: str) -> Iterator[str]:
    """Yield a line with its comment: a short one behind it, a longer one above."""
    remarks = comment.split("\n") if comment else []
    if len(remarks) == 1:
        yield f"{line}  # {remarks[0]}"
        return
    indent = " " * (len(line) - len(line.lstrip()))
    yield from (f"{indent}# {remark}" for remark in remarks)
    yield line


def _doc(text: str) -> list[str]:
    body = text.removesuffix("\n")
    if "\n" not in body or body.startswith((" ", "\n")) or body.endswith("\n"):
        return [f"doc: {one_line(text)}"]
    marker = "|" if text.endswith("\n") else "|-"
    return [
        f"doc: {marker}",
        *(f"  {line}".rstrip() for line in escaped(body).split("\n")),
    ]


def _edge(edge: EdgePlan) -> str:
    source = edge.source + (f".{edge.output}" if edge.output else "")
    target = edge.target + (f".{edge.input}" if edge.input else "")
    chain = f"{source} -> {target}"
    plain = _PLAIN_POINT.fullmatch(source) and _PLAIN_POINT.fullmatch(target)
    keys = given(edge)
    if not keys:
        return chain if plain else json.dumps(chain, ensure_ascii=False)
    return one_line({"connect": chain, **keys})


def _process(process: ProcessPlan) -> str:
    keys = given(process)
    return one_line({"blocks": process.blocks, **keys} if keys else process.blocks)


def one_line(value: Any) -> str:
    """Return a plain value in YAML's one-line style; it reads back as the same value."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(one_line, value))}]"
    if isinstance(value, dict):
        entries = (f"{_text(str(key))}: {one_line(found)}" for key, found in value.items())
        return f"{{{', '.join(entries)}}}"
    return _text(escaped(str(value)))


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return _UNSEEN.sub(
        lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False)
    )
