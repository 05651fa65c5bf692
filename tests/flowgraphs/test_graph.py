"""Graphs: blocks made, wiring and item types checked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from semradio.blocks.api import (
    Array,
    Block,
    Input,
    ItemType,
    ModelError,
    Output,
    RateBlock,
    Sink,
    Source,
    StreamBlock,
    SyncBlock,
    parameter,
)
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.ordering import in_order
from semradio.flowgraphs.plan import BlockPlan, EdgePlan, FlowgraphError, Location, Plan


class Begin(Source):
    """Gives float32 values."""

    made = 0
    y = Output("float32[4]")
    z = Output("complex64")

    def configure(self) -> None:
        type(self).made += 1

    def work(self, n: int, at: int) -> tuple[Array, Array]:
        return np.zeros((n, 4), np.float32), np.zeros(n, np.complex64)


class Pass(SyncBlock):
    """Hands on."""

    x = Input("float32[...] | float64")
    y = Output(like="x")

    def work(self, x: Array, at: int) -> Array:
        return x


class Both(SyncBlock):
    """Takes two of a kind."""

    a = Input("any[...]")
    b = Input("any[...]", like="a")
    c = Input("any[...]", optional=True)
    y = Output(like="a")

    def work(self, a: Array, b: Array, c: Array | None, at: int) -> Array:
        return a


class Half(RateBlock):
    """Gives one item for two."""

    x = Input("any[...]")
    y = Output(like="x")

    def rate(self) -> tuple[int, int]:
        return 2, 1

    def work(self, x: Array, at: int) -> Array:
        return x[::2]


class Some(StreamBlock):
    """Gives some items."""

    x = Input("any[...]")
    y = Output(like="x")

    def work(self, x: Array, at: int) -> Array:
        return x


class Named(SyncBlock):
    """Knows its ports from its model."""

    model: str = parameter("m", doc="Model.")

    def configure(self) -> None:
        if self.model == "missing":
            raise ModelError("no model 'missing'; 'semradio models' lists all")
        if self.model == "broken":
            raise ZeroDivisionError("oh")

    def input_ports(self) -> Sequence[Input]:
        port = Input("float32[4]")
        port.name = f"{self.model}.in"
        return (port,)

    def output_ports(self) -> Sequence[Output]:
        port = Output("float32[2]")
        port.name = f"{self.model}.out"
        return (port,)

    def work(self, x: Array, at: int) -> Array:
        return x[:, :2]


class End(Sink):
    """Takes anything."""

    x = Input("any[...]")

    def work(self, x: Array, at: int) -> None:
        return None


TYPES: dict[str, type[Block]] = {
    cls.__name__.lower(): cls for cls in (Begin, Pass, Both, Half, Some, Named, End)
}


@pytest.fixture(autouse=True)
def _types(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, cls in TYPES.items():
        monkeypatch.setattr(cls, "block_type", name)


def plan(blocks: dict[str, str], *edges: str, **parameters: dict[str, Any]) -> Plan:
    """A plan from ``name: type`` and ``a.y -> b.x``; its edges stand in lines 101, 102, ..."""
    found = Plan("t")
    for line, (name, kind) in enumerate(blocks.items(), 1):
        place = Location("t.yml", line, 3, f"  {name}: {kind}")
        found.blocks[name] = BlockPlan(name, kind, parameters.get(name, {}), place)
    for line, edge in enumerate(edges, 101):
        source, target = edge.split(" -> ")
        a, _, output = source.partition(".")
        b, _, input = target.partition(".")
        found.edges.append(EdgePlan(a, output, b, input, location=Location("t.yml", line, 5, edge)))
    return found


def graph(blocks: dict[str, str], *edges: str, **parameters: dict[str, Any]) -> Graph:
    return Graph(plan(blocks, *edges, **parameters), base_types=TYPES)


def faults(blocks: dict[str, str], *edges: str, **parameters: dict[str, Any]) -> list[str]:
    with pytest.raises(FlowgraphError) as caught:
        graph(blocks, *edges, **parameters)
    return [
        f"{p.location.line} {p.message}" if p.location else p.message for p in caught.value.problems
    ]


CHAIN = {"e": "end", "p": "pass", "b": "begin"}


def test_graph() -> None:
    made = graph(CHAIN, "b.y -> p.x", "p.y -> e.x")
    assert made.order == ["b", "p", "e"]
    assert list(made.blocks) == ["e", "p", "b"]
    assert made.blocks["p"].name == "p"
    assert made.edge_types == {
        "b.y -> p.x": ItemType("float32", (4,)),
        "p.y -> e.x": ItemType("float32", (4,)),
    }
    assert made.blocks["e"].input_types == {"x": ItemType("float32", (4,))}


def test_open_ports_are_filled_in() -> None:
    blocks = {"b": "begin", "n": "named", "e": "end"}
    start = plan(blocks, "b -> n", "n -> e")
    made = Graph(start, base_types=TYPES)
    assert [edge.label for edge in made.plan.edges] == ["b.y -> n.m.in", "n.m.out -> e.x"]
    assert made.edge_types["n.m.out -> e.x"] == ItemType("float32", (2,))
    assert start.edges[0].input == ""


def test_parameters_reach_the_block() -> None:
    made = graph({"b": "begin", "n": "named"}, "b -> n", n={"model": "other"})
    assert made.plan.edges[0].input == "other.in"


def test_without_places() -> None:
    found = Plan("t", blocks={"a": BlockPlan("a", "pass"), "b": BlockPlan("b", "pass")})
    with pytest.raises(FlowgraphError) as caught:
        Graph(found, base_types=TYPES)
    assert str(caught.value) == (
        "input 'x' of block 'a' is not connected\ninput 'x' of block 'b' is not connected\n2 errors"
    )


def test_blocks_that_exist_already() -> None:
    block = End(name="e")
    made = Graph(plan({"b": "begin", "e": "end"}, "b -> e"), base_types=TYPES, made={"e": block})
    assert made.blocks["e"] is block


def test_blocks_of_the_registry() -> None:
    made = Graph(plan({"b": "begin", "a": "awgn_channel"}, "b -> a"), base_types=TYPES)
    assert made.blocks["a"].block_type == "awgn_channel"


@pytest.mark.parametrize(
    ("blocks", "edges", "expected"),
    [
        ({"b": "begin", "x": "both"}, ["b -> x"], ["2 input 'b' of block 'x' is not connected"]),
        (
            {"b": "begin", "e": "end"},
            ["b -> e", "b.z -> e"],
            ["102 input 'x' of block 'e' is fed by 'b.y' already"],
        ),
        (
            {"b": "begin", "p": "pass"},
            ["b.z -> p"],
            ["101 b.z -> p.x: b.z gives complex64, p.x takes float32[...] | float64"],
        ),
        (
            {"b": "begin", "x": "both"},
            ["b.y -> x.a", "b.z -> x.b"],
            [
                (
                    "102 input 'b' of block 'x' must have the type of input 'a', float32[4], "
                    "not complex64"
                )
            ],
        ),
        (
            {"b": "begin", "p": "pass"},
            ["b.w -> p", "q -> p", "b -> p.v"],
            [
                "101 unknown output 'w' of block 'b'; outputs: y, z",
                "102 unknown block 'q'",
                "103 unknown input 'v' of block 'p'; inputs: x",
            ],
        ),
        ({"e": "end", "f": "end"}, ["e -> f"], ["101 block 'e' has no outputs", "1 input 'x' of"]),
        (
            {"p": "pass", "q": "pass"},
            ["p -> q", "q -> p"],
            ["102 blocks feed themselves in a circle: p -> q -> p"],
        ),
        ({"p": "pass"}, ["p -> p"], ["101 blocks feed themselves in a circle: p -> p"]),
        (
            {"b": "begin", "x": "both", "p": "pass", "q": "pass", "r": "pass"},
            ["b -> x.a", "p -> x.b", "x -> p", "q -> r", "r -> q"],
            [
                "102 blocks feed themselves in a circle: x -> p -> x",
                "105 blocks feed themselves in a circle: q -> r -> q",
            ],
        ),
        (
            {"b": "begin", "u": "unknown_type", "p": "pass"},
            ["b -> u", "u -> p"],
            ["2 block 'u': unknown block 'unknown_type'"],
        ),
    ],
)
def test_faults(blocks: dict[str, str], edges: list[str], expected: list[str]) -> None:
    found = faults(blocks, *edges)
    assert len(found) == len(expected)
    for fault in expected:
        assert any(f.startswith(fault) for f in found)


def test_blocks_that_cannot_be_made() -> None:
    found = faults(
        {"b": "begin", "n": "named", "m": "named", "e": "end", "p": "pass"},
        "b -> n", "n -> e", "b -> m",
        n={"model": "missing"}, m={"model": "broken"}, p={"enabld": False},
    )  # fmt: skip
    assert found == [
        "2 block 'n': no model 'missing'; 'semradio models' lists all",
        "3 block 'm' cannot be made: ZeroDivisionError: oh",
        "5 block 'p': no parameter 'enabld' (did you mean 'enabled'?); parameters: enabled",
    ]


def test_a_mismatch_is_not_followed_downstream() -> None:
    found = faults(
        {"b": "begin", "p": "pass", "q": "pass", "r": "pass", "e": "end"},
        "b.z -> p", "p -> q", "q -> r", "r -> e",
    )  # fmt: skip
    assert len(found) == 1


def test_copies_of_a_repeated_block_are_told_once() -> None:
    found = plan({"b": "begin", "p[0]": "pass", "p[1]": "pass"}, "b.z -> p[0]", "b.z -> p[1]")
    for edge in found.edges:
        edge.location = Location("t.yml", 9, 1)
    with pytest.raises(FlowgraphError) as caught:
        Graph(found, base_types=TYPES)
    assert len(caught.value.problems) == 1


# Rates -----------------------------------------------------------------------------------------


def test_inputs_of_different_rates() -> None:
    found = faults({"b": "begin", "h": "half", "x": "both"}, "b -> h", "b -> x.a", "h -> x.b")
    assert found == [
        (
            "103 inputs 'a' and 'b' of block 'x' get items at different rates: "
            "1 and 1/2 for each item of 'b.y'"
        )
    ]


@pytest.mark.parametrize("kind", ["some", "half", "pass"])
def test_rates_that_agree_or_are_not_known(kind: str) -> None:
    blocks = {"b": "begin", "h": kind, "i": kind, "x": "both"}
    graph(blocks, "b -> h", "b -> i", "h -> x.a", "i -> x.b")
    if kind != "half":
        graph({"b": "begin", "h": kind, "x": "both"}, "b -> h", "h -> x.a", "b -> x.b")


def test_a_lossy_edge_has_no_rate() -> None:
    found = plan({"b": "begin", "h": "half", "x": "both"}, "b -> h", "b -> x.a", "h -> x.b")
    found.edges[0].policy = "drop_oldest"
    Graph(found, base_types=TYPES)


# Parts -----------------------------------------------------------------------------------------


def test_part() -> None:
    whole = graph(CHAIN | {"f": "end"}, "b.y -> p.x", "p.y -> e.x", "b.z -> f.x")
    made = Begin.made
    part = Graph.part(whole.plan, ["e", "p"], whole.edge_types, base_types=TYPES)
    assert Begin.made == made
    assert part.order == ["p", "e"]
    assert set(part.blocks) == {"p", "e"}
    assert part.plan is whole.plan
    assert part.edge_types == whole.edge_types
    assert part.blocks["e"].input_types == {"x": ItemType("float32", (4,))}


def test_only_what_some_blocks_need_is_made() -> None:
    blocks = {"b": "begin", "p": "pass", "e": "end", "n": "named", "o": "end"}
    edges = ["b.y -> p.x", "p.y -> e.x", "b.y -> n.m.in", "n.m.out -> o.x"]
    whole = graph(blocks, *edges)
    made = Graph(plan(blocks, *edges), base_types=TYPES, only=["p"])
    assert list(made.blocks) == ["b", "p"]
    assert made.order == ["b", "p"]
    # Of the other edges the places are known, as everywhere.
    assert made.plan == whole.plan
    known = {label for label in whole.edge_types if not label.startswith("n.")}
    assert made.edge_types == {label: whole.edge_types[label] for label in known}


def test_what_names_a_port_is_made_too() -> None:
    blocks = {"b": "begin", "n": "named", "e": "end"}
    whole = graph(blocks, "b.y -> n", "n -> e.x")
    made = Graph(plan(blocks, "b.y -> n", "n -> e.x"), base_types=TYPES, only=["b"])
    assert made.plan == whole.plan
    assert set(made.blocks) == {"b", "n"}


def test_faults_of_what_is_not_needed_are_left_to_others() -> None:
    blocks = {"b": "begin", "p": "pass", "n": "named", "e": "end"}
    edges = ["b.y -> p.x", "p.y -> n.m.in", "n.m.out -> e.x"]
    wrong = plan(blocks, *edges, n={"model": "missing"})
    Graph(wrong, base_types=TYPES, only=["p"])
    for wanted in ("n", "e"):
        with pytest.raises(FlowgraphError, match="block 'n': no model 'missing'"):
            Graph(wrong, base_types=TYPES, only=[wanted])
    with pytest.raises(FlowgraphError, match="in a circle"):
        Graph(plan({**blocks, "q": "pass"}, *edges, "q.y -> q.x"), base_types=TYPES, only=["b"])
    with pytest.raises(FlowgraphError, match=r"fed by 'n\.m\.out' already"):
        Graph(plan(blocks, *edges, "p.y -> e.x"), base_types=TYPES, only=["b"])


def test_part_that_cannot_be_made() -> None:
    whole = graph({"b": "begin", "n": "named"}, "b -> n")
    whole.plan.blocks["n"].parameters["model"] = "missing"
    with pytest.raises(FlowgraphError, match="block 'n': no model 'missing'"):
        Graph.part(whole.plan, ["n"], whole.edge_types, base_types=TYPES)


def test_plan_travels_as_json() -> None:
    whole = graph(CHAIN, "b.y -> p.x", "p.y -> e.x")
    read = msgspec.json.decode(msgspec.json.encode(whole.plan), type=Plan)
    assert read == whole.plan
    assert read.blocks["e"].location is not None
    assert read.blocks["e"].location.text == "  e: end"


# Order -----------------------------------------------------------------------------------------


def test_in_order() -> None:
    assert in_order({"c": ["b"], "b": ["a"], "a": []}) == (["a", "b", "c"], [])
    order, circles = in_order({"a": ["b"], "b": ["a"], "c": ["c"], "d": ["a"]})
    assert sorted(order) == ["a", "b", "c", "d"]
    assert sorted(len(c) for c in circles) == [2, 3]


def test_the_language_is_light() -> None:
    code = (
        "import sys, json; from semradio.flowgraphs.language import load; load('arn_link');"
        "import semradio.flowgraphs.graph;"
        "print(json.dumps([m for m in ('torch', 'onnxruntime', 'zmq') if m in sys.modules]))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == []
