"""The listing: exactly what a reader gets, and what steers no terminal."""

from __future__ import annotations

from collections.abc import Callable

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
  source      null_source  type=float32[23]
                float32[23]  --> split
  split       custom
      .left   float32[23]  ==> out.x  (far)
      .right  uint8        --> tap
                           ==> out.w  (far)
  tap         null_sink

far ----------------------------------------------------
  out         add          inputs=2

--> within a process   ==> to another process
"""


def link(make_plan: Callable[..., Plan]) -> Plan:
    plan = make_plan(
        [
            "split.right -> tap.x",
            "split.right -> out.w",
            "split.left -> out.x",
            "source.y -> split.x",
        ],
        {"near": ["tap", "split", "source"], "far": ["out"]},
        {"source": "null_source", "split": "custom", "out": "add", "tap": "null_sink"},
    )
    plan.blocks["source"].parameters = {"type": "float32[23]", "enabled": True}
    return plan


def types(plan: Plan) -> dict[str, ItemType]:
    return {
        edge.label: ItemType("uint8") if edge.output == "right" else ItemType("float32", (23,))
        for edge in plan.edges
    }


def test_blocks_stand_by_process_in_order_of_flow(make_plan: Callable[..., Plan]) -> None:
    plan = link(make_plan)
    print(to_text(plan, types(plan), width=56))
    assert to_text(plan, types(plan), width=56) == LISTING
