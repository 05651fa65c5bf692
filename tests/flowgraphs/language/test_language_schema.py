"""The JSON Schema of flowgraph files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from semradio.flowgraphs.language import schema, shipped
from semradio.flowgraphs.language.shipped import ROOT

FILES = [*shipped().values(), *sorted((ROOT / "irsc" / "parts").iterdir())]
"""The flowgraphs that come with semradio, and the parts of one."""

GOOD = """\
flowgraph: good
doc: Everything the language has.
variables: {n: 3, list: [1, 2], nothing: }
parameters: {a: 1, b: {default: 2, doc: B.}, c: {doc: Needed.}}
inputs: {x: g.x, z: [g.x, t]}
outputs: {y: g}
indices: {k: "${n}", j: 2}
blocks:
  s: {block: ramp, items: "${2 * n}", enabled: "${n > 2}"}
  g[k]: {block: gain, factor: 1.5, mode: exact, table: [1, "${n}"]}
  h: {block: gain, factor: 2, mode: "${m}", table: "${list}"}
  m: {block: model, model: "file_${n}.onnx"}
  f: {block: parts/tx.yml, anything: [1]}
  v: {block: "${kind}"}
connections:
  - s -> g[k]
  - {connect: s -> t, queue: "${n}", policy: drop_oldest}
processes:
  p: [s, "g[k]"]
  q: {blocks: [h], bind: "tcp://0.0.0.0:5", endpoint: "tcp://a:5"}
  r: {blocks: [m], host: a, port: 5, cpus: [0, "${n}"]}
chunk: 64
"""


@pytest.fixture
def validator() -> Any:
    return jsonschema.Draft202012Validator(json.loads(json.dumps(schema())))


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def read(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def test_good_file(validator: Any) -> None:
    assert [e.message for e in validator.iter_errors(read(GOOD))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("doc: Every", "dic: Every"),
        ("cpus: [0, ", "cpus: [-1, "),
        ('cpus: [0, "${n}"]', "cpus: []"),
        ("flowgraph: good", "flowgraph: 3"),
        ("items:", "itms:"),
        ('items: "${2 * n}"', "items: many"),
        ('items: "${2 * n}"', "items: 0"),
        ("factor: 1.5", "factor: 0"),
        ("factor: 1.5", "factor: '1.5'"),
        ("mode: exact", "mode: slow"),
        ("table: [1,", "table: [x,"),
        ("block: ramp", "block: rmp"),
        ("block: ramp", "kind: ramp"),
        (', model: "file_${n}.onnx"', ""),
        ("- s -> g[k]", "- s, g[k]"),
        ("queue:", "queu:"),
        ("drop_oldest", "drop"),
        ("p: [s", "p: [3"),
        ("host: a", "hst: a"),
        ("chunk: 64", "chunk: 0"),
        ("chunk: 64", "chunk: [64]"),
        ("indices: {k:", "indices: {k: -1, l:"),
    ],
)
def test_bad_file(old: str, new: str, validator: Any) -> None:
    text = GOOD.replace(old, new)
    assert text != GOOD
    assert not validator.is_valid(read(text))


def test_types_of_a_code_file_are_left_alone(validator: Any) -> None:
    text = GOOD.replace("block: ramp,", "block: own, any: 1,")
    assert not validator.is_valid(read(text))
    assert validator.is_valid(read(text + "code: [own.py]\n"))
    bad = text.replace("factor: 1.5", "factor: x")
    assert not validator.is_valid(read(bad + "code: [own.py]\n"))


def test_parameters_are_described() -> None:
    factor = schema()["$defs"]["block_gain"]["properties"]["factor"]
    assert factor["description"] == "Factor."
    assert factor["default"] == 1.0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_shipped_flowgraphs(path: Path, validator: Any) -> None:
    found = read(path.read_text(encoding="utf-8"))
    assert [e.message for e in validator.iter_errors(found)] == []
