"""Connections and processes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from semradio.flowgraphs.language import load
from semradio.flowgraphs.plan import Plan

Faults = Callable[..., list[str]]

BLOCKS = """\
flowgraph: t
blocks:
  s: {block: ramp}
  g: {block: gain}
  m: {block: mixer, count: 3}
  c: {block: compare}
  t: {block: take}
  n: {block: model, model: m1}
"""


def wired(*connections: str) -> str:
    return BLOCKS + "connections:\n" + "".join(f"  - {c}\n" for c in connections)


def labels(plan: Plan) -> list[str]:
    return [edge.label for edge in plan.edges]


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ("s -> g", ["s.y -> g.x"]),
        ("s->g->t", ["s.y -> g.x", "g.y -> t.x"]),
        ("s.label -> t", ["s.label -> t.x"]),
        ("s -> c.reference", ["s.y -> c.reference"]),
        ("s -> g.x -> t", ["s.y -> g.x", "g.y -> t.x"]),
        ("s -> g.y -> t", ["s.y -> g.x", "g.y -> t.x"]),
        ("s -> m", ["s.y -> m.x[0]"]),
        ("s -> m.x[2] -> t", ["s.y -> m.x[2]", "m.y -> t.x"]),
        ("s -> m.x[1 + 1]", ["s.y -> m.x[2]"]),
        ("s -> n -> t", ["s.y -> n.", "n. -> t.x"]),
        ("s -> n.m1.in", ["s.y -> n.m1.in"]),
        ("s -> n.m1.in -> t", ["s.y -> n.m1.in", "n. -> t.x"]),
        ('"s -> g"', ["s.y -> g.x"]),
        (">\n    s -> g\n    -> t", ["s.y -> g.x", "g.y -> t.x"]),
        ("connect: s -> g -> t", ["s.y -> g.x", "g.y -> t.x"]),
    ],
)
def test_connections(connection: str, expected: list[str]) -> None:
    assert labels(load(wired(connection))) == expected


def test_fan_out() -> None:
    plan = load(wired("s -> g", "s -> t", "s -> c"))
    assert labels(plan) == ["s.y -> g.x", "s.y -> t.x", "s.y -> c.received"]


def test_queue_and_policy() -> None:
    plan = load(wired("s -> g", "{connect: s -> c, queue: '${2 * 50}', policy: drop_oldest}"))
    assert [(e.queue, e.policy) for e in plan.edges] == [(None, "block"), (100, "drop_oldest")]


def test_place_of_each_edge() -> None:
    plan = load(wired("s -> g -> t"))
    places = [(e.location.line, e.location.column) for e in plan.edges if e.location]
    assert places == [(10, 5), (10, 10)]


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ("s -> h", ["10:10 unknown block 'h'"]),
        ("sss -> g", ["10:5 unknown block 'sss' (did you mean 's'?)"]),
        ("s.yy -> t", ["10:5 unknown output 'yy' of block 's' (did you mean 'y'?); outputs: y"]),
        ("s -> g.z", ["10:10 unknown input 'z' of block 'g'; inputs: x"]),
        ("s -> g.z -> t", ["10:10 unknown port 'z' of block 'g'; inputs: x; outputs: y"]),
        ("s -> g.y", ["10:10 'y' is an output of block 'g', not an input; inputs: x"]),
        ("g.x -> t", ["10:5 'x' is an input of block 'g', not an output; outputs: y"]),
        ("t -> g", ["10:5 block 't' has no outputs"]),
        ("g -> s", ["10:10 block 's' has no inputs"]),
        (
            "s -> m.x",
            ["10:10 unknown input 'x' of block 'm' (did you mean 'x[0]'?); inputs: x[0], x[1]"],
        ),
        (
            "s -> m.x[3]",
            ["10:10 unknown input 'x[3]' of block 'm' (did you mean 'x[2]'?); inputs: "],
        ),
        ("s", ["10:5 's' has no arrow: write 'a -> b'"]),
        ("s ->", ["10:5 's ->' has an arrow that leads nowhere"]),
        ("s -> -> g", ["10:5 's -> -> g' has an arrow that leads nowhere"]),
        ("s -> g.", ["10:10 'g.' is not a block or block.port"]),
        ("s -> g[", ["10:10 'g[' has a '[' without its ']'"]),
        ("s -> g]", ["10:10 'g]' has a ']' without its '['"]),
        ("s -> g[k]", ["10:10 unknown variable 'k'; variables: none"]),
        ("s -> g[0.5]", ["10:10 '[0.5]' must be a whole number from 0 on, not 0.5"]),
        ("'s -> ${g}'", ["10:11 '${g}': names are not put together"]),
        ("3", ["10:5 a connection is written 'a -> b', not 3"]),
        ("queue: 3", ["10:5 a connection needs 'connect: a -> b'"]),
        ("{connect: 3}", ["10:15 'connect' takes text such as 'a -> b', not 3"]),
        ("{connect: s -> g, queu: 3}", ["10:23 unknown key 'queu' (did you mean 'queue'?)"]),
        ("{connect: s -> g, queue: 0}", ["10:30 'queue' must be a whole number from 1 on"]),
        (
            "{connect: s -> g, policy: drop}",
            ["10:31 'policy' must be one of block, drop_oldest, drop_newest"],
        ),
        ("{connect: s -> gg}", ["10:20 unknown block 'gg' (did you mean 'g'?)"]),
    ],
)
def test_connection_faults(connection: str, expected: list[str], faults: Faults) -> None:
    found = [f for f in faults(wired(connection)) if f.startswith("10:")]
    assert len(found) == len(expected)
    for fault, start in zip(found, expected, strict=True):
        assert fault.startswith(start)


def test_input_fed_twice(faults: Faults) -> None:
    found = faults(wired("s -> g -> t", "s -> t", "s -> g"))
    assert [fault for fault in found if "already" in fault] == [
        "11:10 input 'x' of block 't' is fed by 'g.y' already",
        "12:10 input 'x' of block 'g' is fed by 's.y' already",
    ]


# Processes -------------------------------------------------------------------------------------

SMALL = """\
flowgraph: t
variables: {base: 5000, host: alice.lan}
blocks:
  s: {block: ramp}
  g: {block: gain}
  t: {block: take}
