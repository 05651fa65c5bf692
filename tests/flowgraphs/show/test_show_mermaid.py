"""The Mermaid flowchart, read back line by line; every line must be of a known form."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from semradio.blocks.api.item_type import ItemType
from semradio.flowgraphs.plan import Plan
from semradio.flowgraphs.show import to_mermaid

ID = r"[A-Za-z][A-Za-z0-9_]*"
TEXT = r'"([^"]*)"'
KEYWORDS = {"end", "subgraph", "graph", "flowchart", "style", "class", "click", "default"}


@dataclass
class Chart:
    """What is found in a flowchart; ids are replaced by the names of the blocks."""

    blocks: list[tuple[str, str]] = field(default_factory=list)
    groups: dict[str, list[str]] = field(default_factory=dict)
    edges: list[tuple[str, str, str, str]] = field(default_factory=list)


def text(escaped: str) -> str:
    """Undo the escapes, making sure that nothing is left that Mermaid might take for its own."""
    assert not re.search(r"[<>&{}|`%;\\]", re.sub(r"#\d+;|<(b|/b|br/)>", "", escaped)), escaped
    return html.unescape(re.sub(r"#(\d+);", r"&#\1;", escaped))


def read(chart: str) -> Chart:
    first, *lines = chart.splitlines()
    assert first == "flowchart LR"
    found, names, group = Chart(), dict[str, str](), ""
    seen: set[str] = set()
    for line in lines:
        if open_ := re.fullmatch(rf"  subgraph ({ID})\[{TEXT}\]", line):
            assert not group
            group = text(open_[2])
            found.groups[group] = []
            assert open_[1] not in seen | KEYWORDS
            seen.add(open_[1])
        elif line == "  end":
            assert group
            group = ""
        elif box := re.fullmatch(rf'\s+({ID})\["<b>([^"]*)</b><br/>([^"]*)"\]', line):
            assert box[1] not in seen | KEYWORDS
            seen.add(box[1])
            names[box[1]] = text(box[2])
            found.blocks.append((text(box[2]), text(box[3])))
            if group:
                found.groups[group].append(text(box[2]))
        else:
            edge = re.fullmatch(rf"  ({ID}) (-->|-\.->)(?:\|{TEXT}\|)? ({ID})", line)
            assert edge, line
            found.edges.append((names[edge[1]], edge[2], text(edge[3] or ""), names[edge[4]]))
    assert not group
    return found


def shown(name: str) -> str:
    return re.sub("[\x00-\x1f]", "\ufffd", " ".join(name.split()))


def test_every_block_process_and_edge_is_in_the_chart(plan: Plan) -> None:
    types = {edge.label: ItemType("complex64", (2, 16)) for edge in plan.edges}
    chart = read(to_mermaid(plan, types))
    expected = [(shown(name), shown(block.type)) for name, block in plan.blocks.items()]
    assert Counter(chart.blocks) == Counter(expected)
    assert {name: set(blocks) for name, blocks in chart.groups.items()} == {
        shown(name): set(map(shown, process.blocks)) for name, process in plan.processes.items()
    }
    owner = {block: p.name for p in plan.processes.values() for block in p.blocks}
    assert Counter((source, arrow, target) for source, arrow, _, target in chart.edges) == Counter(
        (
            shown(edge.source),
            "-.->" if owner.get(edge.source) != owner.get(edge.target) else "-->",
            shown(edge.target),
        )
        for edge in plan.edges
    )
    assert all(label.endswith("complex64[2,16]") for _, _, label, _ in chart.edges)


def test_labels_tell_ports_where_there_are_several(make_plan: Callable[..., Plan]) -> None:
    plan = make_plan(["a.y -> b.x", "b.left -> c.x[0]", "b.right -> c.x[1]", "b.right -> d.x"])
    types = {"a.y -> b.x": ItemType("float32", (23,)), "b.right -> d.x": ItemType("uint8")}
    assert [label for _, _, label, _ in read(to_mermaid(plan, types)).edges] == [
        "float32[23]",
        "left to x[0]",
        "right to x[1]",
        "right<br/>uint8",
    ]


def test_names_that_differ_only_in_brackets_stay_apart(make_plan: Callable[..., Plan]) -> None:
    chart = to_mermaid(make_plan(["tx[0].y -> tx_0.x", "tx/0.y -> end.x"]))
    assert chart == (
        "flowchart LR\n"
        '  b0_tx_0["<b>tx[0]</b><br/>copy"]\n'
        '  b1_tx_0["<b>tx_0</b><br/>copy"]\n'
        '  b2_tx_0["<b>tx/0</b><br/>copy"]\n'
        '  b3_end["<b>end</b><br/>copy"]\n'
        "  b0_tx_0 --> b1_tx_0\n"
        "  b2_tx_0 --> b3_end\n"
    )


def test_hostile_names_are_escaped(hostile_plan: Plan) -> None:
    names = [name for name, _ in read(to_mermaid(hostile_plan)).blocks]
    for name in ('q"uo`te', "<b>&amp;</b>", "a|b", "x;y z", "%%{init: {}}%%", "größe 日本語"):
        assert name in names
