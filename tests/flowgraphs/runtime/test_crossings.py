"""Streams between processes: both ends know each by the same number."""

from __future__ import annotations

from pathlib import Path

import pytest

from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.plan import FlowgraphError
from semradio.flowgraphs.runtime.edges.crossing import Crossing, crossings

LINK = """
flowgraph: link
blocks:
  source: {block: vector_source, data: [1.0, 2.0]}
  air:    {block: awgn_channel, seed: 1}
  first:  {block: signal_power}
  second: {block: signal_power}
  model:  {block: onnx_model, model: MODEL}
  third:  {block: vector_sink}
connections:
  - source -> air -> first
  - air -> second
  - source -> model.image
  - model.latent -> third
processes: {alice: [source], air: [air], bob: [first, second], eve: [model], fred: [third]}
"""


def of(process: str, text: str = LINK) -> list[Crossing]:
    graph = Flowgraph.load(text).check(process)
    assert set(graph.blocks) == set(graph.plan.processes[process].blocks)
    return crossings(graph.plan, graph.edge_types, 64, process)


def test_both_ends_have_the_same_numbers() -> None:
    found = {process: of(process) for process in ("alice", "air", "bob")}
    ends = {
        name: [(c.number, c.sender, c.receiver, len(c.edges)) for c in crossings_of]
        for name, crossings_of in found.items()
    }
    assert ends == {
        "alice": [(0, "alice", "air", 1), (2, "alice", "eve", 1)],
        "air": [(0, "alice", "air", 1), (1, "air", "bob", 2)],
        "bob": [(1, "air", "bob", 2)],
    }
    assert found["air"][1] == found["bob"][0]


def test_a_host_needs_no_models_but_its_own_and_those_before(tmp_path: Path) -> None:
    # The ports are named there, for only the model knows which is the first.
    text = LINK.replace("MODEL", str(tmp_path / "elsewhere.onnx"))
    assert [c.number for c in of("bob", text)] == [1]
    for process in ("eve", "fred"):
        with pytest.raises(FlowgraphError, match=r"'model'.*elsewhere\.onnx"):
            of(process, text)
