"""Variables, parameters and overrides, and the messages about them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from semradio.flowgraphs.language import load
from semradio.flowgraphs.plan import FlowgraphError

Faults = Callable[..., list[str]]

RAMP = "flowgraph: t\nblocks:\n  a: {block: ramp}\n"
CHAIN = """\
flowgraph: chain
variables:
  n: 3
  total: ${2 * n}
blocks:
  a: {block: ramp, items: "${total}"}
  b: {block: gain, factor: 2}
  c: {block: take}
connections:
  - a -> b -> c
"""


def variables(text: str, *overrides: str) -> dict[str, Any]:
    return load(f"{RAMP}variables:\n{text}", overrides).variables


def test_variables_in_any_order() -> None:
    text = "  c: ${a + b}\n  b: ${2 * a}\n  a: 1.5\n  d: a is ${a}, b is ${b}, on is ${a > 1}\n"
    assert variables(text) == {
        "c": 4.5,
        "b": 3.0,
        "a": 1.5,
        "d": "a is 1.5, b is 3.0, on is true",
    }


def test_one_expression_keeps_its_type() -> None:
    found = variables("  a: ${1 == 1}\n  b: '${[0]}'\n".replace("${[0]}", "${l[0]}") + "  l: [7]\n")
    assert found["a"] is True
    assert found["b"] == 7


def test_expressions_inside_lists_and_mappings() -> None:
    found = variables('  n: 2\n  l: ["${n}", {k: "${n + 1}"}, "x${n}"]\n  m: ${l[0]}\n')
    assert found["l"] == [2, {"k": 3}, "x2"]
    assert found["m"] == 2


def test_escape() -> None:
    assert variables("  a: $${b}\n") == {"a": "${b}"}


def test_cycle_of_variables_is_one_problem(faults: Faults) -> None:
    text = f"variables:\n  a: ${{b}}\n  b: ${{c}}\n  c: ${{a}}\n  d: ${{a}}\n  e: ${{e}}\n{RAMP}"
    found = faults(text)
    assert len(found) == 2
    assert found[0].startswith("2:6 variables that need each other: ")
    assert found[1] == "6:6 variables that need each other: e -> e"


def test_unknown_variable_is_told_once(faults: Faults) -> None:
    text = (
        f"variables:\n  snr_db: 3\n  a: ${{snr_bd}}\n  b: ${{a}}\n  c: ['${{a}}', '${{b}}']\n{RAMP}"
    )
    assert faults(text) == [
        "3:6 unknown variable 'snr_bd' (did you mean 'snr_db'?); variables: snr_db, a, b, c"
    ]


@pytest.mark.parametrize("name", ["min", "and", "true", "a-b", "2a"])
def test_names_that_no_variable_may_have(name: str, faults: Faults) -> None:
    (found,) = faults(f"variables:\n  {name}: 1\n{RAMP}")
    assert found.startswith(f"2:3 '{name}' ")


def test_text_that_grows_without_end(faults: Faults) -> None:
    lines = "  a0: xxxxxxxxxx\n" + "".join(
        f"  a{k}: ${{a{k - 1}}}${{a{k - 1}}}\n" for k in range(1, 60)
    )
    found = faults(f"variables:\n{lines}{RAMP}")
    assert len(found) == 1
    assert "the text is too long" in found[0]


def test_lists_that_grow_without_end(faults: Faults) -> None:
    lines = "  a0: [1]\n" + "".join(
        f"  a{k}: ['${{a{k - 1}}}', '${{a{k - 1}}}']\n" for k in range(1, 60)
    )
    found = faults(f"variables:\n{lines}{RAMP}")
    assert len(found) == 1
    assert "more than 100000 values" in found[0]


def test_list_in_text(faults: Faults) -> None:
    assert faults(f"variables:\n  l: [1]\n  t: x ${{l}}\n{RAMP}") == [
        "3:6 'l' is list, which has no place in a text"
    ]


# Parameters ------------------------------------------------------------------------------------


def block(entry: str) -> str:
    return f"flowgraph: t\nblocks:\n  r: {{block: ramp}}\n  a: {entry}\nconnections: [r -> a]\n"


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (
            "{block: gain, factr: 2}",
            (
                "4:20 unknown parameter 'factr' of block 'a' (did you mean 'factor'?); "
                "parameters: enabled, factor, mode, table"
            ),
        ),
        (
            "{block: gain, mode: fat}",
            (
                "4:26 parameter 'mode' of block 'a' must be one of fast, exact, not 'fat' "
                "(did you mean 'fast'?)"
            ),
        ),
        ("{block: gain, factor: 0}", "4:28 parameter 'factor' of block 'a' must be above 0"),
        (
            "{block: gain, factor: '3'}",
            "4:28 parameter 'factor' of block 'a' must be float, not '3'",
        ),
        ("{block: gain, table: [1, x]}", "4:27 parameter 'table' of block 'a' must be"),
        ("{block: gain, table: ['${q}']}", "4:28 unknown variable 'q'; variables: none"),
        ("{block: gan}", "4:14 unknown block 'gan' (did you mean 'gain'?)"),
        ("{factor: 2}", "4:6 block 'a' has no type: add 'block: TYPE'"),
        ("{block: 3}", "4:14 the type of block 'a' must be a name, not 3"),
        ("gain", "4:6 block 'a' must be a mapping such as {block: TYPE}, not 'gain'"),
        ("", "4:3 block 'a' must be a mapping such as {block: TYPE}, not nothing"),
        ("{block: model}", "4:3 parameter 'model' of block 'a' is required: Name of the model."),
        ("{block: model, model: missing}", "4:3 block 'a': no model 'missing'"),
    ],
)
def test_parameter_faults(entry: str, fault: str, faults: Faults) -> None:
    text = block(entry)
    if "missing" in entry:
        text += "chunk: 0\n"  # any problem of the file makes the deeper ones show as well
        assert fault in faults(text)
        return
    (found,) = faults(text)
    column = "" if fault[2:4] != "6 " else found
    assert found.startswith(fault) or column.startswith(fault.replace("4:6", "4:3"))


def test_problem_shows_the_line(tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    file.write_text(block("{block: gain, factor: ten}"))
    with pytest.raises(FlowgraphError) as caught:
        load(file)
    assert str(caught.value) == (
        f"{file}:4:28: parameter 'factor' of block 'a' must be float, not 'ten' (str)\n"
        "      a: {block: gain, factor: ten}\n"
        "                               ^"
    )


@pytest.mark.parametrize("name", ["1a", "a b", "a.b", "a/", "ä!"])
def test_block_names(name: str, faults: Faults) -> None:
    (found,) = faults(f"flowgraph: t\nblocks:\n  '{name}': {{block: ramp}}\n")
    assert found.startswith(f"3:3 '{name}' is not a block name")


def test_block_type_from_a_variable() -> None:
    plan = load("flowgraph: t\nvariables: {kind: ramp}\nblocks:\n  a: {block: '${kind}'}\n")
    assert plan.blocks["a"].type == "ramp"


def test_all_problems_at_once_and_no_echo(faults: Faults) -> None:
    text = """\