connections:
  - s -> g -> t
processes:
"""


def test_processes() -> None:
    plan = load(SMALL + "  one: [s, g]\n  two: {blocks: [t]}\n")
    assert [(p.name, p.blocks) for p in plan.processes.values()] == [
        ("one", ["s", "g"]),
        ("two", ["t"]),
    ]


@pytest.mark.parametrize(
    ("keys", "bind", "endpoint"),
    [
        ("host: alice.lan, port: 5555", "tcp://0.0.0.0:5555", "tcp://alice.lan:5555"),
        ("host: '${host}', port: '${base + 1}'", "tcp://0.0.0.0:5001", "tcp://alice.lan:5001"),
        ("host: 10.0.0.2, port: 5555", "tcp://10.0.0.2:5555", "tcp://10.0.0.2:5555"),
        ("host: localhost, port: 5555", "tcp://127.0.0.1:5555", "tcp://localhost:5555"),
        ("host: 127.0.0.1, port: 5555", "tcp://127.0.0.1:5555", "tcp://127.0.0.1:5555"),
        ("host: '::1', port: 5555", "tcp://[::1]:5555", "tcp://[::1]:5555"),
        (
            "host: alice.lan, port: 5555, bind: 'tcp://10.0.0.2:5556'",
            "tcp://10.0.0.2:5556",
            "tcp://alice.lan:5555",
        ),
        (
            "bind: 'tcp://0.0.0.0:5', endpoint: 'tcp://a.lan:6'",
            "tcp://0.0.0.0:5",
            "tcp://a.lan:6",
        ),
        ("bind: 'tcp://10.0.0.2:5'", "tcp://10.0.0.2:5", "tcp://10.0.0.2:5"),
        ("endpoint: 'tcp://127.0.0.1:5'", "tcp://127.0.0.1:5", "tcp://127.0.0.1:5"),
        ("endpoint: 'ipc:///tmp/x'", "ipc:///tmp/x", "ipc:///tmp/x"),
    ],
)
def test_where_a_process_is_reached(keys: str, bind: str, endpoint: str) -> None:
    plan = load(f"{SMALL}  one: {{blocks: [s, g, t], {keys}}}\n")
    process = plan.processes["one"]
    assert (process.bind, process.endpoint) == (bind, endpoint)


def test_cpus_of_a_process() -> None:
    plan = load(f"{SMALL}  one: {{blocks: [s, g, t], cpus: [3, '${{1 - 1}}']}}\n")
    assert plan.processes["one"].cpus == [3, 0]


@pytest.mark.parametrize(
    ("processes", "expected"),
    [
        (["p: [s, g]"], ["6:3 block 't' is in no process: each block must be in one"]),
        (
            ["p: [s, g]", "q: [g, t, s]"],
            [
                "11:7 block 'g' is in process 'p' already",
                "11:13 block 's' is in process 'p' already",
            ],
        ),
        (["p: [s, g, tt]"], ["10:13 unknown block 'tt' (did you mean 't'?)"]),
        (["p: s"], ["10:6 process 'p' must be a list of blocks, not 's'"]),
        (["p: []"], ["10:6 process 'p' has no blocks"]),
        (["p: [s, g, t]", "q:"], ["11:3 process 'q' must be a list of blocks, not nothing"]),
        (["p: [s, g, t, 3]"], ["10:16 a process lists block names, not 3"]),
        (["p: {blocks: [s, g, t], hst: a}"], ["10:26 unknown key 'hst' (did you mean 'host'?)"]),
        (["p: {host: a, port: 3}"], ["10:6 process 'p' needs 'blocks: [...]'"]),
        (["p: {blocks: [s, g, t], host: a}"], ["10:26 'host' needs 'port'"]),
        (["p: {blocks: [s, g, t], port: 3}"], ["10:26 'port' goes with 'host'"]),
        (
            ["p: {blocks: [s, g, t], host: a b, port: 3}"],
            ["10:32 'a b' and port 3 are not the address"],
        ),
        (
            ["p: {blocks: [s, g, t], host: a, port: 70000}"],
            ["10:32 'a' and port 70000 are not the address"],
        ),
        (
            ["p: {blocks: [s, g, t], bind: 'tcp://0.0.0.0:5'}"],
            ["10:26 process 'p' says where to listen"],
        ),
        (
            ["p: {blocks: [s, g, t], endpoint: 'tcp://a.lan:5'}"],
            ["10:26 process 'p' says where others connect"],
        ),
        (["p: {blocks: [s, g, t], bind: 'a.lan'}"], ["10:32 'bind' must be an address such as"]),
        *(
            (
                [f"p: {{blocks: [s, g, t], cpus: {wrong}}}"],
                [f"10:32 'cpus' must be a list of whole numbers from 0 on, each once, not {shown}"],
            )
            for wrong, shown in [
                ("2", "2"),
                ("[]", "[]"),
                ("[-1]", "[-1]"),
                ("[1.0]", "[1.0]"),
                ("[true]", "[True]"),
                ("[one]", "['one']"),
                ("[[1]]", "[[1]]"),
                ("[0, 3, '${1 - 1}']", "[0, 3, 0]"),
            ]
        ),
        (["p q: [s, g, t]"], ["10:3 'p q' is not a process name"]),
    ],
)
def test_process_faults(processes: list[str], expected: list[str], faults: Faults) -> None:
    found = faults(SMALL + "".join(f"  {line}\n" for line in processes))
    found = [f for f in found if "no process" not in f or "no process" in expected[0]]
    assert len(found) == len(expected)
    for fault, start in zip(found, expected, strict=True):
        assert fault.startswith(start)
