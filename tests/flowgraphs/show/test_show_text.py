"""The listing: exactly what a reader gets, and what steers no terminal."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from semradio.blocks.api.item_type import ItemType
from semradio.flowgraphs.language import load
from semradio.flowgraphs.plan import Plan
from semradio.flowgraphs.show import to_text
from semradio.flowgraphs.show.text import to_rich

LISTING = """\
drawn
What the picture shows.

near ---------------------------------------------------
  source  null_source  type=float32[23]
              float32[23]  --> split
  split   custom       gain=0.5
      .right  uint8        --> tap
                           ==> out.x[1]  (far)
      .left   float32[23]  ==> out.x[0]  (far)
  tap     null_sink

far ----------------------------------------------------
  out     add          num_inputs=3

--> within a process   ==> to another process
"""


def link(make_plan: Callable[..., Plan]) -> Plan:
    """Return a plan whose parts stand in the wrong order, with a type that is not known."""
    plan = make_plan(
        [
            "split.right -> tap.x",
            "split.right -> out.x[1]",
            "split.left -> out.x[0]",
            "source.y -> split.x",
        ],
        {"far": ["out"], "near": ["tap", "split", "source"]},
        {"source": "null_source", "split": "custom", "out": "add", "tap": "null_sink"},
    )
    plan.blocks["source"].parameters = {"type": "float32[23]", "enabled": True}
    plan.blocks["split"].parameters = {"gain": 0.5}
    plan.blocks["out"].parameters = {"num_inputs": 3}
    return plan


def types(plan: Plan) -> dict[str, ItemType]:
    return {
        edge.label: ItemType("uint8") if edge.output == "right" else ItemType("float32", (23,))
        for edge in plan.edges
    }


def test_blocks_stand_by_process_in_order_of_flow(make_plan: Callable[..., Plan]) -> None:
    plan = link(make_plan)
    assert to_text(plan, types(plan), width=56) == LISTING


def test_without_item_types_the_rest_is_the_same(make_plan: Callable[..., Plan]) -> None:
    plan = link(make_plan)
    lines = to_text(plan, width=56).splitlines()
    assert "      .right  --> tap" in lines
    assert [line for line in lines if "->" not in line and "=>" not in line] == [
        line for line in LISTING.splitlines() if "->" not in line and "=>" not in line
    ]


def test_without_processes_there_are_no_headings(make_plan: Callable[..., Plan]) -> None:
    text = to_text(make_plan(["a.y -> b.x"]))
    assert text == ("drawn\nWhat the picture shows.\n\n  a  copy\n      --> b\n  b  copy\n")


def test_every_block_and_edge_of_any_plan_is_listed(plan: Plan) -> None:
    lines = to_text(plan, width=10_000).splitlines()
    for name, block in plan.blocks.items():
        shown = [
            "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))
            for text in (name, block.type)
        ]
        assert sum(line.split("  ")[1:2] == shown[:1] for line in lines) == 1, name
        assert any(line.startswith(f"  {shown[0]}") and shown[1] in line for line in lines), name
    arrows = [line for line in lines if " --> " in line or " ==> " in line]
    legend = any("to another process" in line for line in lines)
    assert len(arrows) == len(plan.edges) + legend


def test_the_shipped_link_fits_a_terminal() -> None:
    plan = load("arn_link")
    for width in (80, 100):
        assert max(map(len, to_text(plan, width=width).splitlines())) <= width


def test_many_parameters_continue_under_each_other(make_plan: Callable[..., Plan]) -> None:
    plan = make_plan(["a.y -> b.x"], types={"a": "custom"})
    plan.blocks["a"].parameters = {f"parameter_{k}": 10**k for k in range(6)}
    lines = to_text(plan, width=50).splitlines()
    rows = lines[3 : lines.index("      --> b")]
    assert all(len(row) <= 50 for row in rows)
    assert {len(row) - len(row.lstrip()) for row in rows[1:]} == {rows[0].index("parameter_0")}
    assert " ".join(rows).split()[2:] == [f"parameter_{k}={10**k}" for k in range(6)]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.1 + 0.2, "0.3"),
        (10.0, "10"),
        (True, "true"),
        (None, "null"),
        ("arn/alice", "arn/alice"),
        ("two words", '"two words"'),
        ("", '""'),
        ([1, 2.5], "[1, 2.5]"),
        (list(range(100)), "[100 values]"),
        ("a/very/long/path/to/some/file.onnx", "a/very/long/path/to/some/..."),
        ("red\x1b[31m", "red\ufffd[31m"),
    ],
)
def test_values_are_short(make_plan: Callable[..., Plan], value: object, shown: str) -> None:
    plan = make_plan(["a.y -> b.x"], types={"a": "custom"})
    plan.blocks["a"].parameters = {"p": value}
    assert f"  a  custom  p={shown}\n" in to_text(plan)


def test_values_at_their_default_are_left_out(make_plan: Callable[..., Plan]) -> None:
    plan = make_plan(["a.y -> b.x"], types={"b": "awgn_channel"})
    plan.blocks["b"].parameters = {"snr_db": 10, "seed": 7, "enabled": True}
    assert "  b  awgn_channel  seed=7\n" in to_text(plan)
    plan.blocks["b"].parameters = {"snr_db": 3.0, "enabled": False}
    assert "  b  awgn_channel  snr_db=3  enabled=false\n" in to_text(plan)


def test_an_array_is_no_default(make_plan: Callable[..., Plan]) -> None:
    plan = make_plan(["a.y -> b.x"], types={"b": "awgn_channel"})
    plan.blocks["b"].parameters = {"snr_db": np.arange(3.0)}
    assert "  b  awgn_channel  snr_db=[0. 1. 2.]\n" in to_text(plan)


def test_no_text_steers_the_terminal(hostile_plan: Plan) -> None:
    text = to_text(hostile_plan)
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "x;y z" in text


def test_colours_change_nothing_else(plan: Plan) -> None:
    coloured = to_rich(plan, width=90)
    lines = [line.rstrip() for line in coloured.plain.splitlines()]
    assert lines == to_text(plan, width=90).splitlines()
    assert coloured.spans