flowgraph: t
variables: {n: "${m}"}
blocks:
  a: {block: ramp, items: "${n}", wide: 2}
  b: {block: gainn}
  c: {block: compare}
  d: {block: take}
connections:
  - a.z -> b.q -> c.received
  - b.u -> nowhere
  - a -> c.refrence
processes:
  p: [a, b]
  q: [c, b, dd]
"""
    assert faults(text) == [
        "2:16 unknown variable 'm'; variables: n",
        (
            "4:35 unknown parameter 'wide' of block 'a' (did you mean 'width'?); "
            "parameters: enabled, items, width"
        ),
        "5:14 unknown block 'gainn' (did you mean 'gain'?); 'semradio blocks' lists all",
        "7:3 input 'x' of block 'd' is not connected",
        "9:5 unknown output 'z' of block 'a'; outputs: y, label",
        "10:12 unknown block 'nowhere'",
        (
            "11:10 unknown input 'refrence' of block 'c' (did you mean 'reference'?); "
            "inputs: received, reference, extra"
        ),
        "14:10 block 'b' is in process 'p' already",
        "14:13 unknown block 'dd' (did you mean 'd'?)",
    ]


# Overrides -------------------------------------------------------------------------------------


def test_nothing_is_empty_text_where_text_stood() -> None:
    assert variables("  a: x\n  b: 1\n", "a=", "b=") == {"a": "", "b": None}
    assert variables("  a: x\n", "a=null") == {"a": None}
    text = """
flowgraph: nothing
blocks:
  source: {block: zeromq_pull_source, pass_tags: true, end_tag: end}
  sink:   {block: null_sink}
