"""What differs between two flowgraphs."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from semradio.flowgraphs.difference import Difference, differences
from semradio.flowgraphs.language import dump, load, shipped
from semradio.flowgraphs.plan import BlockPlan, Plan

LINK = """
flowgraph: link
doc: As it was.
variables: {snr_db: 10.0, gains: [1.0, 2.0, 3.0]}
blocks:
  source: {block: vector_source, data: "${gains}"}
  air:    {block: awgn_channel, snr_db: "${snr_db}"}
  sink:   {block: null_sink}
connections:
  - source -> air
  - {connect: air -> sink, queue: 9}
processes:
  near: [source]
  far: {blocks: [air, sink], cpus: [1]}
"""


def told(text: str, *overrides: str) -> list[tuple[object, ...]]:
    """Return what differs between the link and another, each as a row."""
    return [
        (d.section, d.kind, d.name, d.before, d.after)
        for d in differences(load(LINK), load(text, overrides))
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("flowgraph: link", "flowgraph: other", ("flowgraph", "flowgraph", "link", "other")),
        ("As it was.", "As it is.", ("flowgraph", "doc", "As it was.", "As it is.")),
        ("doc:", "chunk: 8\ndoc:", ("flowgraph", "chunk", None, 8)),
        (": awgn_channel", ": awgn_channel, seed: 4", ("blocks", "air.seed", 0, 4)),
        ("queue: 9", "queue: 8", ("connections", "air.y -> sink.x: queue", 9, 8)),
        (
            "queue: 9",
            "queue: 9, policy: drop_oldest",
            ("connections", "air.y -> sink.x: policy", "block", "drop_oldest"),
        ),
        (", cpus: [1]", "", ("processes", "far: cpus", [1], None)),
    ],
)
def test_one_value(old: str, new: str, expected: tuple[object, ...]) -> None:
    section, name, before, after = expected
    assert old in LINK
    assert told(LINK.replace(old, new)) == [(section, "changed", name, before, after)]


def test_a_variable_and_what_follows_from_it() -> None:
    assert told(LINK, "snr_db=3") == [
        ("variables", "changed", "snr_db", 10.0, 3),
        ("blocks", "changed", "air.snr_db", 10.0, 3.0),
    ]
    assert told(LINK, "gains=[1.0, 2.5, 3.0]", "air.snr_db=10") == [
        ("variables", "changed", "gains[1]", 2.0, 2.5),
        ("blocks", "changed", "source.data[1]", 2.0, 2.5),
    ]


def test_lists_that_differ_in_all_or_in_length_are_told_whole() -> None:
    for now in ([4.0, 5.0, 6.0], [1.0, 2.0], []):
        assert told(LINK, f"gains={now}", "source.data=[1.0, 2.0, 3.0]") == [
            ("variables", "changed", "gains", [1.0, 2.0, 3.0], now)
        ]


def test_blocks_connections_and_processes_that_come_and_go() -> None:
    other = """
flowgraph: link
doc: As it was.
variables: {snr_db: 10.0, gains: [1.0, 2.0, 3.0]}
blocks:
  source: {block: vector_source, data: "${gains}"}
  louder: {block: multiply_const, constant: 2.0}
  sink:   {block: null_sink}
connections:
  - {connect: source -> louder, policy: drop_newest}
  - louder -> sink
processes:
  near: [louder, source]
  last: {blocks: [sink], cpus: [0]}
"""
    assert told(other) == [
        ("blocks", "removed", "air", {"block": "awgn_channel", "snr_db": 10.0}, None),
        ("blocks", "added", "louder", None, {"block": "multiply_const", "constant": 2.0}),
        ("connections", "removed", "source.y -> air.x", {}, None),
        ("connections", "removed", "air.y -> sink.x", {"queue": 9}, None),
        ("connections", "added", "source.y -> louder.x", None, {"policy": "drop_newest"}),
        ("connections", "added", "louder.y -> sink.x", None, {}),
        ("processes", "added", "near: blocks", None, ["louder"]),
        ("processes", "removed", "far", {"blocks": ["air", "sink"], "cpus": [1]}, None),
        ("processes", "added", "last", None, {"blocks": ["sink"], "cpus": [0]}),
    ]


def test_a_block_that_moves_to_another_process() -> None:
    assert told(LINK.replace("[source]", "[source, air]").replace("[air, sink]", "[sink]")) == [
        ("processes", "added", "near: blocks", None, ["air"]),
        ("processes", "removed", "far: blocks", ["air"], None),
    ]


def test_another_type_is_one_difference_and_its_parameters() -> None:
    found = told(LINK.replace("awgn_channel, snr_db", "multiply_const, constant"))
    assert found == [
        ("blocks", "changed", "air.block", "awgn_channel", "multiply_const"),
        ("blocks", "removed", "air.snr_db", 10.0, None),
        ("blocks", "added", "air.constant", None, 10.0),
    ]


@pytest.mark.parametrize(
    "text",
    [
        LINK.replace("source -> air\n", "source.y -> air.x\n  # A remark.\n"),
        LINK.replace("snr_db: 10.0", "snr_db: 10"),
        LINK.replace(": null_sink", ": null_sink, enabled: true"),
        LINK.replace(": awgn_channel", ": awgn_channel, seed: 0"),
        LINK.replace("[air, sink]", "[sink, air]"),
        LINK.replace("queue: 9", "queue: '${3 * 3}', policy: block"),
    ],
)
def test_the_same_written_otherwise(text: str) -> None:
    assert text != LINK
    assert told(text) == []


def test_the_view() -> None:
    view = "view:\n  pace: {}\n  variables: {{gains: [2.0]}}\n  panels:\n    a: {{of: air.y}}\n"
    assert told(LINK + view.format(10)) == [
        ("view", "changed", "pace", None, 10),
        ("view", "added", "variables: gains", None, [2.0]),
        ("view", "added", "panels: a", None, {"of": ["air.y"]}),
    ]
    one, other = (load(LINK + view.format(pace)) for pace in (10, 11))
    assert differences(one, other) == [Difference("view", "pace", "changed", 10, 11)]


@pytest.mark.parametrize("name", shipped())
def test_a_flowgraph_written_out_in_full_is_the_same(name: str) -> None:
    plan = load(name)
    assert differences(plan, load(dump(plan))) == []
    changed = replace(plan, blocks={**plan.blocks, "new": BlockPlan("new", "null_sink")})
    assert [(d.kind, d.name) for d in differences(plan, changed)] == [("added", "new")]
    assert [(d.kind, d.name) for d in differences(changed, plan)] == [("removed", "new")]


def test_true_is_not_one_and_nan_is_itself(tmp_path: Path) -> None:
    def plan(**variables: object) -> Plan:
        return Plan("p", variables=variables)

    assert differences(plan(a=math.nan, b=[math.nan, 1]), plan(a=math.nan, b=[math.nan, 1.0])) == []
    assert [d.name for d in differences(plan(a=1, b=[0, 2]), plan(a=True, b=[False, 2]))] == [
        "a",
        "b[0]",
    ]


def test_a_type_that_is_not_known_here_has_no_defaults() -> None:
    one, other = (
        Plan("p", blocks={"a": BlockPlan("a", "from_elsewhere", parameters)})
        for parameters in ({"n": 1}, {"n": 2, "m": 3})
    )
    assert differences(one, other) == [
        Difference("blocks", "a.n", "changed", 1, 2),
        Difference("blocks", "a.m", "added", after=3),
    ]
