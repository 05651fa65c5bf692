"""Turns the connections of a file into edges, and its ports into those of its blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from semradio.blocks.errors import nearest
from semradio.flowgraphs.keys import keys_of
from semradio.flowgraphs.language.connection import Connection, Point, read_point
from semradio.flowgraphs.language.document import Section
from semradio.flowgraphs.language.draft import Draft
from semradio.flowgraphs.language.expression import ExpressionError, WrongValueError
from semradio.flowgraphs.language.keys import read_keys
from semradio.flowgraphs.language.member import Endpoint, Member, Members, Ports
from semradio.flowgraphs.language.problems import Problems
from semradio.flowgraphs.language.repetition import Repetition
from semradio.flowgraphs.language.scope import Scope
from semradio.flowgraphs.language.template import Template
from semradio.flowgraphs.language.tree import Node
from semradio.flowgraphs.plan import EdgePlan, Location


class Wiring:
    """Finds the ports that a file names; edges go into the plan, problems to the others."""

    def __init__(
        self, draft: Draft, members: Members, repetition: Repetition, problems: Problems
    ) -> None:
        self.draft = draft
        self.members = members
        self.repetition = repetition
        self.problems = problems

    def connect(self, connection: Connection, scope: Scope) -> None:
        """Add the edges of one connection, its indices bound by the scope."""
        settings = read_keys(keys_of(EdgePlan), connection.keys, scope)
        last = len(connection.points) - 1
        ends = [
            self._ends(point, scope, k > 0, k < last) for k, point in enumerate(connection.points)
        ]
        for k in range(last):
            sources, targets = ends[k][1], ends[k + 1][0]
            if not sources or not targets:
                self._excuse(connection.points[k + 1], scope)
                continue
            for target in targets:
                source = sources[0]
                if target.port and target in self.draft.fed:
                    by = self.draft.fed[target]
                    self.problems.add(
                        f"input '{target.port}' of block '{target.block}' is fed by "
                        f"'{by.block}.{by.port}' already",
                        connection.points[k + 1].location,
                    )
                    continue
                self.draft.fed[target] = source
                self.draft.plan.edges.append(
                    EdgePlan(
                        source.block,
                        source.port,
                        target.block,
                        target.port,
                        location=connection.points[k].location,
                        comment=connection.comment,
                        **settings,
                    )
                )

    def _excuse(self, point: Point, scope: Scope) -> None:
        """Note that a block lacks an edge for a reason that is told already."""
        try:
            name = point.block.filled(scope)
        except (ExpressionError, WrongValueError):
            name = point.block.base
        member = self.members.find(name)
        for target in [member] if member is not None else self.members.meant(name):
            self.draft.excused.update(leaf.full for leaf in target.leaves())

    def _member(self, point: Point, scope: Scope) -> Member | None:
        """Return the block that a point names; None if there is none, or nothing more to say."""
        name = self.repetition.fill(point.block, scope, point.location)
        if name is None:
            return None
        member = self.members.find(name)
        if member is None:
            self.problems.add(self.members.unknown(name), point.location)
        return None if member is None or member.broken else member

    def _ends(
        self, point: Point, scope: Scope, inward: bool, outward: bool
    ) -> tuple[Sequence[Endpoint], Sequence[Endpoint]]:
        """Return what a point of a chain stands for as a target, and as a source."""
        member = self._member(point, scope)
        if member is None:
            return (), ()
        port = None
        if point.port is not None:
            port = self.repetition.fill(point.port, scope, point.location)
            if port is None:
                return (), ()
        enters = leaves = port
        if port is not None and inward and outward:
            # In the middle of a chain a named port is the input or the output, as it may be.
            is_output = port in member.outputs
            is_input = port in member.inputs or (member.open_inputs and not is_output)
            if not is_output and not is_input and not member.open_outputs:
                ports = [*member.inputs, *member.outputs]
                self.problems.add(
                    f"unknown port '{port}' of block '{member.full}'{nearest(port, ports)}; "
                    f"inputs: {', '.join(member.inputs)}; outputs: {', '.join(member.outputs)}",
                    point.location,
                )
                return (), ()
            enters = port if is_input else None
            leaves = port if is_output or not is_input else None
        return (
            self._port(member, enters, point.location, True) if inward else (),
            self._port(member, leaves, point.location, False) if outward else (),
        )

    def _port(
        self, member: Member, port: str | None, location: Location, inward: bool
    ) -> Sequence[Endpoint]:
        kind, ports, open_ended = "input", member.inputs, member.open_inputs
        other, others = "output", member.outputs
        if not inward:
            kind, ports, open_ended = "output", member.outputs, member.open_outputs
            other, others = "input", member.inputs
        if port is None and ports:
            return next(iter(ports.values()))
        if port is not None and port in ports:
            return ports[port]
        if open_ended:
            return (Endpoint(member.full, port or ""),)
        known = f"{kind}s: {', '.join(ports)}"
        if not ports:
            self.problems.add(f"block '{member.full}' has no {kind}s", location)
        elif port in others:
            self.problems.add(
                f"'{port}' is an {other} of block '{member.full}', not an {kind}; {known}",
                location,
            )
        else:
            counted = f"{port}[0]"
            hint = (
                f" (did you mean '{counted}'?)" if counted in ports else nearest(str(port), ports)
            )
            self.problems.add(
                f"unknown {kind} '{port}' of block '{member.full}'{hint}; {known}", location
            )
        return ()

    def shown_ports(self, section: Section, *, inward: bool) -> Ports:
        """Return what the declared inputs or outputs of a file stand for."""
        shown: Ports = {}
        for written, entry in section.items():
            try:
                template = Template.parse(written)
                names = template.names
            except ExpressionError as error:
                self.problems.add(str(error), entry.key.location)
                continue
            nodes = entry.value.value if isinstance(entry.value.value, list) else [entry.value]
            for scope in self.repetition.scopes(names, entry.key.location):
                name = self.repetition.fill(template, scope, entry.key.location)
                if name is None:
                    continue
                found = [e for node in nodes for e in self._shown(node, scope, inward)]
                shown[name] = tuple(found)
                if not inward and len(found) > 1:
                    self.problems.add(
                        f"output '{name}' must stand for one port, not {len(found)}",
                        entry.value.location,
                    )
        return shown

    def _shown(self, node: Node, scope: Scope, inward: bool) -> Iterator[Endpoint]:
        if not isinstance(node.value, str):
            self.problems.add(f"a port is written block.port, not {node.kind}", node.location)
            return
        point = read_point(node.value, node.location, self.problems)
        if point is not None:
            for inner in self.repetition.scopes(point.names, node.location, scope):
                ends = self._ends(point, inner, inward, not inward)
                yield from ends[0] if inward else ends[1]
