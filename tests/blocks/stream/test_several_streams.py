"""selector, stream_mux and interleave: what they refuse, and what changes on the way."""

from __future__ import annotations

import numpy as np
import pytest

from semradio.blocks.api import ItemType, ItemTypeError, ParameterError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.stream.interleave import Interleave
from semradio.blocks.stream.selector import Selector
from semradio.blocks.stream.stream_mux import StreamMux
from semradio.flowgraphs import Flowgraph

A, B = np.arange(10, dtype=np.float32), -np.arange(10, dtype=np.float32)


def test_selector_changes_over_at_an_item() -> None:
    block = Selector(name="which")
    with Harness(block, {"x[0]": ItemType.of(A), "x[1]": ItemType.of(B)}) as harness:
        harness.push(A[:4], B[:4])
        harness.change({"input_index": 1})
        harness.push(A[4:], B[4:])
        harness.end()
        assert harness.outputs()[0].tolist() == [0, 1, 2, 3, -4, -5, -6, -7, -8, -9]
        assert harness.tags() == [[Tag(4, "which.input_index", 1)]]


def test_what_selector_and_mux_refuse() -> None:
    with pytest.raises(ParameterError, match="'input_index' must be from 0 to 1, not 2"):
        Selector(input_index=2)
    for lengths in ([], [1, 0]):
        with pytest.raises(ParameterError, match="'lengths' must hold 1 to 1024 lengths"):
            StreamMux(lengths=lengths)
    with pytest.raises(ItemTypeError, match=r"'x\[1\]'.*vectors of 5 items, not float32\[2\]"):
        StreamMux(lengths=[2, 5])(A.reshape(5, 2), A.reshape(5, 2))
    with pytest.raises(ItemTypeError, match="must be vectors of one type, not float32"):
        StreamMux(lengths=[2, 2])(A.reshape(5, 2), A.reshape(5, 2).astype(np.int8))


def test_interleave_says_what_it_leaves_out() -> None:
    block = Interleave(blocksize=4)
    assert len(block(A, B)) == 16
    assert block.notes == ["the last 2 items do not fill a step of 4 and were left out"]


def test_mux_in_a_flowgraph() -> None:
    graph = Flowgraph.load(
        """
        flowgraph: framed
        blocks:
          head: {block: vector_source, data: [7.0, 8.0], repeat: true}
          body: {block: vector_source, data: [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}
          heads: {block: stream_to_vector, length: 2}
          bodies: {block: stream_to_vector, length: 3}
          mux: {block: stream_mux, lengths: [2, 3]}
          sink: {block: vector_sink}
        connections:
          - head -> heads -> mux.x[0]
          - body -> bodies -> mux.x[1]
          - mux -> sink
        """
    )
    assert graph.run()["sink"]["data"] == [7, 8, 1, 2, 3, 7, 8, 4, 5, 6]
