"""The checked graph of a plan: its blocks made, ordered, and every edge's item type known."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from semradio.blocks.api import registry
from semradio.blocks.api.block import Block
from semradio.blocks.api.item_type import ItemType
from semradio.blocks.api.kinds import RateBlock, SyncBlock
from semradio.blocks.errors import SemradioError, nearest
from semradio.flowgraphs.ordering import in_order
from semradio.flowgraphs.plan import BlockPlan, EdgePlan, FlowgraphError, Location, Plan, Problem

_INDEX = re.compile(r"\[\d+\]")

Rate = tuple[str, Fraction]
"""Items for each item of an output, named by its label; how streams compare in speed."""


class Graph:
    """The blocks of a plan, connected and checked; nothing runs yet.

    Attributes:
        plan: the plan, port names that were left open filled in.
        blocks: the blocks by name. order: their names, each after those that feed it.
        edge_types: item type of each edge, by its label ``a.out -> b.in``.

    Args:
        plan: what to make.
        base_types: block classes that go before those of the registry, by type name.
        made: blocks that exist already, by name, as in a flowgraph made in Python.
        excused: blocks whose unconnected inputs are not mentioned.
        only: blocks that are wanted; of the others only those are made and checked that tell
            what these take in, and which ports connections mean. None: all are wanted.

    Raises:
        FlowgraphError: with everything that is wrong.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        base_types: Mapping[str, type[Block]] | None = None,
        made: Mapping[str, Block] | None = None,
        excused: Collection[str] = (),
        only: Collection[str] | None = None,
    ) -> None:
        self.plan = plan
        self.blocks: dict[str, Block] = {}
        self.order: list[str] = []
        self.edge_types: dict[str, ItemType] = {}
        self._problems: dict[tuple[Location | None, str], Problem] = {}
        self._excused = set(excused)
        needed = plan.blocks.keys() if only is None else _needed(plan, only)
        self._left = plan.blocks.keys() - needed
        """Blocks that are not made because nobody wants them."""
        wanted = [block for name, block in plan.blocks.items() if name in needed]
        self._make(wanted, base_types or {}, made or {})
        self.plan = replace(plan, edges=self._connected(plan.edges))
        circled = self._sort()
        self._check_inputs()
        self._resolve(circled)
        self._raise()

    @classmethod
    def part(
        cls,
        plan: Plan,
        blocks: Sequence[str],
        edge_types: Mapping[str, ItemType],
        *,
        base_types: Mapping[str, type[Block]] | None = None,
        made: Mapping[str, Block] | None = None,
    ) -> Graph:
        """Make only some blocks of a plan that was checked elsewhere.

        Args:
            plan: the plan of a checked graph.
            blocks: names of the blocks to make; the others are not touched.
            edge_types: item types of the edges at these blocks, by label.
            made: blocks that exist already, by name.

        Raises:
            FlowgraphError: a block cannot be made here, or does not take the item types.
        """
        graph = cls.__new__(cls)
        graph.plan = plan
        graph.blocks = {}
        graph.edge_types = dict(edge_types)
        graph._problems = {}
        graph._make([plan.blocks[name] for name in blocks], base_types or {}, made or {})
        into, _ = graph._by_block()
        needs = {name: {e.source for e in into[name]} & into.keys() for name in into}
        graph.order, _ = in_order(needs)
        for name in graph.order:
            graph._resolved(name, into[name])
        graph._raise()
        return graph

    def _raise(self) -> None:
        if self._problems:
            raise FlowgraphError(self._problems.values())

    def _block_problem(self, message: str, block: str) -> None:
        """Note a problem of a block; of the copies of a repeated block only the first's."""
        place = self.plan.blocks[block].location
        self._problem(message, place, message.replace(f"'{block}'", "''"))

    def _edge_problem(self, message: str, edge: EdgePlan) -> None:
        """Note a problem of an edge; of the copies of a repeated connection only the first's."""
        self._problem(message, edge.location, _INDEX.sub("[]", message))

    def _problem(self, message: str, place: Location | None, key: str) -> None:
        key = key if place is not None else message
        self._problems.setdefault(
            (place, key), Problem(message, place, place.text if place else "")
        )

    # Blocks ----------------------------------------------------------------------------------

    def _make(
        self,
        plans: Iterable[BlockPlan],
        base_types: Mapping[str, type[Block]],
        made: Mapping[str, Block],
    ) -> None:
        for plan in plans:
            if plan.name in made:
                self.blocks[plan.name] = made[plan.name]
                continue
            try:
                cls = base_types.get(plan.type) or registry.find(plan.type)
                self.blocks[plan.name] = cls(name=plan.name, **plan.parameters)
            except SemradioError as error:
                self._block_problem(_about(plan.name, plan.type, str(error)), plan.name)
            except Exception as error:
                self._block_problem(
                    f"block '{plan.name}' cannot be made: {type(error).__name__}: {error}",
                    plan.name,
                )

    # Edges -----------------------------------------------------------------------------------

    def _connected(self, edges: Iterable[EdgePlan]) -> list[EdgePlan]:
        """Return the edges between blocks that were made, every port named and each input once."""
        found: list[EdgePlan] = []
        fed: dict[tuple[str, str], EdgePlan] = {}
        for edge in edges:
            missing = [b for b in (edge.source, edge.target) if b not in self.plan.blocks]
            for name in missing:
                hint = nearest(name, self.plan.blocks)
                self._edge_problem(f"unknown block '{name}'{hint}", edge)
            known = self.blocks.keys() | self._left
            if missing or edge.source not in known or edge.target not in known:
                self._excused.add(edge.target)
                continue
            output = self._port(edge.source, edge.output, "output", edge)
            input = self._port(edge.target, edge.input, "input", edge)
            if output is None or input is None:
                self._excused.add(edge.target)
                continue
            named = replace(edge, output=output, input=input)
            first = fed.setdefault((edge.target, input), named)
            if first is named:
                found.append(named)
            else:
                self._edge_problem(
                    f"input '{input}' of block '{edge.target}' is fed by "
                    f"'{first.source}.{first.output}' already",
                    edge,
                )
        return found

    def _port(self, name: str, port: str, kind: str, edge: EdgePlan) -> str | None:
        if name in self._left:
            return port
        block = self.blocks[name]
        ports = list(block.inputs if kind == "input" else block.outputs)
        if port in ports:
            return port
        if not port and ports:
            return ports[0]
        if not ports:
            self._edge_problem(f"block '{name}' has no {kind}s", edge)
        else:
            self._edge_problem(
                f"unknown {kind} '{port}' of block '{name}'{nearest(port, ports)}; "
                f"{kind}s: {', '.join(ports)}",
                edge,
            )
        return None

    def _sort(self) -> set[str]:
        """Set the order; returns the blocks that stand in circles."""
        needs: dict[str, set[str]] = {name: set() for name in self.plan.blocks}
        for edge in self.plan.edges:
            needs[edge.target].add(edge.source)
        order, circles = in_order(needs)
        self.order = [name for name in order if name in self.blocks]
        for circle in circles:
            closing = next(e for e in self.plan.edges if (e.source, e.target) == (*circle[-2:],))
            self._edge_problem(
                f"blocks feed themselves in a circle: {' -> '.join(circle)}", closing
            )
        return set().union(*circles)

    def _check_inputs(self) -> None:
        fed = {(edge.target, edge.input) for edge in self.plan.edges}
        for name, block in self.blocks.items():
            for port, declared in block.inputs.items():
                if declared.optional or (name, port) in fed or name in self._excused:
                    continue
                self._block_problem(f"input '{port}' of block '{name}' is not connected", name)

    # Item types ------------------------------------------------------------------------------

    def _resolve(self, circled: Collection[str]) -> None:
        rates: dict[str, Rate | None] = {}
        unknown = {*circled, *self._excused, *self._left}
        into, out_of = self._by_block()
        for name in self.order:
            edges = into[name]
            if name in unknown or any(edge.source in unknown for edge in edges):
                unknown.add(name)
                continue
            if not self._fits(name, edges) or not self._resolved(name, edges):
                unknown.add(name)
                continue
            rate = self._rate(name, edges, rates)
            for edge in out_of[name]:
                self.edge_types[edge.label] = self.blocks[name].output_item_types[edge.output]
                own = (f"{name}.{edge.output}", Fraction(1))
                # Where items may be dropped, counts say nothing any more.
                rates[edge.label] = (rate or own) if edge.policy == "block" else None

    def _by_block(self) -> tuple[dict[str, list[EdgePlan]], dict[str, list[EdgePlan]]]:
        """Return the edges into each block of this graph, and those out of it."""
        into: dict[str, list[EdgePlan]] = {name: [] for name in self.blocks}
        out_of: dict[str, list[EdgePlan]] = {name: [] for name in self.blocks}
        for edge in self.plan.edges:
            if edge.target in into:
                into[edge.target].append(edge)
            if edge.source in out_of:
                out_of[edge.source].append(edge)
        return into, out_of

    def _fits(self, name: str, edges: Iterable[EdgePlan]) -> bool:
        """Check the item type of each edge into a block against the pattern of its port."""
        fits = True
        for edge in edges:
            pattern = self.blocks[name].inputs[edge.input].pattern
            item = self.edge_types[edge.label]
            if pattern is not None and not pattern.accepts(item):
                dtype = pattern.cast_of(item)
                hint = f"; between them a {{block: cast, type: {dtype}}} makes it fit"
                self._edge_problem(
                    f"{edge.label}: {edge.source}.{edge.output} gives {item}, "
                    f"{edge.target}.{edge.input} takes {pattern}{hint if dtype else ''}",
                    edge,
                )
                fits = False
        return fits

    def _resolved(self, name: str, edges: Sequence[EdgePlan]) -> bool:
        """Let a block fix its item types; False, with the problem noted, if it cannot."""
        block = self.blocks[name]
        missing = [p for p, d in block.inputs.items() if not d.optional]
        if any(port not in {edge.input for edge in edges} for port in missing):
            return False
        try:
            block.resolve({edge.input: self.edge_types[edge.label] for edge in edges})
        except SemradioError as error:
            # A message that names an input is best read at the edge that feeds it.
            at = [e for e in edges if str(error).startswith(f"input '{e.input}' ")]
            message = _about(name, self.plan.blocks[name].type, str(error))
            if at:
                self._edge_problem(message, at[0])
            else:
                self._block_problem(message, name)
        except Exception as error:
            self._block_problem(
                f"block '{name}' cannot tell its item types: {type(error).__name__}: {error}",
                name,
            )
        else:
            return True
        return False

    def _rate(
        self, name: str, edges: Sequence[EdgePlan], rates: Mapping[str, Rate | None]
    ) -> Rate | None:
        """Return how many items a block gives for each item of some output upstream.

        A block takes as many items from each input; from streams of one origin that differ in
        rate it would starve on the slower. None where the rate is not known.
        """
        known = [(edge, found) for edge in edges if (found := rates[edge.label]) is not None]
        for edge, (origin, rate) in known[1:]:
            first, (first_origin, first_rate) = known[0]
            if origin == first_origin and rate != first_rate:
                self._edge_problem(
                    f"inputs '{first.input}' and '{edge.input}' of block '{name}' get items at "
                    f"different rates: {first_rate} and {rate} for each item of '{origin}'",
                    edge,
                )
        block = self.blocks[name]
        if len(known) < len(edges) or len({rate for _, rate in known}) != 1:
            return None
        origin, rate = known[0][1]
        if isinstance(block, RateBlock):
            consumed, produced = block.rate()
            return origin, rate * Fraction(produced, consumed)
        return (origin, rate) if isinstance(block, SyncBlock) else None


def _needed(plan: Plan, wanted: Collection[str]) -> set[str]:
    """Return some blocks, those that feed them, and those with ports that only they can name."""
    into: dict[str, set[str]] = {}
    naming = set()
    for edge in plan.edges:
        into.setdefault(edge.target, set()).add(edge.source)
        if not edge.output:
            naming.add(edge.source)
        if not edge.input:
            naming.add(edge.target)
    feeding: set[str] = set()
    left = list(wanted)
    while left:
        name = left.pop()
        if name not in feeding:
            feeding.add(name)
            left += into.get(name, ())
    return (naming | feeding) & plan.blocks.keys()


def _about(name: str, kind: str, message: str) -> str:
    """Return a message that names the block as the flowgraph does, not by its type."""
    for before in (f"block '{kind}': ", f"block '{name}': "):
        message = message.removeprefix(before)
    return message if f"'{name}'" in message else f"block '{name}': {message}"
