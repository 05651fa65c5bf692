"""How a run is looked at, as written: the section ``view`` of the outermost file."""

from __future__ import annotations

from semradio.blocks.errors import nearest
from semradio.flowgraphs.keys import keys_of
from semradio.flowgraphs.language.document import Section
from semradio.flowgraphs.language.expansion import Expansion
from semradio.flowgraphs.language.expression import WRONG, ExpressionError
from semradio.flowgraphs.language.keys import check_known, read_keys
from semradio.flowgraphs.language.template import Template
from semradio.flowgraphs.language.tree import Entry, Node
from semradio.flowgraphs.plan import PanelPlan, ViewPlan

KEYS = (*keys_of(ViewPlan), "variables", "panels")
PANEL_KEYS = ("of", *keys_of(PanelPlan))


class ViewReader:
    """Reads the section ``view`` into the plan; which ports there are, the checked graph knows."""

    def __init__(self, section: Section, expansion: Expansion) -> None:
        self.expansion = expansion
        self.repetition = expansion.repetition
        self.problems = expansion.problems
        self.view = expansion.draft.plan.view
        scope = self.repetition.scope
        check_known(section, KEYS, " of 'view'", self.problems)
        for key, value in read_keys(keys_of(ViewPlan), section, scope).items():
            setattr(self.view, key, value)
        for name, entry in self._mapping(section, "variables").items():
            if name not in scope.variables:
                hint = nearest(name, scope.variables)
                self.problems.add(f"unknown variable '{name}'{hint}", entry.key.location)
                continue
            value = scope.value(entry.value)
            if value is not WRONG:
                self.view.variables[name] = value
        for title, entry in self._mapping(section, "panels").items():
            self._panel(title, entry)

    def _mapping(self, section: Section, key: str) -> Section:
        node = section[key].value if key in section else None
        if node is None or node.value is None:
            return {}
        if isinstance(node.value, dict):
            return node.value
        self.problems.add(f"'{key}' must be a mapping of names, not {node.kind}", node.location)
        return {}

    def _panel(self, title: str, entry: Entry) -> None:
        node = entry.value
        if not isinstance(node.value, dict):
            self.problems.add(
                f"panel '{title}' must be a mapping such as {{of: block.port}}, not {node.kind}",
                node.location if node.value is not None else entry.key.location,
            )
            return
        check_known(node.value, PANEL_KEYS, f" of panel '{title}'", self.problems)
        if "of" not in node.value:
            self.problems.add(f"panel '{title}' needs 'of: block.port'", entry.key.location)
            return
        panel = PanelPlan(title, [], location=entry.key.location)
        for key, value in read_keys(keys_of(PanelPlan), node.value, self.repetition.scope).items():
            setattr(panel, key, value)
        of = node.value["of"].value
        for point in of.value if isinstance(of.value, list) else [of]:
            self._point(panel, point)
        self.view.panels.append(panel)

    def _point(self, panel: PanelPlan, node: Node) -> None:
        if not isinstance(node.value, str) or "." not in node.value:
            self.problems.add("'of' lists points 'block.port'", node.location)
            return
        written, _, port = node.value.rpartition(".")
        try:
            template = Template.parse(written)
            names = template.names
        except ExpressionError as error:
            self.problems.add(str(error), node.location)
            return
        for scope in self.repetition.scopes(names, node.location):
            name = self.repetition.fill(template, scope, node.location)
            if name is None:
                continue
            member = self.expansion.members.find(name)
            if member is None:
                self.problems.add(self.expansion.members.unknown(name), node.location)
            elif member.inner is not None:
                ends = member.outputs.get(port) or member.inputs.get(port) or ()
                if not ends:
                    known = [*member.outputs, *member.inputs]
                    self.problems.add(
                        f"no port '{port}' of '{name}'{nearest(port, known)}", node.location
                    )
                panel.of += [f"{end.block}.{end.port}" for end in ends[:1]]
            else:
                panel.of.append(f"{member.full}.{port}")
