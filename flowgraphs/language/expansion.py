"""Turns a flowgraph file into blocks and edges: variables, repetition, files used as blocks."""

from __future__ import annotations

import itertools
import math
import os.path
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from semradio.blocks.api import registry
from semradio.blocks.api.errors import BlockNotFoundError, nearest
from semradio.blocks.api.queue import Policy
from semradio.flowgraphs.language.block_type import check_parameters, find_type, ports_of
from semradio.flowgraphs.language.connection import (
    POLICIES,
    Connection,
    Point,
    read_connection,
    read_point,
)
from semradio.flowgraphs.language.document import Document, Section, read_document
from semradio.flowgraphs.language.expression import (
    RESERVED,
    WRONG,
    ExpressionError,
    WrongValueError,
)
from semradio.flowgraphs.language.member import Endpoint, Member, Members, Ports
from semradio.flowgraphs.language.override import Override
from semradio.flowgraphs.language.problems import Problems
from semradio.flowgraphs.language.scope import Scope, worked_out
from semradio.flowgraphs.language.source import Source
from semradio.flowgraphs.language.template import Template, is_name
from semradio.flowgraphs.language.tree import Entry, Node
from semradio.flowgraphs.plan import BlockPlan, EdgePlan, FlowgraphError, Location, Plan

BLOCK_LIMIT = 20_000
"""Blocks of one flowgraph at most, files used as blocks counted in."""

FILE_ENDINGS = (".yml", ".yaml")
PARAMETER_KEYS = ("default", "doc")


@dataclass(slots=True)
class Draft:
    """What one load works on: the plan so far, and what is known to be wrong with it."""

    plan: Plan
    allow_code: bool
    code_withheld: bool = False
    """Whether a file with block types was not run; unknown types are then no surprise."""
    wrong: set[str] = field(default_factory=set)
    """Blocks of the plan whose parameters have problems."""
    excused: set[str] = field(default_factory=set)
    """Blocks that lack an edge because its connection has a problem."""
    fed: dict[Endpoint, Endpoint] = field(default_factory=dict)
    documents: dict[Path, Document | None] = field(default_factory=dict)
    members: int = 0


