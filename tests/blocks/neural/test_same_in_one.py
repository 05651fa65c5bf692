"""Whether several runs of a model may be one: found by trying, and never taken for granted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto

from semradio.blocks.api import ItemType
from semradio.blocks.neural.arn_receiver import ArnReceiver
from semradio.blocks.neural.eavesdropper import Eavesdropper
from semradio.blocks.neural.merged_model import Stage
from semradio.blocks.neural.model_block import OneToOneModelBlock
from semradio.blocks.neural.model_file import find_model
from semradio.blocks.neural.semantic_decoder import SemanticDecoder
from semradio.blocks.neural.unrounded import unrounded

FRAME = ItemType("float32", (23,))
TO_BYTES = [
    ("Mul", ["v", "peak"], ["scaled"]),
    ("Round", ["scaled"], ["round"]),
    ("Clip", ["round", "black", "peak"], ["clipped"]),
    ("Cast", ["clipped"], ["bytes"], {"to": TensorProto.UINT8}),
    ("Reshape", ["bytes", "shape"], ["y"]),
]
CONSTANTS = {
    "two": np.float32(2),
    "little": np.float32(1e-6),
    "first": np.int64(0),
    "peak": np.float32(255),
    "black": np.float32(0),
    "shape": np.array([0, 4, 1], np.int64),
}
DOUBLED: list[tuple[Any, ...]] = [("Mul", ["x", "two"], ["v"])]
COUNTED: list[tuple[Any, ...]] = [
    *[("Shape", ["x"], ["s"]), ("Gather", ["s", "first"], ["n"])],
    ("Cast", ["n"], ["m"], {"to": TensorProto.FLOAT}),
    ("Mul", ["m", "little"], ["few"]),
    ("Add", ["x", "few"], ["v"]),
]
"""A model whose last digits tell how many items there are."""


def started(block: OneToOneModelBlock, item: ItemType) -> OneToOneModelBlock:
    block.resolve({next(iter(block.inputs)): item})
    block.start()
    return block


@pytest.mark.parametrize(("nodes", "same"), [(DOUBLED, True), (COUNTED, False)])
@pytest.mark.parametrize("as_bytes", [False, True])
def test_what_shows_how_many_there_are_is_found(
    make_model: Any, nodes: list[Any], same: bool, as_bytes: bool
) -> None:
    if as_bytes:
        output: tuple[Any, ...] = ("y", ["n", 4, 1], TensorProto.UINT8)
        nodes = [*nodes, *TO_BYTES]
    else:
        nodes, output = [*nodes, ("Identity", ["v"], ["y"])], ("y", ["n", 4])
    used = {name for node in nodes for name in node[1]}
    constants = {k: v for k, v in CONSTANTS.items() if k in used}
    path = make_model(nodes, [("x", ["n", 4])], [output], constants)
    block = started(SemanticDecoder(model=str(path)), ItemType("float32", (4,)))
    assert block.same_in_one(32, 4) is same


def test_whole_numbers_that_were_not_rounded_say_nothing(make_model: Any) -> None:
    nodes = [("ArgMax", ["x"], ["y"], {"axis": 1, "keepdims": 1})]
    path = make_model(nodes, [("x", ["n", 4])], [("y", ["n", 1], TensorProto.INT64)])
    assert not started(SemanticDecoder(model=str(path)), ItemType("float32", (4,))).same_in_one(
        8, 4
    )


def test_a_model_of_fixed_batch_keeps_its_own_cuts(make_model: Any) -> None:
    nodes = [("Mul", ["x", "two"], ["y"])]
    constants = {"two": CONSTANTS["two"]}
    path = make_model(nodes, [("x", [32, 4])], [("y", [32, 4])], constants)
    assert not started(SemanticDecoder(model=str(path)), ItemType("float32", (4,))).same_in_one(
        8, 4
    )


@pytest.mark.parametrize("grid", [16, 48, 64])
@pytest.mark.parametrize(
    ("kind", "model"),
    [
        (ArnReceiver, "arn/bob"),
        (SemanticDecoder, "arn/decoder"),
        (Eavesdropper, "arn/eve"),
        (Eavesdropper, "arn/ensemble_eve"),
    ],
)
def test_what_is_promised_of_a_shipped_model_holds_for_other_items(
    kind: type[OneToOneModelBlock], model: str, grid: int
) -> None:
    block = started(kind(model=model), FRAME)
    if not block.same_in_one(grid, 4):
        pytest.skip("on this processor the cut shows, and stays as it is")
    x = np.random.default_rng(grid).standard_normal((4 * grid, 23)).astype(np.float32)
    whole, pieces = block.infer(x, 0).copy(), [block.infer(x[:grid], 0).copy()]
    pieces += [block.infer(x[k * grid : (k + 1) * grid], 0).copy() for k in (1, 2, 3)]
    assert whole.tobytes() == np.concatenate(pieces).tobytes()


def test_a_grid_that_leaves_a_rest_is_not_joined(make_model: Any) -> None:
    nodes = [("Mul", ["x", "two"], ["y"])]
    constants = {"two": CONSTANTS["two"]}
    path = make_model(nodes, [("x", ["n", 4])], [("y", ["n", 4])], constants)
    block = started(SemanticDecoder(model=str(path)), ItemType("float32", (4,)))
    assert [block.same_in_one(grid, 4) for grid in (1, 16, 40, 64)] == [False, True, False, True]
    more = started(SemanticDecoder(model=str(path), threads=2), ItemType("float32", (4,)))
    assert not more.same_in_one(64, 4)


def test_unrounded_numbers_are_those_that_are_rounded() -> None:
    path = find_model("arn/decoder")
    stage = Stage(Path(path).read_bytes(), "x", "image")
    session = onnxruntime.InferenceSession(path)
    assert [port.name for port in session.get_inputs()] == [stage.input]
    twin = onnxruntime.InferenceSession(unrounded(stage).data)
    x = np.random.default_rng(0).standard_normal((50, 23)).astype(np.float32)
    (given,), (before,) = (s.run(None, {stage.input: x}) for s in (session, twin))
    assert before.dtype == np.float32
    assert (before != np.rint(before)).any()
    np.testing.assert_array_equal(np.rint(before).astype(np.uint8), given.reshape(before.shape))
