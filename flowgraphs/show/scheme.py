"""What every picture of a flowgraph shows: a plan, put in order and into words."""

from __future__ import annotations

import heapq
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semradio.blocks.api import registry
from semradio.blocks.api.block import Block
from semradio.blocks.api.item_type import ItemType
from semradio.flowgraphs.keys import Choice, given, keys_of
from semradio.flowgraphs.plan import BlockPlan, EdgePlan, Plan

VALUE_LENGTH = 28
"""Characters of a parameter value at most; longer ones are cut."""


@dataclass(frozen=True, slots=True)
class SchemeBlock:
    """One block as pictures show it.

    Attributes:
        category: of its type; empty if the type cannot be found.
        parameters: names and shortened values of those that are not at their default.
        inputs, outputs: the ports that edges use, in the order of the block's declaration.
        names_inputs, names_outputs: whether the block has several of them, so that a reader has
            to be told which one is meant.
    """

    name: str
    type: str
    category: str
    process: str | None
    parameters: tuple[tuple[str, str], ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    names_inputs: bool
    names_outputs: bool


@dataclass(frozen=True, slots=True)
class Wire:
    """One edge as pictures show it.

    Attributes:
        item_type: in words; empty if it is not known.
        note: what is unusual about its queue, in words.
        crosses: whether it leads from one process to another.
    """

    source: str
    output: str
    target: str
    input: str
    item_type: str
    note: str
    crosses: bool

    @property
    def label(self) -> str:
        """The edge as results and messages name it, open port names left out."""
        return f"{_point(self.source, self.output)} -> {_point(self.target, self.input)}"

    @property
    def caption(self) -> str:
        """Item type and note."""
        return ", ".join(part for part in (self.item_type, self.note) if part)


@dataclass(frozen=True, slots=True)
class Scheme:
    """A whole flowgraph as pictures show it.

    Attributes:
        blocks: by name, each after those that feed it.
        wires: the edges, in the order of the plan.
        processes: names of the blocks of each process, those that are fed by others last; blocks
            in no process stand under None.
    """

    name: str
    doc: str
    blocks: dict[str, SchemeBlock]
    wires: list[Wire]
    processes: dict[str | None, list[str]]

    def captions(self) -> dict[tuple[str, str], str]:
        """Return item type and notes of the wires of each output, by block and output."""
        captions: dict[tuple[str, str], dict[str, None]] = {}
        for wire in self.wires:
            said = captions.setdefault((wire.source, wire.output), {})
            said.update(dict.fromkeys(part for part in (wire.item_type, wire.note) if part))
        return {output: ", ".join(said) for output, said in captions.items()}


def scheme_of(plan: Plan, types: Mapping[str, ItemType] | None = None) -> Scheme:
    """Return what there is to show of a plan.

    Args:
        plan: its edges lead from one of its blocks to another.
        types: item types of edges, by their labels, as a checked graph knows them.
    """
    owner = {block: process.name for process in plan.processes.values() for block in process.blocks}
    order = topological(plan.blocks, [(edge.source, edge.target) for edge in plan.edges])
    blocks = {name: _block(plan.blocks[name], plan.edges, owner.get(name)) for name in order}
    processes: dict[str | None, list[str]] = {}
    for name in order:
        processes.setdefault(owner.get(name), []).append(name)
    wires = [
        Wire(
            edge.source,
            edge.output,
            edge.target,
            edge.input,
            str((types or {}).get(edge.label, "")),
            _note(edge),
            owner.get(edge.source) != owner.get(edge.target),
        )
        for edge in plan.edges
    ]
    return Scheme(plan.name, plan.doc, blocks, wires, processes)


def topological(names: Iterable[str], links: Iterable[tuple[str, str]]) -> list[str]:
    """Return names in the given order as far as each can stand after those that link to it.

    Where names link in a circle one of them goes first: a wrong graph is drawn as well.
    """
    rank = {name: k for k, name in enumerate(names)}
    before: dict[str, list[str]] = {name: [] for name in rank}
    after: dict[str, list[str]] = {name: [] for name in rank}
    for source, target in links:
        before[target].append(source)
        after[source].append(target)
    waits_for = {name: len(sources) for name, sources in before.items()}
    free = [(k, name) for name, k in rank.items() if not waits_for[name]]
    left = dict(rank)
    order: list[str] = []
    while left:
        name = heapq.heappop(free)[1] if free else _in_circle(left, before)
        if name not in left:
            continue
        del left[name]
        order.append(name)
        for target in after[name]:
            waits_for[target] -= 1
            if not waits_for[target]:
                heapq.heappush(free, (rank[target], target))
    return order


def _in_circle(left: Mapping[str, int], before: Mapping[str, list[str]]) -> str:
    """Return a name that stands in a circle, where each that is left waits for another."""
    name = next(iter(left))
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        name = next(source for source in before[name] if source in left)
    return name


def printable(text: str) -> str:
    """Return text on one line, with characters that would steer a terminal or break XML marked."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in ("Cc", "Cs", "Cf", "Cn") else c
        for c in " ".join(text.split())
    )


def shortened(text: str, length: int) -> str:
    """Return text of at most so many characters, with dots where some were left out."""
    return text if len(text) <= length else text[: max(length - 3, 0)] + "..."


def _point(block: str, port: str) -> str:
    return f"{block}.{port}" if port else block


def _note(edge: EdgePlan) -> str:
    """Return what is said of an edge besides its ends; words that speak for themselves first."""
    keys = keys_of(EdgePlan)
    words, others = [], []
    for name, value in given(edge).items():
        if isinstance(keys[name].kind, Choice):
            words.append(str(value).replace("_", " "))
        else:
            others.append(f"{name} {value}")
    return ", ".join([*words, *others])


def _block(plan: BlockPlan, edges: Sequence[EdgePlan], process: str | None) -> SchemeBlock:
    cls = _class_of(plan.type)
    declared = {} if cls is None else cls.parameters
    shown = tuple(
        (key, _value(value))
        for key, value in plan.parameters.items()
        if key not in declared or not _equal(value, declared[key].default)
    )
    inputs = _ports([edge.input for edge in edges if edge.target == plan.name], cls, "input")
    outputs = _ports([edge.output for edge in edges if edge.source == plan.name], cls, "output")
    return SchemeBlock(
        plan.name,
        plan.type,
        "" if cls is None else cls.category,
        process,
        shown,
        inputs,
        outputs,
        max(len(inputs), len(cls.declared_inputs) if cls else 0) > 1,
        max(len(outputs), len(cls.declared_outputs) if cls else 0) > 1,
    )


def _class_of(kind: str) -> type[Block] | None:
    try:
        return registry.find(kind)
    except Exception:
        # A picture does not fail because a block type, or the package it comes from, does.
        return None


def _ports(used: Iterable[str], cls: type[Block] | None, way: str) -> tuple[str, ...]:
    declared: list[str] = []
    if cls is not None:
        ports = cls.declared_inputs if way == "input" else cls.declared_outputs
        declared = [port.name for port in ports]
    distinct = list(dict.fromkeys(used))
    # Ports that only a made block knows stay in the order of the file.
    families = list(dict.fromkeys([*declared, *(port.partition("[")[0] for port in distinct)]))

    def rank(port: str) -> tuple[int, int]:
        family, _, index = port.partition("[")
        number = index.removesuffix("]")
        return families.index(family), int(number) if _is_int(number) else 0

    return tuple(sorted(distinct, key=rank))


def _is_int(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _equal(value: Any, default: Any) -> bool:
    equal = value == default
    # Arrays, which flowgraphs made in Python may hold, compare item by item.
    return isinstance(equal, bool) and equal


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        if len(value) > 4:
            return f"[{len(value)} values]"
        return shortened(f"[{', '.join(map(_value, value))}]", VALUE_LENGTH)
    if isinstance(value, str):
        text = printable(value)
        return shortened(text if text and " " not in text else json.dumps(text), VALUE_LENGTH)
    if isinstance(value, float):
        return f"{value:g}"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return shortened(printable(str(value)), VALUE_LENGTH)
