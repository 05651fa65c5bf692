"""Plans to draw: shapes that have gone wrong in drawings before, with and without processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

import pytest

from semradio.flowgraphs.language import load
from semradio.flowgraphs.plan import BlockPlan, EdgePlan, Plan, ProcessPlan

HOSTILE = (
    "end",
    "tx[0]",
    "tx_0",
    "tx/0",
    'q"uo`te',
    "<b>&amp;</b>",
    "a|b",
    "x;y\nz",
    "größe 日本語",
    "\x1b[31mred\x00",
    "%%{init: {}}%%",
    "]]>-->",
)


def make_plan(
    edges: Iterable[str],
    processes: Mapping[str, Iterable[str]] | None = None,
    types: Mapping[str, str] | None = None,
) -> Plan:
    """Return a plan from edges such as ``a.y -> b.x``; blocks are of type copy, or as given."""
    found = []
    for edge in edges:
        (source, output), (target, input_) = (
            end.rsplit(".", maxsplit=1) for end in edge.split(" -> ")
        )
        found.append(EdgePlan(source, output, target, input_))
    names = dict.fromkeys(name for edge in found for name in (edge.source, edge.target))
    return Plan(
        "drawn",
        "What the picture shows.",
        blocks={name: BlockPlan(name, (types or {}).get(name, "copy")) for name in names},
        edges=found,
        processes={
            name: ProcessPlan(name, list(blocks)) for name, blocks in (processes or {}).items()
        },
    )


def users(count: int) -> Plan:
    """Return as many transmitters as receivers, one channel between them."""
    edges: list[str] = []
    processes: dict[str, list[str]] = {}
    for k in range(count):
        edges += [f"tx[{k}]/source.image -> tx[{k}]/encoder.x", f"tx[{k}]/encoder.y -> sum.x[{k}]"]
        processes[f"tx[{k}]"] = [f"tx[{k}]/source", f"tx[{k}]/encoder"]
    edges.append("sum.y -> air.x")
    processes["air"] = ["sum", "air"]
    for k in range(count):
        edges += [
            f"air.y -> rx[{k}].x",
            f"rx[{k}].y -> quality[{k}].received",
            f"tx[{k}]/source.image -> quality[{k}].reference",
        ]
        processes[f"rx[{k}]"] = [f"rx[{k}]", f"quality[{k}]"]
    return make_plan(edges, processes)


def hundred() -> Plan:
    """Return 100 blocks in five processes, wired without a visible pattern."""
    edges = [
        f"b{(k * 7 + j * 3) % k}.y -> b{k}.x[{j}]" for k in range(1, 100) for j in range(1 + k % 2)
    ]
    return make_plan(edges, {f"p{i}": [f"b{k}" for k in range(i, 100, 5)] for i in range(5)})


def hostile() -> Plan:
    """Return blocks whose names mean something to XML, Mermaid or a terminal."""
    plan = make_plan(["a.y -> b.x"])
    plan.name = plan.doc = "<svg> & \"quotes\" 'n' \x1b[2J"
    plan.blocks = {name: BlockPlan(name, "co<p>y&") for name in HOSTILE}
    plan.edges = [
        EdgePlan(a, port, b, 'x"]<') for a, b in pairwise(HOSTILE) for port in ("y|<", 'z"')
    ]
    plan.processes = {
        "end": ProcessPlan("end", list(HOSTILE[:4])),
        '"]<&': ProcessPlan('"]<&', list(HOSTILE[4:9])),
    }
    return plan


PLANS: dict[str, Callable[[], Plan]] = {
    "one block": lambda: Plan("one", blocks={"alone": BlockPlan("alone", "null_source")}),
    "two blocks": lambda: make_plan(["a.y -> b.x"]),
    "skipping wire": lambda: make_plan(["a.y -> b.x", "b.y -> c.x", "c.y -> d.x", "a.y -> d.z"]),
    "two wires, one pair": lambda: make_plan(["a.y -> b.x", "a.z -> b.w", "a.z -> b.v"]),
    "feedback of processes": lambda: make_plan(
        ["source.y -> air.x", "air.y -> receiver.x", "receiver.y -> ber.x", "source.y -> ber.w"],
        {"host": ["source", "ber"], "air": ["air"], "far": ["receiver"]},
    ),
    "some blocks in no process": lambda: make_plan(
        ["a.y -> b.x", "b.y -> c.x", "c.y -> d.x", "a.y -> d.w"], {"p": ["b"], "q": ["c"]}
    ),
    "wire beside a title": lambda: make_plan(
        ["b0.y -> b3.x", "b1.y -> b3.w", "b3.y -> b2.x"],
        {"p": ["b1"], "a process with a long name": ["b3"]},
    ),
    "circle": lambda: make_plan(
        ["a.y -> b.x", "b.y -> c.x", "c.y -> a.x", "c.y -> d.x", "d.y -> d.w"],
        {"p": ["a", "b"], "q": ["c"]},
    ),
    "long names": lambda: make_plan(
        ["a" * 80 + ".y -> " + "b" * 80 + ".x"], {"p" * 90: ["a" * 80], "q" * 90: ["b" * 80]}
    ),
    "four users": lambda: users(4),
    "hundred blocks": hundred,
    "hostile": hostile,
    "arn_link": lambda: load("arn_link"),
}


@pytest.fixture(params=PLANS)
def plan(request: pytest.FixtureRequest) -> Plan:
    """Each of the plans in turn."""
    return PLANS[request.param]()


@pytest.fixture(name="make_plan")
def make_plan_fixture() -> Callable[..., Plan]:
    """The function that makes a plan from the texts of its edges."""
    return make_plan


@pytest.fixture
def hostile_plan() -> Plan:
    """Blocks whose names mean something to XML, Mermaid or a terminal."""
    return hostile()