class Expansion:
    """One use of one file: the file itself, or a block that stands for it.

    Args:
        document: the file. draft: where blocks and edges go. problems: where problems go.
        prefix: path of the block that stands for the file, with its ``/``.
        given: parameter values; None for the outermost file.
        overrides: paths inside this file, and the overrides meant for them.
        within: the files around this one.
    """

    def __init__(
        self,
        document: Document,
        draft: Draft,
        problems: Problems,
        *,
        prefix: str = "",
        given: dict[str, Any] | None = None,
        overrides: Sequence[tuple[str, Override]] = (),
        within: tuple[Path, ...] = (),
    ) -> None:
        self.document = document
        self.draft = draft
        self.problems = problems
        self.prefix = prefix
        self.overrides = overrides
        self.within = within
        self.members = Members()
        self.inputs: Ports = {}
        self.outputs: Ports = {}
        self.scope = Scope(self._variables(given), problems, document.sections["indices"])
        self.counts = self._counts()
        self._load_code()
        for written, entry in document.sections["blocks"].items():
            self._repeat_block(written, entry)
        for node in document.connections:
            connection = read_connection(node, problems)
            if connection is not None:
                for scope in self.repeated(connection.names, connection.location):
                    self._connect(connection, scope)
        self._show_ports(document.sections["inputs"], self.inputs, inward=True)
        self._show_ports(document.sections["outputs"], self.outputs, inward=False)

    # Names -----------------------------------------------------------------------------------

    def _variables(self, given: dict[str, Any] | None) -> dict[str, Any]:
        sections = self.document.sections
        declared: Section = dict(sections["variables"])
        for name, entry in sections["parameters"].items():
            if name in sections["variables"]:
                self.problems.add(
                    f"'{name}' is both a variable and a parameter", entry.key.location
                )
            self._check_parameter(name, entry.value)
            default = default_of(entry.value)
            if default is not None:
                declared[name] = Entry(entry.key, default)
            else:
                declared.pop(name, None)
        if given is None:
            given = {}
            for _, override in self.overrides:
                if not override.block and (
                    override.name in declared or override.name in sections["parameters"]
                ):
                    override.used = True
                    declared[override.name] = override.entry
            for name, entry in sections["parameters"].items():
                if name not in declared:
                    given[name] = WRONG
                    self.problems.add(
                        f"parameter '{name}' needs a value: {name}=VALUE", entry.key.location
                    )
        declared = {name: entry for name, entry in declared.items() if name not in given}
        return worked_out(declared, given, self.problems)

    def _check_parameter(self, name: str, node: Node) -> None:
        if isinstance(node.value, dict):
            for key, entry in node.value.items():
                if key not in PARAMETER_KEYS:
                    self.problems.add(
                        f"unknown key '{key}'{nearest(key, PARAMETER_KEYS)} of parameter "
                        f"'{name}'; keys: {', '.join(PARAMETER_KEYS)}",
                        entry.key.location,
                    )

    def _counts(self) -> dict[str, int | None]:
        """How often each index repeats; None where its value has a problem."""
        counts: dict[str, int | None] = {}
        for name, entry in self.document.sections["indices"].items():
            counts[name] = None
            if name in self.scope.variables:
                self.problems.add(f"'{name}' is both a variable and an index", entry.key.location)
                continue
            if not name.isidentifier() or name in RESERVED:
                self.problems.add(f"'{name}' cannot name an index", entry.key.location)
                continue
            value = self.scope.value(entry.value)
            if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                counts[name] = value
            elif value is not WRONG:
                self.problems.add(
                    f"index '{name}' must be a whole number from 0 on, not {value!r}",
                    entry.value.location,
                )
        return counts

    def repeated(
        self, names: Collection[str], location: Location, scope: Scope | None = None
    ) -> Iterator[Scope]:
        """The scopes in which an entry that mentions ``names`` is repeated: one for each value
        of the indices among them; none where such an index has a problem."""
        scope = scope or self.scope
        chosen = [k for k in self.counts if k in names and k not in scope.variables]
        counts = [self.counts[k] for k in chosen]
        known = [count for count in counts if count is not None]
        if len(known) < len(counts):
            return
        if math.prod(known) > BLOCK_LIMIT:
            self.problems.add(
                f"this would be repeated {math.prod(known)} times, more than {BLOCK_LIMIT}",
                location,
            )
            return
        for values in itertools.product(*map(range, known)):
            yield scope.bound(dict(zip(chosen, values, strict=True)))

    def fill(self, template: Template, scope: Scope, location: Location) -> str | None:
        """Return a name with its brackets filled; None, with the problem noted, if it has one."""
        try:
            return template.filled(scope)
        except ExpressionError as error:
            self.problems.add(str(error), location)
        except WrongValueError:
            pass
        return None

    # Blocks ----------------------------------------------------------------------------------

    def _load_code(self) -> None:
        for node in self.document.code:
            value = self.scope.value(node)
            if value is WRONG:
                continue
            if not isinstance(value, str):
                self.problems.add(f"'code' lists Python files, not {node.kind}", node.location)
            elif not self.draft.allow_code:
                self.draft.code_withheld = True
                self.problems.add(
                    f"'{value}' is Python code, which runs only when allowed: pass --allow-code",
                    node.location,
                )
            else:
                self._run_code((self.document.source.folder / value).resolve(), node.location)

    def _run_code(self, path: Path, location: Location) -> None:
        if str(path) in self.draft.plan.code:
            return
        try:
            registry.load_file(path)
        except BlockNotFoundError as error:
            self.draft.code_withheld = True
            self.problems.add(str(error), location)
        else:
            self.draft.plan.code.append(str(path))

    def _repeat_block(self, written: str, entry: Entry) -> None:
        place = entry.key.location
        try:
            template = Template.parse(written)
            names = template.names
        except ExpressionError as error:
            self.problems.add(str(error), place)
            self.members.hidden.add(written.split("[", maxsplit=1)[0])
            return
        repeats = 0
        for scope in self.repeated(names, place):
            repeats += 1
            name = self.fill(template, scope, place)
            if name is None:
                self.members.hidden.add(template.base)
            elif not is_name(name):
                self.problems.add(
                    f"'{name}' is not a block name: letters, digits, '_' and '-', "
                    "starting with a letter",
                    place,
                )
                self.members.hidden.add(template.base)
            elif name in self.members.by_name:
                first = self.members.by_name[name].location.line
                self.problems.add(f"block '{name}' is declared in line {first} already", place)
            else:
                member = Member(name, self.prefix + name, written, place)
                self.members.by_name[name] = member
                self._add_block(member, template, entry.value, scope)
        if not repeats and any(self.counts.get(name, 0) is None for name in names):
            self.members.hidden.add(template.base)

    def _add_block(self, member: Member, template: Template, node: Node, scope: Scope) -> None:
        self.draft.members += 1
        if self.draft.members > BLOCK_LIMIT:
            self.problems.add(f"more than {BLOCK_LIMIT} blocks", member.location)
            self.problems.raise_if_any()
        if not isinstance(node.value, dict):
            self.problems.add(
                f"block '{member.name}' must be a mapping such as {{block: TYPE}}, not {node.kind}",
                node.location if node.value is not None else member.location,
            )
            member.broken = True
            return
        settings: Section = dict(node.value)
        inner: list[tuple[str, Override]] = []
        aliases = [member.name, member.written.replace(" ", ""), template.base]
        for path, override in self.overrides:
            rest = override_rest(path, aliases)
            if rest == "":
                settings[override.name] = override.entry
                override.used = True
            elif rest is not None:
                inner.append((rest, override))
        kind = self._kind(member, settings, scope)
        if kind is None:
            member.broken = True
            for _, override in inner:
                override.used = True
        elif kind.endswith(FILE_ENDINGS):
            self._add_file(member, kind, settings, scope, inner)
        else:
            self._add_leaf(member, kind, settings, scope, node.comment)

    def _kind(self, member: Member, settings: Section, scope: Scope) -> str | None:
        if "block" not in settings:
            self.problems.add(
                f"block '{member.name}' has no type: add 'block: TYPE'", member.location
            )
            return None
        node = settings["block"].value
        kind = scope.value(node)
        if isinstance(kind, str):
            return kind
        if kind is not WRONG:
            self.problems.add(
                f"the type of block '{member.name}' must be a name, not {kind!r}", node.location
            )
        return None

    def _add_leaf(
        self, member: Member, kind: str, settings: Section, scope: Scope, comment: str
    ) -> None:
        try:
            cls = find_type(kind)
        except BlockNotFoundError as error:
            member.broken = True
            if not self.draft.code_withheld:
                self.problems.add(str(error), settings["block"].value.location)
            return
        values, right = check_parameters(cls, member.full, settings, scope, member.location)
        member.inputs, member.outputs = ports_of(cls, member.full, values)
        self.draft.plan.blocks[member.full] = BlockPlan(
            member.full, kind, values, member.location, comment
        )
        if not right:
            self.draft.wrong.add(member.full)

    def _add_file(
        self,
        member: Member,
        kind: str,
        settings: Section,
        scope: Scope,
        overrides: list[tuple[str, Override]],
    ) -> None:
        place = settings["block"].value.location
        path = Path(os.path.normpath(self.document.source.folder / kind))
        member.broken = True
        for _, override in overrides:
            override.used = override.used or not path.is_file()
        if path.resolve() in self.within:
            names = [p.name for p in (*self.within, path)]
            self.problems.add(f"a file cannot use itself as a block: {' -> '.join(names)}", place)
            return
        where = f"used as block '{member.full}' at {member.location}"
        problems = self.problems.within(where)
        document = self._document(path, problems, place)
        if document is None:
            return
        member.broken = False
        inner = Expansion(
            document,
            self.draft,
            problems,
            prefix=f"{member.full}/",
            given=self._given(member, document, settings, scope),
            overrides=overrides,
            within=(*self.within, path.resolve()),
        )
        member.inner, member.inputs, member.outputs = inner.members, inner.inputs, inner.outputs

    def _document(self, path: Path, problems: Problems, place: Location) -> Document | None:
        if path not in self.draft.documents:
            self.draft.documents[path] = None
            try:
                self.draft.documents[path] = read_document(Source.of_file(path), problems)
            except FlowgraphError as error:
                for problem in error.problems:
                    if problem.location is None:
                        self.problems.add(problem.message, place)
                    else:
                        problems.take([problem])
        return self.draft.documents[path]

    def _given(
        self, member: Member, document: Document, settings: Section, scope: Scope
    ) -> dict[str, Any]:
        """Return the parameter values that a block gives to its file."""
        declared = document.sections["parameters"]
        given: dict[str, Any] = {}
        for key, entry in settings.items():
            if key in declared:
                given[key] = scope.value(entry.value)
            elif key != "block":
                self.problems.add(
                    f"unknown parameter '{key}' of block '{member.full}'{nearest(key, declared)}; "
                    f"parameters: {', '.join(declared) or 'none'}",
                    entry.key.location,
                )
        for key, entry in declared.items():
            if key not in given and default_of(entry.value) is None:
                given[key] = WRONG
                self.problems.add(
                    f"parameter '{key}' of block '{member.full}' is required", member.location
                )
        return given

    # Connections -----------------------------------------------------------------------------

    def _connect(self, connection: Connection, scope: Scope) -> None:
        queue, policy = self._queue(connection, scope), self._policy(connection, scope)
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
                        queue,
                        policy,
                        connection.points[k].location,
                        connection.comment,
                    )
                )

    def _queue(self, connection: Connection, scope: Scope) -> int | None:
        if connection.queue is None:
            return None
        return whole(connection.queue, scope, "queue", "items")

    def _policy(self, connection: Connection, scope: Scope) -> Policy:
        if connection.policy is None:
            return "block"
        value = scope.value(connection.policy)
        if value in POLICIES:
            return cast(Policy, value)
        if value is not WRONG:
            self.problems.add(
                f"'policy' must be one of {', '.join(POLICIES)}, not {value!r}"
                f"{nearest(str(value), POLICIES)}",
                connection.policy.location,
            )
        return "block"

    def _excuse(self, point: Point, scope: Scope) -> None:
        """Note that a block lacks an edge for a reason that is told already."""
        try:
            name = point.block.filled(scope)
        except (ExpressionError, WrongValueError):
            name = point.block.base
        member = self.members.find(name) or self.members.meant(name)
        if member is not None:
            self.draft.excused.update(leaf.full for leaf in member.leaves())

    def _member(self, point: Point, scope: Scope) -> Member | None:
        """Return the block that a point names; None if there is none, or nothing more to say."""
        name = self.fill(point.block, scope, point.location)
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
            port = self.fill(point.port, scope, point.location)
            if port is None:
                return (), ()
        enters = leaves = port
        if port is not None and inward and outward:
            # In the middle of a chain a named port is the input or the output, as it may be.
            is_output = port in (member.outputs or ())
            is_input = port in (member.inputs or ()) or (member.inputs is None and not is_output)
            if is_output and not is_input:
                enters = None
            elif is_input and not is_output:
                leaves = None
        return (
            self._port(member, enters, point.location, True) if inward else (),
            self._port(member, leaves, point.location, False) if outward else (),
        )

    def _port(
        self, member: Member, port: str | None, location: Location, inward: bool
    ) -> Sequence[Endpoint]:
        ports, others = member.inputs, member.outputs
        kind, other = "input", "output"
        if not inward:
            ports, others, kind, other = others, ports, other, kind
        if ports is None:
            return (Endpoint(member.full, port or ""),)
        if port is None and ports:
            return next(iter(ports.values()))
        if port is not None and port in ports:
            return ports[port]
        known = f"{kind}s: {', '.join(ports)}"
        if not ports:
            self.problems.add(f"block '{member.full}' has no {kind}s", location)
        elif port in (others or ()):
            self.problems.add(
                f"'{port}' is an {other} of block '{member.full}', not an {kind}; {known}",
                location,
            )
        else:
            self.problems.add(
                f"unknown {kind} '{port}' of block '{member.full}'{nearest(str(port), ports)}; "
                f"{known}",
                location,
            )
        return ()

    # Ports of a file that is used as a block --------------------------------------------------

    def _show_ports(self, section: Section, into: Ports, *, inward: bool) -> None:
        for written, entry in section.items():
            try:
                template = Template.parse(written)
                names = template.names
            except ExpressionError as error:
                self.problems.add(str(error), entry.key.location)
                continue
            nodes = entry.value.value if isinstance(entry.value.value, list) else [entry.value]
            for scope in self.repeated(names, entry.key.location):
                name = self.fill(template, scope, entry.key.location)
                if name is None:
                    continue
                found = [e for node in nodes for e in self._shown(node, scope, inward)]
                into[name] = tuple(found)
                if not inward and len(found) > 1:
                    self.problems.add(
                        f"output '{name}' must stand for one port, not {len(found)}",
                        entry.value.location,
                    )

    def _shown(self, node: Node, scope: Scope, inward: bool) -> Iterator[Endpoint]:
        if not isinstance(node.value, str):
            self.problems.add(f"a port is written block.port, not {node.kind}", node.location)
            return
        point = read_point(node.value, node.location, self.problems)
        if point is not None:
            for inner in self.repeated(point.names, node.location, scope):
                ends = self._ends(point, inner, inward, not inward)
                yield from ends[0] if inward else ends[1]


def default_of(node: Node) -> Node | None:
    """Return the default of a declared parameter; None if it has to be given."""
    if isinstance(node.value, dict):
        return node.value["default"].value if "default" in node.value else None
    return node


def override_rest(path: str, aliases: Sequence[str]) -> str | None:
    """Return what is left of an override's block path after one of a block's names.

    Empty if the override is for that very block; None if it is not for it at all.
    """
    for alias in aliases:
        if path == alias:
            return ""
        if path.startswith(f"{alias}/"):
            return path[len(alias) + 1 :]
    return None


def whole(node: Node, scope: Scope, name: str, unit: str) -> int | None:
    """Return a whole number of at least 1; None, with the problem noted, if it is none."""
    value = scope.value(node)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    if value is not WRONG:
        scope.problems.add(
            f"'{name}' must be a whole number of {unit}, at least 1, not {value!r}", node.location
        )
    return None
