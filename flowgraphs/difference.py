"""What differs between two flowgraphs once everything in them is worked out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from semradio.blocks.api import registry
from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.keys import given, keys_of
from semradio.flowgraphs.plan import BlockPlan, EdgePlan, PanelPlan, Plan, ProcessPlan, ViewPlan

_SINGLY = 4
"""Values of two lists of one length that are told one by one if no more of them differ."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs.

    Attributes:
        section: of the file; ``flowgraph`` for what is said of the whole.
        name: what differs: a block, one of its parameters as ``block.parameter``, an edge, a
            process; of the latter two one key as ``NAME: key``.
        kind: whether it is in the second flowgraph only, in the first only, or in both.
        before, after: its values; None where it is not there.
    """

    section: str
    name: str
    kind: Literal["added", "removed", "changed"]
    before: Any = None
    after: Any = None


def differences(before: Plan, after: Plan) -> list[Difference]:
    """Return what differs between two plans, section by section.

    Order means nothing. What is left out counts as its default, so a parameter that one file gives
    as it is anyway is no difference.
    """
    return [
        *_compared("flowgraph", _whole(before), _whole(after)),
        *_compared("variables", before.variables, after.variables),
        *_blocks(before.blocks, after.blocks),
        *_edges(_by_label(before.edges), _by_label(after.edges)),
        *_processes(before.processes, after.processes),
        *_compared("view", _view(before.view), _view(after.view)),
        *_compared("code", dict.fromkeys(before.code), dict.fromkeys(after.code)),
    ]


def _compared(
    section: str, before: Mapping[str, Any], after: Mapping[str, Any], owner: str = ""
) -> Iterator[Difference]:
    """Yield what differs between two mappings, name by name."""
    for key in dict.fromkeys([*before, *after]):
        name = owner + key
        if key not in after:
            yield Difference(section, name, "removed", before=before[key])
        elif key not in before:
            yield Difference(section, name, "added", after=after[key])
        else:
            yield from _changed(section, name, before[key], after[key])


def _changed(section: str, name: str, before: Any, after: Any) -> Iterator[Difference]:
    if _same(before, after):
        return
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        places = [k for k in range(len(before)) if not _same(before[k], after[k])]
        if len(places) <= min(_SINGLY, len(before) - 1):
            for k in places:
                yield from _changed(section, f"{name}[{k}]", before[k], after[k])
            return
    yield Difference(section, name, "changed", before, after)


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same: 1 is 1.0, but not true, and what is no number is itself."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return bool(one == other or (one != one and other != other))  # noqa: PLR0124


def _values(plan: Any) -> dict[str, Any]:
    """Return the values of all keys of a plan, defaults included."""
    return {name: getattr(plan, name) for name in keys_of(plan.__class__)}


def _whole(plan: Plan) -> dict[str, Any]:
    return {"flowgraph": plan.name, "doc": plan.doc, **_values(plan)}


def _blocks(
    before: Mapping[str, BlockPlan], after: Mapping[str, BlockPlan]
) -> Iterator[Difference]:
    for name in dict.fromkeys([*before, *after]):
        if name in before and name in after:
            was, now = before[name], after[name]
            usual = _defaults(was.type) if was.type == now.type else {}
            yield from _compared("blocks", usual | _block(was), usual | _block(now), f"{name}.")
        elif name in before:
            yield Difference("blocks", name, "removed", before=_block(before[name]))
        else:
            yield Difference("blocks", name, "added", after=_block(after[name]))


def _block(block: BlockPlan) -> dict[str, Any]:
    return {"block": block.type, **given(block), **block.parameters}


def _defaults(kind: str) -> dict[str, Any]:
    """Return the defaults of a block type; none where it cannot be loaded here."""
    try:
        declared = registry.find(kind).parameters
    except SemradioError:
        return {}
    return {name: found.default for name, found in declared.items() if not found.required}


def _by_label(edges: Iterable[EdgePlan]) -> dict[str, EdgePlan]:
    return {edge.label: edge for edge in edges}


def _edges(before: Mapping[str, EdgePlan], after: Mapping[str, EdgePlan]) -> Iterator[Difference]:
    for label in dict.fromkeys([*before, *after]):
        if label in before and label in after:
            was, now = _values(before[label]), _values(after[label])
            yield from _compared("connections", was, now, f"{label}: ")
        elif label in before:
            yield Difference("connections", label, "removed", before=given(before[label]))
        else:
            yield Difference("connections", label, "added", after=given(after[label]))


def _processes(
    before: Mapping[str, ProcessPlan], after: Mapping[str, ProcessPlan]
) -> Iterator[Difference]:
    for name in dict.fromkeys([*before, *after]):
        if name in before and name in after:
            was, now = before[name], after[name]
            yield from _compared("processes", _values(was), _values(now), f"{name}: ")
            yield from _moved(f"{name}: blocks", was.blocks, now.blocks)
        elif name in before:
            yield Difference("processes", name, "removed", before=_process(before[name]))
        else:
            yield Difference("processes", name, "added", after=_process(after[name]))


def _process(process: ProcessPlan) -> dict[str, Any]:
    return {"blocks": process.blocks, **given(process)}


def _moved(name: str, before: list[str], after: list[str]) -> Iterator[Difference]:
    """Yield the blocks that a process has lost, and those that it has gained."""
    gone, come = [b for b in before if b not in after], [b for b in after if b not in before]
    if gone:
        yield Difference("processes", name, "removed", before=gone)
    if come:
        yield Difference("processes", name, "added", after=come)


def _view(view: ViewPlan) -> dict[str, Any]:
    return {
        **_values(view),
        **{f"variables: {name}": value for name, value in view.variables.items()},
        **{f"panels: {panel.title}": _panel(panel) for panel in view.panels},
    }


def _panel(panel: PanelPlan) -> dict[str, Any]:
    return {"of": panel.of, **given(panel)}
