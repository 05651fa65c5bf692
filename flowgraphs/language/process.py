"""Processes as written: which blocks run together, and where others reach them."""

from __future__ import annotations

import re

from semradio.blocks.endpoint import is_number, is_wildcard, stays_here
from semradio.flowgraphs.keys import Key, Text, Whole, keys_of
from semradio.flowgraphs.language.document import Section
from semradio.flowgraphs.language.expansion import Expansion
from semradio.flowgraphs.language.expression import WRONG, ExpressionError
from semradio.flowgraphs.language.keys import check_known, read_keys
from semradio.flowgraphs.language.member import Member
from semradio.flowgraphs.language.scope import Scope
from semradio.flowgraphs.language.template import Template, is_name
from semradio.flowgraphs.language.tree import Entry, Node
from semradio.flowgraphs.plan import ProcessPlan

SHORT = {
    "host": Key("host", Text(), None, "Host the process runs on."),
    "port": Key("port", Whole(), None, "TCP port on that host."),
}
"""Keys that say in short what those of the plan say."""

KEYS = ("blocks", *keys_of(ProcessPlan), *SHORT)


class ProcessReader:
    """Reads the section ``processes`` of the outermost file into the plan."""

    def __init__(self, section: Section, expansion: Expansion) -> None:
        self.expansion = expansion
        self.repetition = expansion.repetition
        self.problems = expansion.problems
        self.plan = expansion.draft.plan
        self.owner: dict[str, str] = {}
        self.excused: set[str] = set()
        for written, entry in section.items():
            self._repeat(written, entry)
        if section:
            self._check_complete()

    def _repeat(self, written: str, entry: Entry) -> None:
        place = entry.key.location
        try:
            template = Template.parse(written)
            names = template.names
        except ExpressionError as error:
            self.problems.add(str(error), place)
            return
        for scope in self.repetition.scopes(names, place):
            name = self.repetition.fill(template, scope, place)
            if name is None:
                continue
            if not is_name(name):
                self.problems.add(f"'{name}' is not a process name", place)
            elif name in self.plan.processes:
                self.problems.add(f"process '{name}' is declared twice", place)
            else:
                process = ProcessPlan(name, [], location=place, comment=entry.value.comment)
                self.plan.processes[name] = process
                self._fill(process, entry.value, scope)

    def _fill(self, process: ProcessPlan, node: Node, scope: Scope) -> None:
        blocks = node
        if isinstance(node.value, dict):
            check_known(node.value, KEYS, f" of process '{process.name}'", self.problems)
            for key, value in read_keys(keys_of(ProcessPlan), node.value, scope).items():
                setattr(process, key, value)
            self._reach(process, node.value, scope)
            if "blocks" not in node.value:
                self.problems.add(f"process '{process.name}' needs 'blocks: [...]'", node.location)
                return
            blocks = node.value["blocks"].value
        if not isinstance(blocks.value, list):
            self.problems.add(
                f"process '{process.name}' must be a list of blocks, not {blocks.kind}",
                blocks.location if blocks.value is not None else process.location,
            )
        elif not blocks.value:
            self.problems.add(f"process '{process.name}' has no blocks", blocks.location)
        else:
            for item in blocks.value:
                self._assign(process, item, scope)

    def _assign(self, process: ProcessPlan, node: Node, scope: Scope) -> None:
        if not isinstance(node.value, str):
            self.problems.add(f"a process lists block names, not {node.kind}", node.location)
            return
        try:
            template = Template.parse(node.value)
            names = template.names
        except ExpressionError as error:
            self.problems.add(str(error), node.location)
            return
        members = self.expansion.members
        for inner in self.repetition.scopes(names, node.location, scope):
            name = self.repetition.fill(template, inner, node.location)
            if name is None:
                continue
            member = members.find(name)
            if member is None:
                self.problems.add(members.unknown(name), node.location)
                for meant in members.meant(name):
                    self.excused.update(leaf.full for leaf in meant.leaves())
                continue
            for leaf in member.leaves():
                self._own(process, leaf, node)

    def _own(self, process: ProcessPlan, leaf: Member, node: Node) -> None:
        if leaf.full in self.owner:
            self.problems.add(
                f"block '{leaf.full}' is in process '{self.owner[leaf.full]}' already",
                node.location,
            )
            return
        self.owner[leaf.full] = process.name
        process.blocks.append(leaf.full)

    def _check_complete(self) -> None:
        settled = {*self.owner, *self.excused}
        for member in self.expansion.members.by_name.values():
            for leaf in member.leaves():
                if leaf.full not in settled and not leaf.broken:
                    self.problems.add(
                        f"block '{leaf.full}' is in no process: each block must be in one",
                        leaf.location,
                    )

    # Where others reach a process -------------------------------------------------------------

    def _reach(self, process: ProcessPlan, keys: Section, scope: Scope) -> None:
        if "host" in keys:
            self._host(process, keys, scope)
        elif "port" in keys:
            self.problems.add("'port' goes with 'host'", keys["port"].key.location)
        elif process.endpoint and not process.bind:
            if not stays_here(process.endpoint):
                self.problems.add(
                    f"process '{process.name}' says where others connect but not where to "
                    "listen: add 'bind: tcp://0.0.0.0:PORT', or use 'host' and 'port'",
                    keys["endpoint"].key.location,
                )
            process.bind = process.endpoint
        elif process.bind and not process.endpoint:
            if is_wildcard(process.bind):
                self.problems.add(
                    f"process '{process.name}' says where to listen but not where others "
                    "connect: add 'endpoint: tcp://HOST:PORT'",
                    keys["bind"].key.location,
                )
            process.endpoint = process.bind

    def _host(self, process: ProcessPlan, keys: Section, scope: Scope) -> None:
        if "endpoint" in keys:
            self.problems.add(
                "'host' and 'endpoint' say the same: keep one", keys["endpoint"].key.location
            )
            return
        host = scope.value(keys["host"].value)
        if "port" not in keys:
            self.problems.add("'host' needs 'port'", keys["host"].key.location)
            return
        port = scope.whole(keys["port"].value, "port")
        if host is WRONG or port is None:
            return
        if not isinstance(host, str) or not re.fullmatch(r"[\w.:-]+", host) or port > 65535:
            self.problems.add(
                f"'{host}' and port {port} are not the address of a host",
                keys["host"].value.location,
            )
            return
        shown = f"[{host}]" if ":" in host else host
        process.endpoint = f"tcp://{shown}:{port}"
        if not process.bind:
            # An address names one interface, and only that one listens; of a name it is not
            # known here which interface it means.
            listen = shown if is_number(host) else "0.0.0.0"
            process.bind = f"tcp://{'127.0.0.1' if host == 'localhost' else listen}:{port}"
