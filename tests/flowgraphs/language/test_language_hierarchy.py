"""Flowgraph files used as blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from semradio.flowgraphs.language import load

Faults = Callable[..., list[str]]
Folder = Callable[..., Path]

TX = """\
flowgraph: transmitter
parameters:
  factor: 2.0
  mode: {default: fast, doc: How it multiplies.}
variables:
  twice: ${2 * factor}
inputs:
  x: [first.x, probe.x]
outputs:
  y: second
blocks:
  first: {block: gain, factor: "${factor}", mode: "${mode}"}
  second: {block: gain, factor: "${twice}"}
  probe: {block: take}
connections:
  - first -> second
"""

LINK = """\
flowgraph: link
variables: {level: 3.0}
blocks:
  source: {block: ramp}
  tx: {block: tx.yml, factor: "${level}"}
  sink: {block: take}
connections:
  - source -> tx -> sink
processes:
  near: [source, tx/first]
  far: [tx/second, tx/probe, sink]
"""


def test_expansion(folder: Folder) -> None:
    plan = load(folder(link__yml=LINK, tx__yml=TX))
    assert list(plan.blocks) == ["source", "tx/first", "tx/second", "tx/probe", "sink"]
    assert plan.blocks["tx/first"].parameters == {"factor": 3.0, "mode": "fast"}
    assert plan.blocks["tx/second"].parameters == {"factor": 6.0}
    assert [edge.label for edge in plan.edges] == [
        "tx/first.y -> tx/second.x",
        "source.y -> tx/first.x",
        "source.y -> tx/probe.x",
        "tx/second.y -> sink.x",
    ]
    location = plan.blocks["tx/first"].location
    assert location is not None
    assert (Path(location.file).name, location.line) == ("tx.yml", 12)
    assert plan.variables == {"level": 3.0}


def test_whole_block_in_a_process(folder: Folder) -> None:
    text = LINK.replace("[source, tx/first]", "[source, tx]").replace("tx/second, tx/probe, ", "")
    plan = load(folder(link__yml=text, tx__yml=TX))
    assert plan.processes["near"].blocks == ["source", "tx/first", "tx/second", "tx/probe"]


def test_ports_by_name_and_inner_ports(folder: Folder) -> None:
    text = LINK.replace("source -> tx -> sink", "source -> tx.x\n  - tx.y -> sink")
    assert len(load(folder(link__yml=text, tx__yml=TX)).edges) == 4
    text = LINK.replace("tx -> sink", "tx\n  - tx/first.y -> sink")
    assert load(folder(link__yml=text, tx__yml=TX)).edges[-1].label == "tx/first.y -> sink.x"


@pytest.mark.parametrize(
    ("override", "block", "parameters"),
    [
        ("tx.factor=5", "tx/first", {"factor": 5, "mode": "fast"}),
        ("tx.mode=exact", "tx/first", {"factor": 3.0, "mode": "exact"}),
        ("tx.factor=${level + 1}", "tx/first", {"factor": 4.0, "mode": "fast"}),
        ("tx/first.factor=7", "tx/first", {"factor": 7, "mode": "fast"}),
        ("tx/second.mode=exact", "tx/second", {"factor": 6.0, "mode": "exact"}),
    ],
)
def test_overrides(
    override: str, block: str, parameters: dict[str, object], folder: Folder
) -> None:
    plan = load(folder(link__yml=LINK, tx__yml=TX), [override])
    assert plan.blocks[block].parameters == parameters


def test_repeated(folder: Folder) -> None:
    text = """\
flowgraph: users
indices: {k: 2}
blocks:
  source[k]: {block: ramp}
  tx[k]: {block: tx.yml, factor: "${k + 1}"}
  air: {block: mixer}
connections:
  - source[k] -> tx[k] -> air.x[k]
processes:
  user[k]: ["source[k]", "tx[k]"]
  far: [air]
