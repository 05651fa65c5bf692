"""Turns a flowgraph file into blocks and edges: variables, repetition, files used as blocks."""

from __future__ import annotations

import os.path
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from semradio.blocks.api import registry
from semradio.blocks.errors import BlockNotFoundError, nearest
from semradio.flowgraphs.keys import keys_of
from semradio.flowgraphs.language.block_type import (
    check_parameters,
    find_type,
    set_ports,
    takes_text,
)
from semradio.flowgraphs.language.connection import (
    read_connection,
)
from semradio.flowgraphs.language.document import Document, Section, read_document
from semradio.flowgraphs.language.draft import Draft
from semradio.flowgraphs.language.expression import (
    WRONG,
    ExpressionError,
)
from semradio.flowgraphs.language.keys import check_known, read_keys
from semradio.flowgraphs.language.member import Member, Members
from semradio.flowgraphs.language.override import Override
from semradio.flowgraphs.language.problems import Problems
from semradio.flowgraphs.language.repetition import LIMIT, Repetition
from semradio.flowgraphs.language.scope import Scope, worked_out
from semradio.flowgraphs.language.source import Source
from semradio.flowgraphs.language.template import Template, is_name
from semradio.flowgraphs.language.tree import Entry, Node
from semradio.flowgraphs.language.wiring import Wiring
from semradio.flowgraphs.plan import BlockPlan, FlowgraphError, Location

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
        self.repetition = Repetition(document.sections["indices"], self.scope, problems)
        self._load_code()
        for written, entry in document.sections["blocks"].items():
            self._repeat_block(written, entry)
        wiring = Wiring(draft, self.members, self.repetition, problems)
        for node in document.connections:
            connection = read_connection(node, problems)
            if connection is not None:
                for scope in self.repetition.scopes(connection.names, connection.location):
                    wiring.connect(connection, scope)
        if self.repetition.unknown:
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
                    before = declared.get(override.name)
                    is_text = before is not None and isinstance(before.value.value, str)
                    declared[override.name] = override.instead_of(is_text)
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
            check_known(node.value, PARAMETER_KEYS, f" of parameter '{name}'", self.problems)

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
        for scope in self.repetition.scopes(names, place):
            repeats += 1
            name = self.repetition.fill(template, scope, place)
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
        if not repeats and any(self.repetition.counts.get(name, 0) is None for name in names):
            self.members.hidden.add(template.base)

    def _add_block(self, member: Member, template: Template, node: Node, scope: Scope) -> None:
        self.draft.members += 1
        if self.draft.members > LIMIT:
            self.problems.add(f"more than {LIMIT} blocks", member.location)
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
                settings[override.name] = override.instead_of(takes_text(settings, override.name))
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
        keys = read_keys(keys_of(BlockPlan), settings, scope)
        settings = {name: e for name, e in settings.items() if name not in keys_of(BlockPlan)}
        values, right = check_parameters(cls, member.full, settings, scope, member.location)
        set_ports(member, cls, values)
        self.draft.plan.blocks[member.full] = BlockPlan(
            member.full, kind, values, location=member.location, comment=comment, **keys
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
