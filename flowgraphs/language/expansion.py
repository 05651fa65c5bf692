"""Turns a flowgraph file into blocks and edges: variables, repetition, files used as blocks."""

from __future__ import annotations

import itertools
import math
import os.path
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from semradio.blocks.api import registry
from semradio.blocks.errors import BlockNotFoundError, nearest
from semradio.flowgraphs.language.block_type import check_parameters, find_type, set_ports
from semradio.flowgraphs.language.connection import (
    read_connection,
)
from semradio.flowgraphs.language.document import Document, Section, read_document
from semradio.flowgraphs.language.draft import Draft
from semradio.flowgraphs.language.expression import (
    RESERVED,
    WRONG,
    ExpressionError,
    WrongValueError,
)
from semradio.flowgraphs.language.member import Member, Members
from semradio.flowgraphs.language.override import Override
from semradio.flowgraphs.language.problems import Problems
from semradio.flowgraphs.language.scope import Scope, worked_out
from semradio.flowgraphs.language.source import Source
from semradio.flowgraphs.language.template import Template, is_name
from semradio.flowgraphs.language.tree import Entry, Node
from semradio.flowgraphs.language.wiring import Wiring
from semradio.flowgraphs.plan import BlockPlan, FlowgraphError, Location

BLOCK_LIMIT = 20_000
"""Blocks of one flowgraph at most, files used as blocks counted in."""

FILE_ENDINGS = (".yml", ".yaml")
PARAMETER_KEYS = ("default", "doc")


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
        self.scope = Scope(self._variables(given), problems, document.sections["indices"])
        self.counts = self._counts()
        self._load_code()
        for written, entry in document.sections["blocks"].items():
            self._repeat_block(written, entry)
        wiring = Wiring(self)
        for node in document.connections:
            connection = read_connection(node, problems)
            if connection is not None:
                for scope in self.repeated(connection.names, connection.location):
                    wiring.connect(connection, scope)
        if None in self.counts.values():
            # Which connections are missing is not known.
            for member in self.members.by_name.values():
                self.draft.excused.update(leaf.full for leaf in member.leaves())
        self.inputs = wiring.shown_ports(document.sections["inputs"], inward=True)
        self.outputs = wiring.shown_ports(document.sections["outputs"], inward=False)

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
        if cls.needs_code and not self.draft.allow_code:
            # Not made either, so that nothing of it runs while the rest is checked.
            self.draft.wrong.add(member.full)
            self.problems.add(
                f"blocks of type '{kind}' run Python code, which runs only when allowed: "
                "pass --allow-code",
                settings["block"].value.location,
            )
        values, right = check_parameters(cls, member.full, settings, scope, member.location)
        set_ports(member, cls, values)
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
            if key == "block":
                continue
            value = scope.value(entry.value)
            if key in declared:
                given[key] = value
            else:
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
