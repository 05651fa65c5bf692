"""Reading files: YAML faults, and what is no flowgraph at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from semradio.flowgraphs.language import load
from semradio.flowgraphs.plan import FlowgraphError

Faults = Callable[..., list[str]]

HEAD = "flowgraph: t\nblocks:\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: [1, 2\nb: 3\n", 2, "not readable as YAML"),
        ("a:\n\tb: 1\n", 2, "YAML is indented with spaces"),
        ("a: b: c\n", 1, "text with ': ' in it needs quotes"),
        ("a: {x: ${y}}\n", 1, 'write expressions in quotes: "${name}"'),
        ("a: [x[k]]\n", 1, 'write names with brackets in quotes: "name[k]"'),
        ("a: *nothing\n", 1, "undefined alias"),
        ("--- a\n--- b\n", 2, "another document"),
        ("a: \x01\n", 1, "control character"),
        ("\n", 1, "the file is empty"),
        ("# only a comment\n", 1, "the file is empty"),
        ("- a\n- b\n", 1, "a flowgraph is a mapping of keys to values, not a list"),
        ("just\n  text\n", 1, "a flowgraph is a mapping of keys to values, not 'just text'"),
        ("a: " + "[\n" * 3000, 1, "nested too deeply"),
    ],
)
def test_no_yaml(text: str, line: int, message: str, faults: Faults) -> None:
    (found,) = faults(text)
    assert found.startswith(f"{line}:")
    assert message in found


def test_syntax_error_shows_the_place(tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    file.write_text("flowgraph: t\nblocks: {a: {block: ${x}}}\n")
    with pytest.raises(FlowgraphError) as caught:
        load(file)
    shown = str(caught.value).splitlines()
    assert shown[0].startswith(f"{file}:2:22: not readable as YAML")
    assert shown[1:] == ["    blocks: {a: {block: ${x}}}", "    " + " " * 21 + "^"]


def test_missing_file(faults: Faults, tmp_path: Path) -> None:
    path = tmp_path / "nothing.yml"
    assert faults(path) == [f"no file '{path}'"]


def test_folder(faults: Faults, tmp_path: Path) -> None:
    assert faults(tmp_path) == [f"'{tmp_path}' is a folder, not a flowgraph file"]


def test_not_utf8(faults: Faults, tmp_path: Path) -> None:
    path = tmp_path / "latin.yml"
    path.write_bytes("flowgraph: t\ndoc: grün\n".encode("latin-1"))
    assert faults(path) == ["2:8 the file is not UTF-8 text: byte 0xfc"]


def test_too_large(faults: Faults, tmp_path: Path) -> None:
    path = tmp_path / "large.yml"
    path.write_bytes(b"#" * 5_000_000)
    assert faults(path) == [f"'{path}' is too large for a flowgraph file"]


def test_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    path = tmp_path / "windows.yml"
    path.write_bytes(b"\xef\xbb\xbfflowgraph: t\r\nblocks:\r\n  a: {block: ramp}\r\n")
    location = load(path).blocks["a"].location
    assert location is not None
    assert (location.line, location.column, location.text) == (3, 3, "  a: {block: ramp}")


def test_unicode(faults: Faults) -> None:
    plan = load("flowgraph: Grüße 😀\nblocks:\n  größe: {block: ramp}\n")
    assert plan.name == "Grüße 😀"
    assert list(plan.blocks) == ["größe"]


def test_duplicate_keys(faults: Faults) -> None:
    text = HEAD + "  a: {block: ramp, items: 1, items: 2}\n  a: {block: ramp}\nblocks: {}\n"
    assert faults(text) == [
        "3:30 duplicate key 'items' (first in line 3)",
        "4:3 duplicate key 'a' (first in line 3)",
        "5:1 duplicate key 'blocks' (first in line 2)",
    ]


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system [true]",
        "!!python/name:os.system x",
        "!include other.yml",
        "!!binary aGk=",
        "!!set {a, b}",
    ],
)
def test_tags_make_nothing(value: str, faults: Faults) -> None:
    (found,) = faults(f"variables:\n  v: {value}\n{HEAD}  a: {{block: ramp}}\n")
    assert found.startswith("2:6 the YAML tag")


def test_plain_values() -> None:
    plan = load(
        "variables: {a: 0x1F, b: 1e3, c: yes, d: 2020-01-01, e: ~, f: 0o17, g: 1_000, h: -.inf,\n"
        f"  i: '5', j: 007, k: True, l: !!str 5, m: [1, {{n: 2}}]}}\n{HEAD}  a: {{block: ramp}}\n"
    )
    assert plan.variables == {
        "a": 31,
        "b": 1000.0,
        "c": "yes",
        "d": "2020-01-01",
        "e": None,
        "f": 15,
        "g": 1000,
        "h": float("-inf"),
        "i": "5",
        "j": 7,
        "k": True,
        "l": "5",
        "m": [1, {"n": 2}],
    }
    assert type(plan.variables["b"]) is float
    assert type(plan.variables["d"]) is str


def test_aliases_and_merged_mappings() -> None:
    plan = load(
        HEAD + "  a: &a {block: ramp, items: 3, width: 2}\n"
        "  b: {<<: *a, items: 4}\n  c: {<<: [{width: 7}, *a]}\n"
    )
    assert plan.blocks["b"].parameters == {"width": 2, "items": 4}
    assert plan.blocks["c"].parameters == {"width": 7, "items": 3}


def test_value_that_holds_itself(faults: Faults) -> None:
    (found,) = faults(f"variables:\n  v: &v [*v]\n{HEAD}  a: {{block: ramp}}\n")
    assert found == "2:6 a value that holds itself"


def test_aliases_of_aliases(faults: Faults) -> None:
    lines = ["  a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"  a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 9)]
    (found,) = faults("variables:\n" + "\n".join(lines) + f"\n{HEAD}  a: {{block: ramp}}\n")
    assert "aliases of aliases" in found


def test_top_level_faults(faults: Faults) -> None:
    text = (
        "variabls: {a: 1}\nblock: {}\nconnections: a -> b\nvariables: [1]\nchunk: many\ndoc: [1]\n"
    )
    keys = "keys: flowgraph, doc, variables, parameters, inputs, outputs, indices, blocks, "
    keys += (
        "processes, view, connections, chunk, security, checkpoint, restart, restart_within, code"
    )
    assert faults(text) == [
        f"1:1 unknown key 'variabls' (did you mean 'variables'?); {keys}",
        "1:1 a flowgraph needs a name: 'flowgraph: NAME'",
        f"2:1 unknown key 'block' (did you mean 'blocks'?); {keys}",
        "3:14 'connections' must be a list, not 'a -> b'",
        "4:12 'variables' must be a mapping of names, not a list",
        "5:8 'chunk' must be a whole number from 1 on, not 'many'",
        "6:6 'doc' must be text, not a list",
    ]


@pytest.mark.parametrize("blocks", ["", "blocks:\n", "blocks: {}\n"])
def test_no_blocks(blocks: str, faults: Faults) -> None:
    (found,) = faults(f"flowgraph: t\n{blocks}")
    assert found == "1:1 a flowgraph needs blocks: 'blocks: {NAME: {block: TYPE}}'"


def test_top_level_values() -> None:
    plan = load(
        f"{HEAD}  a: {{block: ramp}}\nvariables: {{n: 4}}\nchunk: ${{2 * n}}\ndoc: a ${{n}}\n"
    )
    assert (plan.name, plan.chunk, plan.doc, plan.file) == ("t", 8, "a 4", None)
