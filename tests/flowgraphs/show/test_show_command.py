"""``semradio show`` as it is called: what it prints, where, and its exit status."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from semradio.flowgraphs.cli.main import main
from semradio.flowgraphs.language import load

Run = Callable[..., tuple[int, str, str]]

LINK = """\
flowgraph: link
doc: Two users, one sum.
variables: {gain: 2.0, users: 2}
indices: {k: "${users}"}
blocks:
  source[k]: {block: vector_source, data: [1.0, 2.0]}
  gain[k]: {block: multiply_const, constant: "${gain}"}
  sum: {block: add, num_inputs: "${users}"}
  sink: {block: vector_sink}
connections:
  - source[k] -> gain[k] -> sum.x[k]
  - sum -> sink
processes:
  users: ["source[k]", "gain[k]"]
  rest: [sum, sink]
"""

CODE = """\
from semradio.blocks.api import Input, Output, SyncBlock, block

@block("twice_for_show", category="stream")
class TwiceForShow(SyncBlock):
    \"\"\"Double every item.\"\"\"
    x = Input("number[...]")
    y = Output(like="x")

    def work(self, x, at):
        return 2 * x
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the command; returns exit status, stdout and stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main(["show", *arguments])
        out, err = capsys.readouterr()
        assert isinstance(stop.value.code, int)
        return stop.value.code, out, err

    return call


@pytest.fixture
def link(tmp_path: Path) -> str:
    path = tmp_path / "link.yml"
    path.write_text(LINK, encoding="utf-8")
    return str(path)


def test_the_listing_has_item_types_and_overrides(run: Run, link: str) -> None:
    status, out, err = run(link, "gain=3.5", "source[1].repeat=true")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[:2] == ["link", "Two users, one sum."]
    assert "  gain[0]    multiply_const  constant=3.5" in lines
    assert "  source[1]  vector_source   data=[1, 2]  repeat=true" in lines
    assert [line.split() for line in lines if "==>" in line][:2] == [
        ["float32", "==>", "sum.x[0]", "(rest)"],
        ["float32", "==>", "sum.x[1]", "(rest)"],
    ]
    assert "\x1b" not in out


def test_a_missing_model_costs_only_the_item_types(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "neural.yml"
    path.write_text(
        "flowgraph: neural\nblocks:\n"
        "  source: {block: vector_source, data: [1.0]}\n"
        "  one: {block: onnx_model, model: missing.onnx}\n"
        "  two: {block: onnx_model, model: missing.onnx}\n"
        "connections: [source -> one -> two]\n",
        encoding="utf-8",
    )
    status, out, err = run(str(path))
    assert status == 0
    assert "  one     onnx_model     model=missing.onnx\n      --> two\n" in out
    assert len(err.splitlines()) == 1
    assert err.startswith("item types are not shown: block 'one': ")
    assert "missing.onnx" in err
    assert "'semradio check' lists all" in err
    for option in ("--mermaid", "--svg=-"):
        status, out, again = run(str(path), option)
        assert (status, again) == (0, err)
        assert "onnx_model" in out


def test_mermaid_goes_to_stdout(run: Run, link: str) -> None:
    status, out, err = run(link, "--mermaid")
    assert (status, err) == (0, "")
    assert out.startswith("flowchart LR\n")
    assert '-.->|"x[1]<br/>float32"|' in out


def test_svg_goes_to_a_file_or_to_stdout(run: Run, link: str, tmp_path: Path) -> None:
    path = tmp_path / "link.svg"
    assert run(link, "--svg", str(path)) == (0, "", "")
    status, out, err = run(link, "--svg", "-")
    assert (status, err) == (0, "")
    assert out == path.read_text(encoding="utf-8")
    assert len(ET.fromstring(out).findall("{*}g[@data-block]")) == 6


def test_expand_prints_a_file_that_means_the_same(run: Run, link: str) -> None:
    status, out, err = run(link, "--expand", "users=3")
    assert (status, err) == (0, "")
    again, plan = load(out), load(link, ["users=3"])
    assert {name: block.parameters for name, block in again.blocks.items()} == {
        name: block.parameters for name, block in plan.blocks.items()
    }
    assert [edge.label for edge in again.edges] == [edge.label for edge in plan.edges]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mermaid", "--expand"], "exclude each other"),
        (["--svg", "-", "--mermaid"], "exclude each other"),
        (["--svg", "no/such/folder/link.svg"], "cannot write no/such/folder/link.svg"),
        (["gian=3"], "did you mean 'gain'?"),
    ],
)
def test_a_wrong_call_exits_with_2(run: Run, link: str, arguments: list[str], message: str) -> None:
    status, out, err = run(link, *arguments)
    assert (status, out) == (2, "")
    assert message in err


def test_a_missing_file_exits_with_2(run: Run) -> None:
    status, out, err = run("arn_lnik")
    assert (status, out) == (2, "")
    assert "did you mean 'arn_link'?" in err


def test_code_is_loaded_only_when_allowed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "twice.py").write_text(CODE, encoding="utf-8")
    path = tmp_path / "coded.yml"
    path.write_text(
        "flowgraph: coded\ncode: [twice.py]\nblocks:\n"
        "  source: {block: vector_source, data: [1.0]}\n"
        "  twice: {block: twice_for_show}\n"
        "connections: [source -> twice]\n",
        encoding="utf-8",
    )
    status, out, err = run(str(path))
    assert (status, out) == (2, "")
    assert "--allow-code" in err
    status, out, err = run(str(path), "--allow-code")
    assert (status, err) == (0, "")
    assert "      float32  --> twice\n" in out