"""
    plan = load(
        folder(users__yml=text, tx__yml=TX), ["tx[1]/first.mode=exact", "tx/second.factor=9"]
    )
    assert plan.blocks["tx[1]/first"].parameters == {"factor": 2, "mode": "exact"}
    assert plan.blocks["tx[0]/second"].parameters == {"factor": 9}
    assert plan.processes["user[1]"].blocks[1:] == ["tx[1]/first", "tx[1]/second", "tx[1]/probe"]
    assert "tx[1]/second.y -> air.x[1]" in [e.label for e in plan.edges]


def test_nested_in_another_folder(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "outer.yml").write_text(
        "flowgraph: outer\nparameters: {f: }\ninputs: {in: inner}\noutputs: {out: inner.y}\n"
        "blocks:\n  inner: {block: ../tx.yml, factor: '${f}'}\n"
    )
    text = LINK.replace("tx.yml, factor:", "parts/outer.yml, f:").replace("tx/", "tx/inner/")
    plan = load(folder(link__yml=text, tx__yml=TX), ["tx/inner/first.mode=exact"])
    assert plan.blocks["tx/inner/first"].parameters == {"factor": 3.0, "mode": "exact"}
    assert "source.y -> tx/inner/first.x" in [e.label for e in plan.edges]


def test_ports_over_an_index(folder: Folder) -> None:
    inner = """\
flowgraph: pair
parameters: {n: 2}
indices: {k: "${n}"}
inputs:
  x[k]: amp[k].x
outputs:
  y[k]: amp[k]
blocks:
  amp[k]: {block: gain}
"""
    text = """\
flowgraph: t
blocks:
  s: {block: ramp}
  p: {block: pair.yml, n: 3}
  t: {block: take}
connections:
  - s -> p.x[2]
  - p.y[1] -> t
"""
    plan = load(folder(t__yml=text, pair__yml=inner))
    assert [e.label for e in plan.edges] == ["s.y -> p/amp[2].x", "p/amp[1].y -> t.x"]


def test_file_on_its_own(folder: Folder, faults: Faults) -> None:
    source = """\
flowgraph: source
parameters:
  items: {doc: How many.}
outputs: {y: ramp}
blocks:
  ramp: {block: ramp, items: "${items}"}
  sink: {block: take}
