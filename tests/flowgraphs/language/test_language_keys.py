"""A key of an edge, a process or a block is one declaration; all that deals with it follows."""

from __future__ import annotations

import ast
import inspect
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jsonschema
import pytest

import semradio.flowgraphs
from semradio.blocks.api import registry
from semradio.flowgraphs import keys
from semradio.flowgraphs.flowgraph import Flowgraph
from semradio.flowgraphs.keys import Choice, Whole, given, key, keys_of
from semradio.flowgraphs.language import (
    connection,
    document,
    dump,
    expansion,
    load,
    loading,
    process,
    schema,
    wiring,
)
from semradio.flowgraphs.language import schema as schema_function
from semradio.flowgraphs.plan import BlockPlan, EdgePlan, FlowgraphError, Plan, ProcessPlan
from semradio.flowgraphs.show import scheme

FOLDER = Path(inspect.getfile(semradio.flowgraphs)).parent

PAGE = Path(__file__).parents[3] / "docs" / "language.md"

PLANS = (BlockPlan, EdgePlan, ProcessPlan, Plan)

LINK = """
flowgraph: link
pace: slow
chunk: 9
blocks:
  a: {block: null_source, type: float32, items: 3, mood: "${'calm'}"}
  b: {block: null_sink}
connections:
  - {connect: a -> b, queue: 7, lane: "${1 + 1}", colour: deep_blue}
processes:
  all: {blocks: [a, b], rank: 3}
"""


@dataclass(slots=True)
class WiderBlock(BlockPlan):
    """A block entry with a key more."""

    mood: str = key("plain", Choice(("plain", "calm")), "How it feels.")


@dataclass(slots=True)
class WiderEdge(EdgePlan):
    """A connection with two keys more."""

    lane: int = key(1, Whole(), "Which lane of the road.")
    colour: str = key("red", Choice(("red", "deep_blue")), "In which colour.")


@dataclass(slots=True)
class WiderProcess(ProcessPlan):
    """A process with a key more."""

    rank: int | None = key(None, Whole(), "Which is first.")


@dataclass(slots=True)
class WiderPlan(Plan):
    """A flowgraph with a key more."""

    pace: str = key("brisk", Choice(("brisk", "slow")), "How fast it goes.")


@pytest.fixture
def wider(monkeypatch: pytest.MonkeyPatch) -> None:
    """The language, with plans that declare more keys, and nothing else changed."""
    language_schema = inspect.getmodule(schema_function)
    for module in (
        connection,
        document,
        loading,
        wiring,
        process,
        expansion,
        language_schema,
        scheme,
    ):
        for plan, more in zip(PLANS, (WiderBlock, WiderEdge, WiderProcess, WiderPlan), strict=True):
            if hasattr(module, plan.__name__):
                monkeypatch.setattr(module, plan.__name__, more)
    # What a module makes of the declarations once, when it is imported.
    monkeypatch.setattr(connection, "KEYS", ("connect", *keys_of(WiderEdge)))
    monkeypatch.setattr(document, "KEYS", (*document.KEYS, "pace"))
    monkeypatch.setattr(process, "KEYS", ("blocks", *keys_of(WiderProcess), *process.SHORT))


@pytest.mark.usefixtures("wider")
def test_a_declared_key_is_read_and_written_again() -> None:
    plan = load(LINK)
    (edge,) = plan.edges
    assert given(edge) == {"queue": 7, "lane": 2, "colour": "deep_blue"}
    assert given(plan.blocks["a"]) == {"mood": "calm"}
    assert plan.blocks["a"].parameters == {"type": "float32", "items": 3}
    assert given(plan.processes["all"]) == {"rank": 3}
    assert given(plan) == {"chunk": 9, "pace": "slow"}
    text = dump(plan)
    assert "{connect: a.y -> b.x, queue: 7, lane: 2, colour: deep_blue}" in text.replace('"', "")
    again = load(text)
    assert [given(edge) for edge in again.edges] == [given(edge)]
    assert given(again.blocks["a"]) == {"mood": "calm"}
    assert given(again.processes["all"]) == {"rank": 3}
    assert given(again) == {"chunk": 9, "pace": "slow"}


