"""Repetition over indices: one file for any number of users."""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable

import pytest

from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.language import load

Faults = Callable[..., list[str]]

USERS = """\
flowgraph: users
variables:
  users: 2
  gains: [1.5, 2.5, 3.5]
indices:
  k: ${users}
blocks:
  tx[k]: {block: ramp, items: "${10 * (k + 1)}"}
  amp[k]: {block: gain, factor: "${gains[k]}"}
  air: {block: mixer, count: "${users}"}
  rx[k]: {block: compare}
connections:
  - tx[k] -> amp[k] -> air.x[k]
  - air -> rx[k].received
  - tx[(k + 1) % users] -> rx[k].reference
processes:
  user[k]: ["tx[k]", "amp[k]"]
  far:
    - air
    - rx[k]
"""


def test_two_users() -> None:
    plan = load(USERS)
    assert list(plan.blocks) == ["tx[0]", "tx[1]", "amp[0]", "amp[1]", "air", "rx[0]", "rx[1]"]
    assert plan.blocks["tx[1]"].parameters == {"items": 20}
    assert plan.blocks["amp[1]"].parameters == {"factor": 2.5}
    assert [edge.label for edge in plan.edges] == [
        "tx[0].y -> amp[0].x",
        "amp[0].y -> air.x[0]",
        "tx[1].y -> amp[1].x",
        "amp[1].y -> air.x[1]",
        "air.y -> rx[0].received",
        "air.y -> rx[1].received",
        "tx[1].y -> rx[0].reference",
        "tx[0].y -> rx[1].reference",
    ]
    assert {name: p.blocks for name, p in plan.processes.items()} == {
        "user[0]": ["tx[0]", "amp[0]"],
        "user[1]": ["tx[1]", "amp[1]"],
        "far": ["air", "rx[0]", "rx[1]"],
    }


@pytest.mark.parametrize("users", [1, 2, 3])
def test_any_number_of_users(users: int) -> None:
    graph = Graph(load(USERS, [f"users={users}"]))
    assert len(graph.blocks) == 3 * users + 1


def test_no_user_at_all() -> None:
    plan = load(USERS + "chunk: 1\n", ["users=0", "air.count=1"])
    assert list(plan.blocks) == ["air"]
    assert plan.edges == []


def test_product_of_indices() -> None:
    plan = load(
        "flowgraph: t\nindices: {i: 2, j: 3}\nblocks:\n"
        "  s[i][j]: {block: ramp, items: '${1 + i * 3 + j}'}\n  m[j]: {block: mixer}\n"
        "connections:\n  - s[i][j] -> m[j].x[i]\n"
    )
    assert [b.parameters["items"] for n, b in plan.blocks.items() if n[0] == "s"] == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    assert len(plan.edges) == 6
    assert plan.edges[5].label == "s[1][2].y -> m[2].x[1]"


def test_fixed_index() -> None:
    plan = load(USERS, ["users=3"])
    assert plan.blocks["tx[2]"].location == plan.blocks["tx[0]"].location
    text = USERS.replace("- air -> rx[k].received", "- air -> rx[users - 1].received")
    assert "air.y -> rx[1].received" in [e.label for e in load(text).edges]


@pytest.mark.parametrize(
    ("override", "items"),
    [
        ("tx[1].items=7", [10, 7]),
        ("tx[k].items=7", [7, 7]),
        ("tx.items=7", [7, 7]),
        ("tx[k].items=${k + 3}", [3, 4]),
    ],
)
def test_overrides(override: str, items: list[int]) -> None:
    plan = load(USERS, [override])
    assert [plan.blocks[f"tx[{k}]"].parameters["items"] for k in range(2)] == items


@pytest.mark.parametrize(
    ("old", "new", "faults_expected"),
    [
        ("k: ${users}", "k: 1.5", ["6:6 index 'k' must be a whole number from 0 on, not 1.5"]),
        ("k: ${users}", "k: -1", ["6:6 index 'k' must be a whole number from 0 on, not -1"]),
        ("k: ${users}", "k: ${usrs}", ["6:6 unknown variable 'usrs' (did you mean 'users'?)"]),
        (
            "k: ${users}",
            "k: 2\n  gains: 2",
            [
                "7:3 'gains' is both a variable and an index",
            ],
        ),
        (
            "- air -> rx[k]",
            "- air -> rx",
            ["14:12 unknown block 'rx': it is repeated, write 'rx[k]'"],
        ),
        ("- rx[k]", "- rx", ["20:7 unknown block 'rx': it is repeated, write 'rx[k]'"]),
        ("- rx[k]", "- rx[k + 1]", ["20:7 unknown block 'rx[2]'"]),
        ("(k + 1) % users", "k + 1", ["15:5 unknown block 'tx[2]' (did you mean 'tx[k]'?)"]),
        ("(k + 1) % users", "k / 2", ["15:5 '[k / 2]' must be a whole number from 0 on, not 0.0"]),
        ("gains[k]", "gains[k + 2]", ["9:33 index 3 is outside the 3 elements of 'gains'"]),
        ('count: "${users}"', 'count: "${k}"', ["10:30 unknown variable 'k'; it is an index, and"]),
        ("rx[k]: {block: compare}", "rx[k]: {block: compar}", ["11:18 unknown block 'compar'"]),
        (
            "rx[k]:",
            "rx[0]: {block: compare}\n  rx[k]:",
            ["12:3 block 'rx[0]' is declared in line 11 "],
        ),
    ],
)
def test_faults(old: str, new: str, faults_expected: list[str], faults: Faults) -> None:
    text = USERS.replace(old, new)
    assert text != USERS
    found = faults(text)
    assert len(found) == len(faults_expected)
    for fault, start in zip(found, faults_expected, strict=True):
        assert fault.startswith(start)


def test_a_fault_of_all_users_is_told_once(faults: Faults) -> None:
    (found,) = faults(USERS.replace("items:", "itms:"), "users=3")
    assert found.startswith("8:24 unknown parameter 'itms' of block 'tx[0]'")


def test_too_many(faults: Faults) -> None:
    found = faults("flowgraph: t\nindices: {k: 100000}\nblocks:\n  a[k]: {block: ramp}\n")
    assert found == ["4:3 this would be repeated 100000 times, more than 20000"]
    found = faults(
        "flowgraph: t\nindices: {k: 15000}\nblocks:\n  a[k]: {block: ramp}\n  b[k]: {block: ramp}\n"
    )
    assert found == ["5:3 more than 20000 blocks"]


def test_many_users_load_fast() -> None:
    start = time.process_time()
    plan = load(USERS, ["users=500", "amp.factor=2"])
    assert len(plan.blocks) == 1501
    assert time.process_time() - start < 3


def test_fifty_blocks_load_fast() -> None:
    text = "flowgraph: t\nvariables: {n: 5}\nblocks:\n  b0: {block: ramp}\n"
    text += "".join(f"  b{k}: {{block: gain, factor: '${{n + {k}}}'}}\n" for k in range(1, 50))
    text += "connections:\n" + "".join(f"  - b{k} -> b{k + 1}\n" for k in range(49))
    best = min(timeit.repeat(lambda: load(text), number=1, repeat=5))
    assert best < 0.3
