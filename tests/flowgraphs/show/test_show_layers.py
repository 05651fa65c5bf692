"""Columns and their order: what the drawing steps promise each other."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import pytest

from semradio.flowgraphs.plan import Plan
from semradio.flowgraphs.show.crossings import reduce_crossings
from semradio.flowgraphs.show.layers import Layers, layers_of, longest_paths
from semradio.flowgraphs.show.scheme import scheme_of, topological


def layered(plan: Plan) -> tuple[Layers, dict[str, int]]:
    layers = layers_of(scheme_of(plan))
    return layers, {node.block: node.column for node in layers.nodes if node.block is not None}


def crossings(layers: Layers) -> int:
    """Count pairs of links between the same columns whose ends stand the other way round."""
    place = {node: k for c in range(layers.count) for k, node in enumerate(layers.column(c))}
    return sum(
        layers.nodes[a].column == layers.nodes[c].column
        and (place[a] - place[c]) * (place[b] - place[d]) < 0
        for (a, b), (c, d) in itertools.combinations(layers.links(), 2)
    )


def test_topological_order_keeps_to_the_file_where_it_can() -> None:
    assert topological("dcba", [("a", "d"), ("b", "c")]) == ["b", "c", "a", "d"]
    assert topological("abc", []) == ["a", "b", "c"]


def test_topological_order_names_all_of_a_circle() -> None:
    links = [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")]
    assert topological("dcba", links) == ["a", "c", "d", "b"]


def test_longest_paths_put_starts_before_their_first_target() -> None:
    links = [("a", "b"), ("b", "c"), ("a", "c"), ("noise", "c"), ("noise", "d")]
    layers = longest_paths(["a", "b", "c", "noise", "d", "alone"], links)
    assert layers == {"a": 0, "b": 1, "c": 2, "noise": 0, "d": 1, "alone": 0}


def test_a_late_source_stands_right_before_its_target() -> None:
    links = [("a", "b"), ("b", "c"), ("c", "d"), ("noise", "d")]
    assert longest_paths(["a", "b", "c", "d", "noise"], links)["noise"] == 2


def test_wires_lead_forward_one_column_at_a_time(plan: Plan) -> None:
    layers, column = layered(plan)
    back = 0
    for edge, route in zip(plan.edges, layers.routes, strict=True):
        back += not route
        if route:
            columns = [layers.nodes[node].column for node in route]
            assert columns == list(range(column[edge.source], column[edge.target] + 1))
            assert layers.nodes[route[0]].block == edge.source
            assert layers.nodes[route[-1]].block == edge.target
    circle = any(edge.source == edge.target for edge in plan.edges)
    assert back == (2 if circle else 0)


def test_every_node_stands_in_its_column_once(plan: Plan) -> None:
    layers, _ = layered(plan)
    reduce_crossings(layers)
    found = [(node, column) for column in range(layers.count) for node in layers.column(column)]
    expected = [(k, node.column) for k, node in enumerate(layers.nodes)]
    assert sorted(found) == expected


def test_processes_that_feed_one_another_stand_in_a_row(make_plan: Callable[..., Plan]) -> None:
    plan = make_plan(
        ["source.y -> tx.x", "tx.y -> power.x", "tx.y -> air.x", "air.y -> rx.x", "rx.y -> out.x"],
        {"alice": ["source", "tx", "power"], "air": ["air"], "bob": ["rx", "out"]},
    )
    _, column = layered(plan)
    assert column == {"source": 0, "tx": 1, "power": 2, "air": 3, "rx": 4, "out": 5}


def test_processes_that_would_stretch_the_drawing_stand_beside_each_other(
    make_plan: Callable[..., Plan],
) -> None:
    plan = make_plan(
        ["a.y -> b.x", "b.y -> c.x", "c.y -> d.x", "a.y -> e.x", "e.y -> f.x", "f.y -> g.x"],
        {"long": ["a", "b", "c", "d"], "other": ["e", "f", "g"]},
    )
    layers, column = layered(plan)
    assert column["e"] == 1
    assert layers.count == 4


def test_wires_of_one_output_share_the_nodes_that_they_pass(
    make_plan: Callable[..., Plan],
) -> None:
    chain = ["a.y -> b.x", "b.y -> c.x", "c.y -> d.x", "c.y -> e.x"]
    one = layered(make_plan([*chain, "a.y -> d.w", "a.y -> e.w"]))[0]
    two = layered(make_plan([*chain, "a.y -> d.w", "a.z -> e.w"]))[0]
    assert len(one.nodes) == 5 + 2
    assert len(two.nodes) == 5 + 4


def test_crossings_that_need_not_be_are_removed(make_plan: Callable[..., Plan]) -> None:
    edges = [f"{a}.y -> {b}.x" for a, b in zip("abcdef", "zyxwvu", strict=True)]
    # Named the other way round, so that the targets do not stand in the order of the sources.
    plan = make_plan([*reversed(edges)])
    plan.blocks = {name: plan.blocks[name] for name in "abcdefuvwxyz"}
    layers, _ = layered(plan)
    assert crossings(layers) == 15
    reduce_crossings(layers)
    assert crossings(layers) == 0


def test_lanes_move_as_a_whole(make_plan: Callable[..., Plan]) -> None:
    plan = make_plan(
        ["a.y -> b.x", "c.y -> d.x", "b.y -> f.x", "d.y -> e.x"],
        {"p": ["a", "b"], "q": ["c", "d"], "r": ["e"], "s": ["f"]},
    )
    plan.blocks = {name: plan.blocks[name] for name in "abcdef"}
    layers, _ = layered(plan)
    assert crossings(layers) == 1
    reduce_crossings(layers)
    assert crossings(layers) == 0


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("shape", ["tree", "chains"])
def test_a_shuffled_graph_is_untangled(
    make_plan: Callable[..., Plan], shape: str, seed: int
) -> None:
    if shape == "tree":
        edges = [f"b{(k - 1) // 2}.y -> b{k}.x" for k in range(1, 31)]
    else:
        edges = [f"b{k}.y -> b{k + 8}.x" for k in range(32)]
    plan = make_plan(edges)
    names = list(plan.blocks)
    random.Random(seed).shuffle(names)
    plan.blocks = {name: plan.blocks[name] for name in names}
    layers, _ = layered(plan)
    assert crossings(layers) > 0
    reduce_crossings(layers)
    assert crossings(layers) == 0


@pytest.mark.parametrize("seed", range(8))
def test_no_exchange_of_neighbours_removes_a_crossing(
    make_plan: Callable[..., Plan], seed: int
) -> None:
    chance = random.Random(seed)
    edges = {
        f"b{chance.randrange(max(0, k - 9), k)}.y -> b{k}.x[{j}]"
        for k in range(1, 26)
        for j in "01"
    }
    layers, _ = layered(make_plan(sorted(edges), {"p": [f"b{k}" for k in range(0, 26, 3)]}))
    reduce_crossings(layers)
    fewest = crossings(layers)
    for stage in layers.stages:
        for lane in stage.lanes():
            for nodes in lane.columns.values():
                for k in range(len(nodes) - 1):
                    nodes[k], nodes[k + 1] = nodes[k + 1], nodes[k]
                    assert crossings(layers) >= fewest
                    nodes[k], nodes[k + 1] = nodes[k + 1], nodes[k]


def test_a_good_order_is_not_given_up_for_a_worse_one(make_plan: Callable[..., Plan]) -> None:
    # A graph on which the last sweep makes crossings where there were none.
    pairs = ["01x", "12x", "03x", "14x", "34w", "35x", "05w", "46x", "27x", "47w"]
    edges = [f"b{source}.y -> b{target}.{port}" for source, target, port in pairs]
    plan = make_plan(edges, {"p": ["b4", "b5", "b6"]})
    layers, _ = layered(plan)
    assert crossings(layers) == 0
    reduce_crossings(layers)
    assert crossings(layers) == 0