connections: [source -> sink]
"""
    plan = load(text, ["source.end_tag=", "source.items="])
    assert plan.blocks["source"].parameters["end_tag"] == ""
    assert plan.blocks["source"].parameters["items"] is None


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("n=4", 4),
        ("n=4.5", 4.5),
        ("n=true", True),
        ("n=text", "text"),
        ("n='4'", "4"),
        ("n=[1, 2]", [1, 2]),
        ("n={k: 1}", {"k": 1}),
        ("n=${total + 1}", 8),
        ("n=a: b", "a: b"),
        ("n=- a", "- a"),
        ("n=#fff", "#fff"),
        ("n=a=b", "a=b"),
        ("n=", None),
        ("n = -5", -5),
    ],
)
def test_override_of_a_variable(override: str, value: Any) -> None:
    assert variables("  n: 1\n  total: 7\n", override)["n"] == value


def test_override_changes_what_follows() -> None:
    plan = load(CHAIN, ["n=5", "b.factor=${n + 1}", "b.mode=exact", "c.block=take"])
    assert plan.variables == {"n": 5, "total": 10}
    assert plan.blocks["a"].parameters == {"items": 10}
    assert plan.blocks["b"].parameters == {"factor": 6, "mode": "exact"}


def test_last_override_wins() -> None:
    assert load(CHAIN, ["n=5", "n=6"]).variables["n"] == 6
    assert load(CHAIN, ["b.factor=5", "b.factor=6"]).blocks["b"].parameters["factor"] == 6


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        (
            "totl=4",
            "1:1 unknown name 'totl' (did you mean 'total'?); variables: n, total; blocks: a, b, c",
        ),
        ("b=4", "1:1 'b' is a block: write b.PARAMETER=VALUE"),
        ("bb.factor=4", "1:4 unknown block 'bb' (did you mean 'b'?)"),
        (
            "b.fator=4",
            (
                "1:3 unknown parameter 'fator' of block 'b' (did you mean 'factor'?); "
                "parameters: enabled, factor, mode, table"
            ),
        ),
        ("b.factor=-1", "1:10 parameter 'factor' of block 'b' must be above 0, not -1"),
        ("n", "1:1 'n' is not NAME=VALUE or BLOCK.PARAM=VALUE"),
        ("=3", "1:1 '=3' is not NAME=VALUE or BLOCK.PARAM=VALUE"),
        ("a.b.c=3", "1:1 'a.b.c=3' is not NAME=VALUE or BLOCK.PARAM=VALUE"),
        ("n=@x", "1:3 '@x' is not a YAML value: put it in quotes"),
        ("n=!!python/name:os.x a", "1:3 '!!python/name:os.x a' is not a YAML value"),
        ("n=${9**9**9}", "1:3 '9**9**9' has no value: the number is too large"),
    ],
)
def test_override_faults(override: str, fault: str, faults: Faults) -> None:
    (found,) = faults(CHAIN, override)
    assert found.startswith(fault)


def test_override_problem_shows_the_override() -> None:
    with pytest.raises(FlowgraphError) as caught:
        load(CHAIN, ["n=3", "b.factor=ten"])
    assert str(caught.value) == (
        "<override>:2:10: parameter 'factor' of block 'b' must be float, not 'ten' (str)\n"
        "    b.factor=ten\n"
        "             ^"
    )


# Code ------------------------------------------------------------------------------------------

OWN = '''
from semradio.blocks.api import Source, block, Output
@block("own_source", category="sources")
class OwnSource(Source):
    """Mine."""
    y = Output("float32")
'''


def test_code_needs_leave(faults: Faults, folder: Callable[..., Path]) -> None:
    text = "flowgraph: t\ncode: [own.py]\nblocks:\n  a: {block: own_source}\n"
    file = folder(a__yml=text, own__py="raise SystemExit\n")
    assert faults(file) == [
        "2:8 'own.py' is Python code, which runs only when allowed: pass --allow-code"
    ]


def test_code(folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from semradio.blocks.api import registry

    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    text = "flowgraph: t\ncode: [own.py]\nblocks:\n  a: {block: own_source}\n"
    file = folder(a__yml=text, own__py=OWN)
    plan = load(file, allow_code=True)
    assert plan.blocks["a"].type == "own_source"
    assert plan.code == [str(file.parent.resolve() / "own.py")]


def test_code_that_fails(faults: Faults, folder: Callable[..., Path]) -> None:
    text = "flowgraph: t\ncode: [own.py, none.py, 3]\nblocks:\n  a: {block: own_source}\n"
    file = folder(a__yml=text, own__py="1 / 0\n")
    found = faults(file, allow_code=True)
    assert len(found) == 3
    assert "ZeroDivisionError" in found[0]
    assert "no Python file" in found[1]
    assert found[2] == "2:25 'code' lists Python files, not 3"


def test_blocks_that_run_code(faults: Faults) -> None:
    text = block("{block: function, call: 'nothing:here'}")
    assert faults(text) == [
        (
            "4:14 blocks of type 'function' run Python code, which runs only when allowed: "
            "pass --allow-code"
        )
    ]
    assert load(text, allow_code=True).blocks["a"].type == "function"
