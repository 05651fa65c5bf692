"""Model blocks in a row as one session: the same to the last bit, and the same errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from semradio.blocks.api import BlockError, ItemType, ModelError
from semradio.blocks.neural.arn_receiver import ArnReceiver
from semradio.blocks.neural.arn_transmitter import ArnTransmitter
from semradio.blocks.neural.eavesdropper import Eavesdropper
from semradio.blocks.neural.merged_model import Stage, merge
from semradio.blocks.neural.model_block import OneToOneModelBlock
from semradio.blocks.neural.model_chain import ModelChain, obstacle
from semradio.blocks.neural.onnx_model import OnnxModel
from semradio.blocks.neural.onnx_session import OnnxSession
from semradio.blocks.neural.semantic_decoder import SemanticDecoder
from semradio.blocks.neural.semantic_encoder import SemanticEncoder

IMAGE, FRAME = ItemType("uint8", (28, 28)), ItemType("float32", (23,))


def started(item: ItemType, *blocks: OneToOneModelBlock) -> list[OneToOneModelBlock]:
    """Resolve and start blocks that feed each other."""
    for block in blocks:
        given = block.resolve({next(iter(block.inputs)): item})
        block.start()
        item = next(iter(given.values()))
    return list(blocks)


def sender() -> list[OneToOneModelBlock]:
    return started(IMAGE, SemanticEncoder(model="arn/encoder"), ArnTransmitter(model="arn/alice"))


def receiver() -> list[OneToOneModelBlock]:
    return started(FRAME, ArnReceiver(model="arn/bob"), SemanticDecoder(model="arn/decoder"))


def images(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 28, 28), np.uint8)


def frames(count: int) -> np.ndarray:
    return 0.2 * np.random.default_rng(count).standard_normal((count, 23)).astype(np.float32)


@pytest.mark.parametrize(("make", "items"), [(sender, images), (receiver, frames)])
def test_the_results_are_those_of_the_blocks_one_by_one(make, items):
    blocks = make()
    chain = ModelChain(blocks)
    for count in (1, 1, 1, 2, 3, 8, 8, 8, 31, 64, 256, 1000):
        x = items(count)
        y = blocks[0].work(x, 0)
        expected = [y, blocks[1].work(y, 0)]
        for found, wanted in zip(chain.work(x, 0), expected, strict=True):
            assert found.dtype == wanted.dtype
            assert found.tobytes() == wanted.tobytes()


def test_a_whole_link_without_its_channel():
    blocks = [*sender(), *receiver()]
    x = images(40)
    found = ModelChain(blocks).work(x, 0)
    for block, y in zip(blocks, found, strict=True):
        x = block.work(x, 0)
        assert x.tobytes() == y.tobytes()


def test_the_last_may_give_several_outputs():
    blocks = started(FRAME, ArnReceiver(model="arn/bob"), Eavesdropper(model="arn/eve"))
    blocks[1].wanted = frozenset({"logits", "label"})
    restored, guessed = ModelChain(blocks).work(frames(30), 0)
    expected = blocks[1].work(restored, 0)
    assert len(guessed) == len(expected) == 3
    for a, b in zip(guessed, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_nan_is_refused_by_the_block_that_meets_it():
    x = frames(9)
    x[5, 3] = np.nan
    with pytest.raises(BlockError, match=r"block 'arn_receiver', item 70: .*'y' .* at item 75$"):
        ModelChain(receiver()).work(x, 70)


def test_infinity_between_the_blocks_names_the_second(tmp_path, weights):
    first = write(tmp_path / "first.onnx", [helper.make_node("Exp", ["x"], ["y"])], 5, 5)
    second = write(tmp_path / "second.onnx", [helper.make_node("Sigmoid", ["x"], ["y"])], 5, 5)
    blocks = started(
        ItemType("float32", (5,)),
        SemanticDecoder(model=str(first), name="one"),
        SemanticDecoder(model=str(second), name="two"),
    )
    chain = ModelChain(blocks)
    x = np.zeros((4, 5), np.float32)
    assert chain.work(x, 0)[1] == pytest.approx(np.full((4, 5), 1 / (1 + np.exp(-1))))
    x[2, 1] = 1000
    with pytest.raises(BlockError, match=r"block 'two', item 8: input 'x' .* at item 10$"):
        chain.work(x, 8)
    x[2, 1] = 80  # finite, though the sum of its squares is not
    np.testing.assert_array_equal(chain.work(x, 0)[1], blocks[1].work(blocks[0].work(x, 0), 0))


@pytest.mark.parametrize(
    ("operators", "name"), [(("Sqrt", "Neg"), "one"), (("Neg", "Sqrt"), "two")]
)
def test_nan_of_finite_input_names_the_block_whose_model_makes_it(tmp_path, operators, name):
    paths = [
        write(tmp_path / f"{operator}.onnx", [helper.make_node(operator, ["x"], ["y"])], 5, 5)
        for operator in operators
    ]
    blocks = started(
        ItemType("float32", (5,)),
        SemanticDecoder(model=str(paths[0]), name="one"),
        SemanticDecoder(model=str(paths[1]), name="two"),
    )
    x = np.zeros((4, 5), np.float32)
    x[2, 1] = -1 if name == "one" else 1
    with pytest.raises(
        BlockError, match=rf"block '{name}', item 8: .*Sqrt.*'y' is NaN .* item 10$"
    ):
        ModelChain(blocks).work(x, 8)


def test_errors_of_the_runtime_name_the_block_too(tmp_path):
    # The second divides integers by what it is given.
    first = write(tmp_path / "a.onnx", [helper.make_node("Identity", ["x"], ["y"])], 2, 2)
    table = numpy_helper.from_array(np.ones((4, 2), np.float32), "table")
    nodes = [
        helper.make_node("Cast", ["x"], ["index"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "index"], ["rows"]),
        helper.make_node("ReduceSum", ["rows", "axes"], ["y"], keepdims=0),
    ]
    axes = numpy_helper.from_array(np.array([2], np.int64), "axes")
    second = write(tmp_path / "b.onnx", nodes, 2, 2, [table, axes])
    blocks = started(
        ItemType("float32", (2,)),
        SemanticDecoder(model=str(first), name="one"),
        SemanticDecoder(model=str(second), name="two"),
    )
    chain = ModelChain(blocks)
    np.testing.assert_array_equal(chain.work(np.ones((3, 2), np.float32), 0)[1], np.full((3, 2), 2))
    with pytest.raises(BlockError, match=r"block 'two', item 3: model .*b\.onnx: .*out of"):
        chain.work(np.full((3, 2), 9, np.float32), 3)


def test_a_chain_acts_while_all_its_blocks_do():
    blocks = receiver()
    chain = ModelChain(blocks)
    assert chain.acts
    blocks[0].protected = False
    assert not chain.acts
    blocks[0].protected = True
    blocks[1].enabled = False
    assert not chain.acts


def test_obstacles_are_told(linear, make_model, weights):
    encoder, alice = sender()
    assert obstacle(encoder, alice) is None
    patient = started(FRAME, ArnTransmitter(model="arn/alice", max_latency=1.0))[0]
    assert "waits for company" in str(obstacle(encoder, patient))
    threads = started(FRAME, ArnTransmitter(model="arn/alice", threads=2))[0]
    assert "differ in providers or threads" in str(obstacle(encoder, threads))
    assert "none that runs one model" in str(obstacle(OnnxModel(model=str(linear)), alice))
    path = make_model(
        [("MatMul", ["x", "W"], ["y"])], [("x", [4, 5])], [("y", [4, 3])], {"W": weights}
    )
    fixed = SemanticDecoder(model=str(path))
    assert "batches of 4" in str(obstacle(fixed, fixed))
    with pytest.raises(ModelError, match="waits for company"):
        ModelChain([encoder, patient])


def write(
    path: Path,
    nodes: list[onnx.NodeProto],
    taken: int,
    given: int,
    constants: list[onnx.TensorProto] | None = None,
    opset: int = 17,
) -> Path:
    """Write a model float32[n, taken] -> float32[n, given] from 'x' to 'y'."""
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])
        for name, size in (("x", taken), ("y", given))
    ]
    graph = helper.make_graph(nodes, "graph", ports[:1], ports[1:], constants or [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    onnx.save(model, path)
    return path


def stage(path: Path) -> Stage:
    return Stage(path.read_bytes(), "x", "y")


def test_names_that_both_models_use_stay_apart(tmp_path):
    # Equal names of values, weights and nodes, a branch that looks outside, an omitted input.
    rng = np.random.default_rng(4)
    paths, expected = [], rng.standard_normal((6, 3)).astype(np.float32)
    x = expected
    for k in range(3):
        w = rng.standard_normal((3, 3)).astype(np.float32)
        branches = {
            f"{name}_branch": helper.make_graph(
                [helper.make_node(operator, ["h", "w0"], ["b"])],
                name,
                [],
                [helper.make_tensor_value_info("b", TensorProto.FLOAT, ["n", 3])],
                [numpy_helper.from_array(np.float32(k + 2), "w0")],
            )
            for name, operator in (("then", "Mul"), ("else", "Add"))
        }
        nodes = [
            helper.make_node("MatMul", ["x", "W"], ["h"], name="node"),
            helper.make_node("If", ["flag"], ["i"], name="if", **branches),
            helper.make_node("Clip", ["i", "", "most"], ["y"], name="clip"),
        ]
        constants = [
            numpy_helper.from_array(w, "W"),
            numpy_helper.from_array(np.array(k % 2 == 0), "flag"),
            numpy_helper.from_array(np.float32(0.5), "most"),
        ]
        paths.append(write(tmp_path / f"{k}.onnx", nodes, 3, 3, constants))
        h = expected @ w
        expected = np.minimum(h * np.float32(k + 2) if k % 2 == 0 else h + np.float32(k + 2), 0.5)
    merged = merge([stage(path) for path in paths])
    onnx.checker.check_model(onnx.load_from_string(merged.data), full_check=True)
    session = OnnxSession(Path("merged"), data=merged.data)
    *_, found = session.run(merged.outputs, {merged.input: x})
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_models_that_do_not_merge(tmp_path, make_model, weights):
    relu = [helper.make_node("Relu", ["x"], ["y"])]
    old, new = (write(tmp_path / f"{n}.onnx", relu, 5, 5, opset=n) for n in (17, 18))
    with pytest.raises(ModelError, match=r"versions 17 and 18 of the operator set 'ai\.onnx'"):
        merge([stage(old), stage(new)])
    outside = make_model(
        [("MatMul", ["x", "W"], ["y"])],
        [("x", ["n", 5])],
        [("y", ["n", 3])],
        {"W": weights},
        external="weights.bin",
    )
    with pytest.raises(ModelError, match="weights in files of their own"):
        merge([stage(old), stage(outside)])
    with pytest.raises(ModelError, match="model 2 of a row is damaged"):
        merge([stage(old), Stage(old.read_bytes()[:-7], "x", "y")])
