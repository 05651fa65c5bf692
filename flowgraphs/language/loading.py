"""From a file and overrides to a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from semradio.blocks.api import registry
from semradio.blocks.errors import nearest
from semradio.flowgraphs.keys import keys_of
from semradio.flowgraphs.language.document import Document, read_document
from semradio.flowgraphs.language.draft import Draft
from semradio.flowgraphs.language.expansion import Expansion
from semradio.flowgraphs.language.expression import WRONG
from semradio.flowgraphs.language.keys import read_keys
from semradio.flowgraphs.language.override import Override, read_overrides
from semradio.flowgraphs.language.problems import Problems
from semradio.flowgraphs.language.process import ProcessReader
from semradio.flowgraphs.language.shipped import find, located
from semradio.flowgraphs.language.source import Source
from semradio.flowgraphs.language.view import ViewReader
from semradio.flowgraphs.plan import FlowgraphError, Plan


def load(source: str | Path, overrides: Sequence[str] = (), *, allow_code: bool = False) -> Plan:
    """Read a flowgraph and work everything out.

    Args:
        source: path of a file, name of a shipped flowgraph, or YAML text of several lines.
        overrides: ``NAME=VALUE`` for a variable, ``BLOCK.PARAM=VALUE`` for a parameter.
        allow_code: whether Python files that the flowgraph lists under ``code`` are run.

    Raises:
        FlowgraphError: with everything that is wrong, unconnected inputs and unfitting item
            types included. A file that is right by itself may still have those: they show when
            its :class:`~semradio.flowgraphs.graph.Graph` is made.
    """
    problems = Problems()
    draft = _draft(source, overrides, allow_code, problems)
    if problems:
        _check_rest(draft, problems)
    problems.raise_if_any()
    return draft.plan


def _check_rest(draft: Draft, problems: Problems) -> None:
    """Make a graph of what is sound, so that its problems are seen along with the others."""
    from semradio.flowgraphs.graph import Graph

    plan = draft.plan
    blocks = {name: block for name, block in plan.blocks.items() if name not in draft.wrong}
    edges = [edge for edge in plan.edges if edge.source in blocks and edge.target in blocks]
    draft.excused.update(edge.target for edge in plan.edges if edge.source not in blocks)
    try:
        Graph(replace(plan, blocks=blocks, edges=edges), excused=draft.excused)
    except FlowgraphError as error:
        problems.take(error.problems)


def _draft(
    source: str | Path, overrides: Sequence[str], allow_code: bool, problems: Problems
) -> Draft:
    text = _source(source)
    plan = Plan("", file=str(text.path) if text.path else None)
    draft = Draft(plan, allow_code)
    document = read_document(text, problems)
    wanted = read_overrides(overrides, problems)
    if document is None:
        problems.raise_if_any()
        return draft
    expansion = Expansion(
        document,
        draft,
        problems,
        overrides=[(override.block, override) for override in wanted],
        within=(text.path.resolve(),) if text.path else (),
    )
    _header(document, expansion)
    ProcessReader(document.sections["processes"], expansion)
    ViewReader(document.sections["view"], expansion)
    inputs = document.sections["inputs"]
    if inputs:
        problems.add(
            "a flowgraph with inputs runs only as a block of another one",
            next(iter(inputs.values())).key.location,
        )
        draft.excused.update(e.block for ends in expansion.inputs.values() for e in ends)
    for override in wanted:
        if not override.used:
            _unknown(override, expansion)
    return draft


def _source(source: str | Path) -> Source:
    if isinstance(source, str) and "\n" in source:
        return Source.of_text(source)
    return Source.of_file(find(source) if isinstance(source, str) else located(source))


def _header(document: Document, expansion: Expansion) -> None:
    plan, scope = expansion.draft.plan, expansion.scope
    plan.variables = {k: v for k, v in scope.variables.items() if v is not WRONG}
    if document.name.value is not None:
        plan.name = str(scope.value(document.name))
    if document.doc is not None:
        doc = scope.value(document.doc)
        if isinstance(doc, str):
            plan.doc = doc
        elif doc is not WRONG and doc is not None:
            scope.problems.add(
                f"'doc' must be text, not {document.doc.kind}", document.doc.location
            )
    for key, value in read_keys(keys_of(Plan), document.keys, scope).items():
        setattr(plan, key, value)


def _unknown(override: Override, expansion: Expansion) -> None:
    problems, place = expansion.problems, override.entry.key.location
    blocks = expansion.members
    if override.block:
        message = blocks.unknown(override.block)
    elif blocks.find(override.name) is not None:
        message = f"'{override.name}' is a block: write {override.name}.PARAMETER=VALUE"
    else:
        variables = list(expansion.scope.variables)
        names = [*variables, *blocks.by_name]
        meant = [
            f"{name}.{override.name}"
            for name, block in expansion.draft.plan.blocks.items()
            if override.name in registry.find(block.type).parameters
        ]
        hint = f" (did you mean '{meant[0]}'?)" if meant else nearest(override.name, names)
        message = (
            f"unknown name '{override.name}'{hint}; "
            f"variables: {', '.join(variables) or 'none'}; blocks: {', '.join(blocks.by_name)}"
        )
    problems.add(message, place)