@pytest.mark.usefixtures("wider")
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('lane: "${1 + 1}"', "lane: 0", "'lane' must be a whole number from 1 on, not 0"),
        ("deep_blue", "deep_bleu", "'colour' must be one of red, deep_blue, not 'deep_bleu' (did"),
        ("rank: 3", "rank: x", "'rank' must be a whole number from 1 on, not 'x'"),
        ("lane:", "lone:", "unknown key 'lone' (did you mean 'lane'?) of a connection; keys: "),
        ("rank:", "rink:", "unknown key 'rink' (did you mean 'rank'?) of process 'all'; keys: "),
        ("pace: slow", "pace: fast", "'pace' must be one of brisk, slow, not 'fast'"),
        ("${'calm'}", "wild", "'mood' must be one of plain, calm, not 'wild'"),
    ],
)
def test_a_declared_key_is_checked(old: str, new: str, message: str) -> None:
    assert old in LINK
    with pytest.raises(FlowgraphError) as error:
        load(LINK.replace(old, new))
    assert message in str(error.value)


@pytest.mark.usefixtures("wider")
def test_editors_know_a_declared_key() -> None:
    text = {
        "flowgraph": "x",
        "pace": "slow",
        "blocks": {"a": {"block": "null_source", "type": "int8", "items": 1, "mood": "calm"}},
        "connections": [{"connect": "a -> b", "lane": 2, "colour": "red"}],
        "processes": {"p": {"blocks": ["a"], "rank": 1}},
    }
    found = schema()
    jsonschema.Draft202012Validator.check_schema(found)
    validator = jsonschema.Draft202012Validator(found)
    validator.validate(text)
    assert "Which lane of the road." in json.dumps(found)
    for wrong in ({"lane": 0}, {"colour": "pink"}, {"lone": 1}):
        bad = {**text, "connections": [{"connect": "a -> b", **wrong}]}
        with pytest.raises(jsonschema.ValidationError):
            validator.validate(bad)


@pytest.mark.usefixtures("wider")
def test_drawings_show_a_declared_key() -> None:
    (edge,) = load(LINK).edges
    assert scheme._note(edge) == "deep blue, queue 7, lane 2"


PLACES = {
    "policy": {
        "plan.py": "declared",
        "flowgraph.py": "an argument of Flowgraph.connect",
        "graph.py": "where items may be dropped, counts say nothing any more",
    },
    "queue": {"plan.py": "declared", "flowgraph.py": "an argument of Flowgraph.connect"},
}
"""Where a key of an edge is named outside of the runtime, and what for."""


@pytest.mark.parametrize("name", PLACES)
def test_where_a_key_of_an_edge_is_named(name: str) -> None:
    assert name in keys_of(EdgePlan)
    found = {
        str(file.relative_to(FOLDER))
        for file in FOLDER.rglob("*.py")
        if file.relative_to(FOLDER).parts[0] not in ("runtime", "gnuradio", "control")
        and _names(_tree(file), name)
    }
    assert found == set(PLACES[name])


@cache
def _tree(file: Path) -> ast.AST:
    return ast.parse(file.read_text(encoding="utf-8"))


def _names(tree: ast.AST, name: str) -> bool:
    """Whether code names a field, an argument, or a key: not the module of that name."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=found) | ast.Constant(value=found) if found == name:
                return True
            case ast.arg(arg=found) | ast.keyword(arg=found) if found == name:
                return True
            case ast.AnnAssign(target=ast.Name(id=found)) if found == name:
                return True
    return False


def test_python_takes_the_keys_of_an_edge() -> None:
    taken = inspect.signature(Flowgraph.connect).parameters
    assert set(keys_of(EdgePlan)) == {n for n, p in taken.items() if p.kind is p.KEYWORD_ONLY}
    for name, declared in keys_of(EdgePlan).items():
        assert taken[name].default == declared.default


def test_python_takes_the_keys_of_a_process() -> None:
    taken = inspect.signature(Flowgraph.process).parameters
    assert set(keys_of(ProcessPlan)) == {n for n, p in taken.items() if p.kind is p.KEYWORD_ONLY}
    for name, declared in keys_of(ProcessPlan).items():
        assert taken[name].default == declared.default


def test_no_parameter_of_a_block_hides_behind_a_key_of_its_entry() -> None:
    hidden = [
        f"{name}.{parameter}"
        for name in registry.names()
        for parameter in registry.find(name).parameters
        if parameter in keys_of(BlockPlan) or parameter == "block"
    ]
    assert hidden == []


def test_every_key_is_in_the_language_reference() -> None:
    text = PAGE.read_text(encoding="utf-8")
    names = {name for plan in PLANS for name in keys_of(plan)} | set(process.SHORT)
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


def test_defaults_are_not_given() -> None:
    assert given(EdgePlan("a", "y", "b", "x")) == {}
    assert given(EdgePlan("a", "y", "b", "x", policy="drop_oldest")) == {"policy": "drop_oldest"}
    assert keys.keys_of(EdgePlan)["queue"].doc == "Capacity in items."