connections: [ramp -> sink]
processes: {p: [ramp, sink]}
chunk: 3
"""
    file = folder(source__yml=source)
    assert load(file, ["items=4"]).blocks["ramp"].parameters == {"items": 4}
    assert faults(file) == ["3:3 parameter 'items' needs a value: items=VALUE"]
    link = "flowgraph: t\nblocks:\n  s: {block: source.yml, items: 2}\n"
    plan = load(folder(link__yml=link, source__yml=source))
    assert (plan.chunk, plan.processes) == (None, {})


def test_file_with_inputs_is_only_a_block(folder: Folder, faults: Faults) -> None:
    found = faults(folder(tx__yml=TX))
    assert found == ["8:3 a flowgraph with inputs runs only as a block of another one"]


def test_file_that_uses_itself(folder: Folder, faults: Faults) -> None:
    a = "flowgraph: a\nblocks:\n  b: {block: b.yml}\n"
    b = "flowgraph: b\nblocks:\n  c: {block: ./a.yml}\n"
    (found,) = faults(folder(a__yml=a, b__yml=b))
    assert found.startswith("3:14 a file cannot use itself as a block: a.yml -> b.yml -> a.yml")
    assert "used as block 'b' at" in found


def test_files_that_multiply(folder: Folder, faults: Faults) -> None:
    files = {
        f"f{k}__yml": "flowgraph: f\nblocks:\n"
        + "".join(f"  {name}: {{block: f{k + 1}.yml}}\n" for name in "ab")
        for k in range(40)
    }
    files["f40__yml"] = "flowgraph: f\nblocks:\n  a: {block: ramp}\n"
    found = faults(folder(**files))
    assert "more than 20000 blocks" in found[0]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("tx.yml", "ty.yml", "link.yml:5:15: no file '{}/ty.yml'"),
        (
            "factor:",
            "fctor:",
            (
                "link.yml:5:23: unknown parameter 'fctor' of block 'tx' (did you mean 'factor'?); "
                "parameters: factor, mode"
            ),
        ),
        (
            "-> tx ->",
            "-> tx.z ->",
            "link.yml:8:15: unknown port 'z' of block 'tx'; inputs: x; outputs: y",
        ),
        (
            "tx/first]",
            "tx/frst]",
            "link.yml:10:18: unknown block 'tx/frst' (did you mean 'tx/first'?)",
        ),
    ],
)
def test_faults_of_the_outer_file(
    old: str, new: str, expected: str, folder: Folder, tmp_path: Path
) -> None:
    found = told(folder(link__yml=LINK.replace(old, new), tx__yml=TX))
    assert found == [f"{tmp_path}/{expected.format(tmp_path)}"]


def test_fault_of_a_value_that_is_handed_in(folder: Folder, tmp_path: Path) -> None:
    found = told(folder(link__yml=LINK.replace("${level}", "high"), tx__yml=TX))
    use = f"; used as block 'tx' at {tmp_path}/link.yml:5:3"
    number = "'2 * factor' has no value: arithmetic needs numbers, not text ('high')"
    kind = "parameter 'factor' of block 'tx/first' must be float, not 'high' (str)"
    assert found == [
        f"{tmp_path}/tx.yml:6:10: {number}{use}",
        f"{tmp_path}/tx.yml:12:32: {kind}{use}",
    ]


def test_faults_of_the_inner_file(folder: Folder, tmp_path: Path) -> None:
    inner = TX.replace("first -> second", "first -> secnd").replace("y: second", "y: secod")
    text = "flowgraph: t\nblocks:\n  s: {block: ramp}\n  p: {block: tx.yml}\n  q: {block: tx.yml}\n"
    found = told(folder(t__yml=text + "connections: [s -> p, s -> q]\n", tx__yml=inner))
    use = f"; used as block 'p' at {tmp_path}/t.yml:4:3"
    assert found == [
        f"{tmp_path}/tx.yml:10:6: unknown block 'secod' (did you mean 'second'?){use}",
        f"{tmp_path}/tx.yml:16:14: unknown block 'secnd' (did you mean 'second'?){use}",
    ]


def test_yaml_fault_of_the_inner_file(folder: Folder, tmp_path: Path) -> None:
    (found,) = told(folder(link__yml=LINK, tx__yml="flowgraph: [\n"))
    assert found.startswith(f"{tmp_path}/tx.yml:2:1: not readable as YAML")
    assert found.endswith(f"; used as block 'tx' at {tmp_path}/link.yml:5:3")


def test_parameter_that_has_to_be_given(folder: Folder, faults: Faults) -> None:
    inner = (
        TX.replace("factor: 2.0", "factor: {doc: Needed.}")
        .replace("How", "{How")
        .replace("{How", "How")
    )
    text = LINK.replace(', factor: "${level}"', "")
    assert faults(folder(link__yml=text, tx__yml=inner)) == [
        "5:3 parameter 'factor' of block 'tx' is required"
    ]


def test_declaration_faults(folder: Folder, faults: Faults) -> None:
    inner = """\
flowgraph: t
parameters:
  a: {defalt: 1}
  b: 2
variables: {b: 3}
outputs:
  y: [g, h]
  z: 3
inputs:
  x: g.y
blocks:
  g: {block: gain}
  h: {block: gain}
"""
    text = "flowgraph: t\nblocks:\n  s: {block: ramp}\n  i: {block: inner.yml, a: 1}\n"
    text += "connections: [s -> i]\n"
    found = [fault.split(";")[0] for fault in faults(folder(t__yml=text, inner__yml=inner))]
    assert found == [
        "3:7 unknown key 'defalt' (did you mean 'default'?) of parameter 'a'",
        "4:3 'b' is both a variable and a parameter",
        "7:6 output 'y' must stand for one port, not 2",
        "8:6 a port is written block.port, not 3",
        "10:6 'y' is an output of block 'i/g', not an input",
    ]


def told(file: Path) -> list[str]:
    """What is wrong with a file, with the places as the user sees them."""
    from semradio.flowgraphs.plan import FlowgraphError

    with pytest.raises(FlowgraphError) as caught:
        load(file)
    return [f"{p.location}: {p.message}" for p in caught.value.problems]
