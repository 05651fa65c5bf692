"""Plans written as files, and read back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from semradio.flowgraphs.language import dump, find, load, shipped
from semradio.flowgraphs.plan import BlockPlan, EdgePlan, FlowgraphError, Plan, ProcessPlan


def bare(plan: Plan) -> Plan:
    """The plan without what a file cannot keep: places and its own name."""
    return replace(
        plan,
        file=None,
        blocks={name: replace(block, location=None) for name, block in plan.blocks.items()},
        edges=[replace(edge, location=None) for edge in plan.edges],
        processes={n: replace(p, location=None) for n, p in plan.processes.items()},
    )


def test_text() -> None:
    text = """\
flowgraph: demo
doc: |
  Two lines,
  both kept.
variables:
  gain: 2.0
  files: [a b, "no", ~]
blocks:
  # Where it starts.
  s: {block: ramp, items: 5}
  g[0]: {block: gain, factor: "${gain}"}   # twice
  n: {block: model, model: m}
  # Two lines of remarks
  # about the end.
  t:
    block: take
connections:
  - s -> g[0]
  - {connect: "g[0] -> n -> t", queue: 64, policy: drop_newest}  # may drop
processes:
  p: [s, "g[0]"]
  q: {blocks: [n, t], host: b.lan, port: 5555}  # the other host
chunk: 32
"""
    plan = load(text)
    expected = """\
flowgraph: demo
doc: |
  Two lines,
  both kept.
chunk: 32

variables:
  gain: 2.0
  files: ["a b", "no", null]

blocks:
  s: {block: ramp, items: 5}  # Where it starts.
  g[0]: {block: gain, factor: 2.0}  # twice
  n: {block: model, model: m}
  # Two lines of remarks
  # about the end.
  t: {block: take}

connections:
  - s.y -> g[0].x
  - {connect: "g[0].y -> n", queue: 64, policy: drop_newest}  # may drop
  - {connect: "n -> t.x", queue: 64, policy: drop_newest}

processes:
  p: [s, "g[0]"]
  q: {blocks: [n, t], bind: "tcp://0.0.0.0:5555", endpoint: "tcp://b.lan:5555"}  # the other host
"""
    assert dump(plan) == expected
    assert dump(load(expected)) == expected


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, 0, -5, 2**70, 0.1, -1e-30, 1e300, float("inf"), float("-inf"),
        "", " ", "a", "a b", "true", "Null", "no", "~", "12", "1e5", "0x10", "1_000", ".5", "-",
        "- a", "a: b", "#x", "a #b", "${x}", "$${x}", "${", "{", "[1]", "'", '"', "a'b\"c", "\\n",
        "two\nlines", "tab\tend",
        "größe 😀", "2020-01-01", "*a", "&a", "!a", "%a", "@a", "a,b",
        "a/b.c",
        [], {}, [1, [2.0, "x"]], {"a b": {"c": [None]}, "true": 1}, "\x85", "\u2028", "=", "<<",
    ],
)  # fmt: skip
def test_values_survive(value: Any) -> None:
    plan = Plan("t", variables={"v": value}, blocks={"a": BlockPlan("a", "model", {"model": "m"})})
    plan.blocks["a"].parameters["model"] = value if isinstance(value, str) else "m"
    read = load(dump(plan))
    assert read.variables["v"] == value
    assert type(read.variables["v"]) is type(value)
    assert read.blocks["a"].parameters == plan.blocks["a"].parameters


@pytest.mark.parametrize(
    "doc", ["one", "a: b", "two\nlines", "two\nlines\n", " led\nin", "a\n\n\nb"]
)
def test_docs_survive(doc: str) -> None:
    plan = Plan("a name", doc, blocks={"a": BlockPlan("a", "ramp")})
    assert load(dump(plan)).doc == doc


def test_plans_from_python() -> None:
    plan = Plan("t", chunk=4)
    plan.blocks = {n: BlockPlan(n, "model", {"model": "m:1 #2"}) for n in ("a", "x/y[3]")}
    plan.edges = [EdgePlan("a", "m:1 #2.out", "x/y[3]", "", policy="drop_oldest")]
    plan.processes = {
        "p": ProcessPlan("p", ["a", "x/y[3]"], "ipc:///tmp/x", "ipc:///tmp/x", [2, 0])
    }
    assert bare(load(dump(plan))) == plan


def test_expanded_files(folder: Callable[..., Path]) -> None:
    inner = (
        "flowgraph: i\ninputs: {x: g.x}\noutputs: {y: g}\nblocks:\n  g: {block: gain}  # inner\n"
    )
    outer = """\
flowgraph: o
indices: {k: 3}
blocks:
  s[k]: {block: ramp, items: "${k + 1}"}  # a user
  i[k]: {block: i.yml}
  t[k]: {block: take}
connections:
  - s[k] -> i[k] -> t[k]
processes:
  p[k]: ["s[k]", "i[k]", "t[k]"]
"""
    plan = load(folder(o__yml=outer, i__yml=inner))
    text = dump(plan)
    assert text.count("# a user") == 1
    assert text.count("# inner") == 1
    read = bare(load(text))
    for block in (*plan.blocks.values(), *read.blocks.values()):
        block.comment = ""
    assert read == bare(plan)


# Shipped flowgraphs ----------------------------------------------------------------------------


def test_shipped_flowgraphs_by_name() -> None:
    assert "arn_link" in shipped()
    assert find("arn_link") == shipped()["arn_link"]
    assert load("arn_link").name == "arn_link"
    # What others are made of is none by itself.
    assert "irsc_link" in shipped()
    assert not [path for path in shipped().values() if path.parent.name == "parts"]
    assert find("flowgraphs/arn_link.yml") == shipped()["arn_link"]
    with pytest.raises(FlowgraphError, match="no file 'elsewhere/arn_link"):
        find("elsewhere/arn_link.yml")


def test_files_go_before_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Callable[..., Path]
) -> None:
    folder(arn_link="flowgraph: mine\nblocks: {a: {block: ramp}}\n")
    monkeypatch.chdir(tmp_path)
    assert load("arn_link").name == "mine"


def test_unknown_name() -> None:
    with pytest.raises(
        FlowgraphError, match="no file 'arn_lnk' and no flowgraph of that name"
    ) as e:
        load("arn_lnk")
    assert "(did you mean 'arn_link'?); flowgraphs: " in str(e.value)
    with pytest.raises(FlowgraphError, match="did you mean 'arn_link'"):
        load("some/where/arn_link.yml")


def test_no_other_package_takes_the_name_of_a_shipped_flowgraph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, own = shipped(), find("arn_link")
    for name in ("arn_link", "of_another"):
        (tmp_path / f"{name}.yml").write_text("flowgraph: x\n")
    module = import_module("semradio.flowgraphs.language.shipped")
    monkeypatch.setattr(module, "folders", lambda: iter([tmp_path]))
    assert find("arn_link") == own
    assert shipped() == before | {"of_another": tmp_path / "of_another.yml"}
