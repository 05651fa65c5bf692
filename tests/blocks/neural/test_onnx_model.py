"""Any ONNX model as a block: ports from the file, batches, and models that do not fit."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
from onnx import TensorProto

from semradio.blocks.api import BlockError, ItemType, ItemTypeError, ModelError, ParameterError
from semradio.blocks.api.harness import Harness
from semradio.blocks.neural.onnx_model import OnnxModel

CUTS = (None, 1, 2, 7, 64)


def _random(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("chunk", CUTS)
def test_the_result_is_the_models_however_the_stream_is_cut(linear, weights, chunk):
    x = _random(100, 5)
    y = OnnxModel(model=str(linear))(x, chunk=chunk)
    np.testing.assert_allclose(y, x @ weights, atol=1e-5)


def test_ports_have_the_models_names_order_and_types(make_model):
    path = make_model(
        [("Add", ["b in", "a.1"], ["sum"]), ("Mul", ["a.1", "b in"], ["product"])],
        [("b in", ["n", 2, 4]), ("a.1", ["n", 2, 4])],
        [("product", ["n", 2, 4]), ("sum", ["n", 2, 4])],
    )
    block = OnnxModel(model=str(path))
    assert list(block.inputs) == ["b in", "a.1"]
    assert list(block.outputs) == ["product", "sum"]
    item = ItemType("float32", (2, 4))
    assert block.resolve({"b in": item, "a.1": item}) == {"product": item, "sum": item}
    a, b = _random(9, 2, 4), 2 * _random(9, 2, 4)
    product, total = block(b, a, chunk=4)
    np.testing.assert_allclose(product, a * b, rtol=1e-6)
    np.testing.assert_allclose(total, a + b, rtol=1e-6)


@pytest.mark.parametrize(
    ("element", "dtype"),
    [
        (TensorProto.FLOAT, "float32"),
        (TensorProto.FLOAT16, "float16"),
        (TensorProto.DOUBLE, "float64"),
        (TensorProto.UINT8, "uint8"),
        (TensorProto.INT64, "int64"),
        (TensorProto.BOOL, "bool"),
    ],
)
def test_every_dtype_of_a_stream(make_model, element, dtype):
    path = make_model(
        [("Identity", ["x"], ["y"])], [("x", ["n"], element)], [("y", ["n"], element)]
    )
    x = np.array([0, 1, 1, 0, 1]).astype(dtype)
    y = OnnxModel(model=str(path))(x, chunk=2)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y, x)


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("chunk", CUTS)
def test_a_fixed_batch_is_run_in_groups(make_model, weights, batch, chunk):
    path = make_model(
        [("MatMul", ["x", "W"], ["y"])], [("x", [batch, 5])], [("y", [batch, 3])], {"W": weights}
    )
    x = _random(10, 5)
    y = OnnxModel(model=str(path))(x, chunk=chunk)
    assert y.shape == (10, 3)
    np.testing.assert_allclose(y, x @ weights, atol=1e-5)


@pytest.mark.parametrize("length", [3, 8])
def test_open_axes_take_the_size_of_what_is_connected(make_model, length):
    path = make_model(
        [("Concat", ["x", "x"], ["y"], {"axis": 1})], [("x", ["n", "length"])], [("y", None)]
    )
    block = OnnxModel(model=str(path))
    x = _random(6, length)
    np.testing.assert_array_equal(block(x), np.concatenate([x, x], axis=1))
    assert block.output_item_types["y"] == ItemType("float32", (2 * length,))


def test_a_wrong_item_type_is_refused_before_anything_runs(linear):
    block = OnnxModel(model=str(linear))
    for item in (ItemType("float64", (5,)), ItemType("float32", (6,)), ItemType("float32")):
        with pytest.raises(ItemTypeError, match=r"input 'x' .* takes float32\[5\], not"):
            block.resolve({"x": item})


@pytest.mark.parametrize(
    ("nodes", "inputs", "outputs", "reason"),
    [
        (
            [("Identity", ["x"], ["y"])],
            [("x", ["n"], TensorProto.STRING)],
            [("y", ["n"], TensorProto.STRING)],
            r"input 'x' takes tensor\(string\)",
        ),
        (
            [("Identity", ["x"], ["y"])],
            [("x", [])],
            [("y", [])],
            "input 'x' has no batch axis",
        ),
        (
            [("Identity", ["x"], ["y"])],
            [("x", ["n", 0])],
            [("y", ["n", 0])],
            "axis of length 0",
        ),
        (
            [("Add", ["x", "h"], ["y"])],
            [("x", ["n", 2]), ("h", [1, 2])],
            [("y", ["n", 2])],
            r"differ in their batch axis: x: float32\[n,2\], h: float32\[1,2\]",
        ),
        (
            [("Constant", [], ["y"], {"value_floats": [1.0, 2.0]})],
            [],
            [("y", [2])],
            "has no inputs",
        ),
    ],
)
def test_ports_that_no_stream_can_feed_are_refused(make_model, nodes, inputs, outputs, reason):
    path = make_model(nodes, inputs, outputs)
    with pytest.raises(ModelError, match=reason):
        OnnxModel(model=str(path))


@pytest.mark.parametrize(
    ("nodes", "shape", "reason"),
    [
        ([("Slice", ["x", "zero", "one"], ["y"])], [None, 2], "gives 1 rows for 3 items"),
        ([("ReduceSum", ["x"], ["y"], {"keepdims": 0})], None, "gives no rows for 3 items"),
        ([("Concat", ["x", "x"], ["y"], {"axis": 0})], [None, 2], "gives 6 rows for 3 items"),
        (
            [("Cast", ["x"], ["y"], {"to": TensorProto.STRING})],
            None,
            "output 'y' gives object, which no stream carries",
        ),
    ],
)
def test_outputs_that_are_no_stream_are_refused(make_model, nodes, shape, reason):
    element = TensorProto.STRING if nodes[0][0] == "Cast" else TensorProto.FLOAT
    constants = {"zero": np.array([0]), "one": np.array([1])}
    path = make_model(nodes, [("x", ["n", 2])], [("y", shape, element)], constants)
    block = OnnxModel(model=str(path))
    with pytest.raises(ModelError, match=reason):
        block.resolve({"x": ItemType("float32", (2,))})


def _batch_normalising(make_model):
    """Divide by the batch's mean power: what a training-time normalisation left in does."""
    return make_model(
        [
            ("ReduceSumSquare", ["x"], ["energy"], {"keepdims": 1, "axes": [0, 1]}),
            ("Sqrt", ["energy"], ["norm"]),
            ("Div", ["x", "norm"], ["y"]),
        ],
        [("x", ["n", 4])],
        [("y", ["n", 4])],
    )


def _noisy(make_model):
    return make_model(
        [("RandomNormalLike", ["x"], ["noise"]), ("Add", ["x", "noise"], ["y"])],
        [("x", ["n", 4])],
        [("y", ["n", 4])],
    )


@pytest.mark.parametrize("make", [_batch_normalising, _noisy])
def test_a_model_whose_items_depend_on_their_batch_is_refused(make_model, make):
    path = make(make_model)
    with pytest.raises(ModelError, match="max_batch: 1"):
        OnnxModel(model=str(path))(_random(4, 4))


def _running_sum(make_model, first):
    """Add up along the first axis: the first item stays, whatever follows it."""
    return make_model(
        [("CumSum", ["x", "axis"], ["y"])],
        [("x", [first, 4])],
        [("y", [first, 4])],
        {"axis": np.array(0)},
    )


def _from_behind(make_model, first):
    """The same from the end: the last item stays."""
    return make_model(
        [("CumSum", ["x", "axis"], ["y"], {"reverse": 1})],
        [("x", [first, 4])],
        [("y", [first, 4])],
        {"axis": np.array(0)},
    )


@pytest.mark.parametrize("make", [_running_sum, _from_behind])
@pytest.mark.parametrize("first", ["time", 2, 5])
def test_a_recurrence_along_the_first_axis_is_refused(make_model, make, first):
    with pytest.raises(ModelError, match="changes with the other items of its batch"):
        OnnxModel(model=str(make(make_model, first)))(_random(6, 4))


def test_only_one_item_that_depends_on_one_other_is_refused(make_model):
    # Item 2 of each five gets a part of item 4.
    mixing = np.eye(5, dtype=np.float32)
    mixing[2, 4] = 0.5
    path = make_model(
        [("MatMul", ["M", "x"], ["y"])], [("x", [5, 4])], [("y", [5, 4])], {"M": mixing}
    )
    with pytest.raises(ModelError, match="changes with the other items of its batch"):
        OnnxModel(model=str(path))(_random(5, 4))


def test_an_open_axis_behind_a_fixed_one_is_told_from_a_fixed_batch(make_model):
    # [time, sequence, 3] with two steps of time: the items are counted by the second axis.
    nodes = [("CumSum", ["x", "axis"], ["y"])]
    axis = {"axis": np.array(0)}
    ports = [("x", [2, "sequence", 3])], [("y", [2, "sequence", 3])]
    with pytest.raises(ModelError, match=r"fixed length 2 while axis 1 of 'x' is open: .*first"):
        OnnxModel(model=str(make_model(nodes, *ports, axis)))(_random(6, 4, 3))


@pytest.mark.parametrize("chunk", [None, 1, 8])
def test_nan_of_finite_input_names_model_output_and_item(make_model, chunk):
    path = make_model(
        [("Sqrt", ["x"], ["root"]), ("Neg", ["x"], ["minus"])],
        [("x", ["n", 2])],
        [("minus", ["n", 2]), ("root", ["n", 2])],
    )
    x = np.abs(_random(20, 2))
    x[13, 1] = -1
    with pytest.raises(
        BlockError, match=r"model .*model\.onnx: output 'root' is NaN for finite input, .* item 13$"
    ):
        OnnxModel(model=str(path))(x, chunk=chunk)


def test_infinity_of_a_model_passes(make_model):
    path = make_model([("Log", ["x"], ["y"])], [("x", ["n", 2])], [("y", ["n", 2])])
    y = OnnxModel(model=str(path))(np.array([[0, 1], [1, 1]], np.float32))
    np.testing.assert_array_equal(y, [[-np.inf, 0], [0, 0]])


def test_item_by_item_such_a_model_runs(make_model):
    x = _random(6, 4)
    y = OnnxModel(model=str(_batch_normalising(make_model)), max_batch=1)(x)
    np.testing.assert_allclose(y, x / np.linalg.norm(x, axis=1, keepdims=True), rtol=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("chunk", [None, 1, 8])
def test_nan_and_infinity_name_the_input_and_the_item(make_model, value, chunk):
    path = make_model(
        [("Add", ["x", "h"], ["y"])], [("x", ["n", 2]), ("h", ["n", 2])], [("y", ["n", 2])]
    )
    x, h = _random(20, 2), _random(20, 2)
    h[13, 1] = value
    with pytest.raises(BlockError, match=r"input 'h' carries NaN or infinity, first at item 13$"):
        OnnxModel(model=str(path))(x, h, chunk=chunk)


def test_large_finite_values_are_no_infinity(linear, weights):
    x = np.full((3, 5), 1e30, np.float32)
    np.testing.assert_allclose(OnnxModel(model=str(linear))(x), x @ weights, rtol=1e-4)


def test_read_only_and_strided_inputs(linear, weights):
    block = OnnxModel(model=str(linear))
    x = _random(5, 10).T[:, :5]
    frozen = np.ascontiguousarray(x)
    frozen.flags.writeable = False
    np.testing.assert_allclose(block(x), x @ weights, atol=1e-5)
    np.testing.assert_allclose(block(frozen), x @ weights, atol=1e-5)


def test_a_failure_inside_the_model_is_one_line_that_names_it(make_model, capfd):
    path = make_model(
        [("Gather", ["table", "x"], ["y"])],
        [("x", ["n"], TensorProto.INT64)],
        [("y", ["n", 2])],
        {"table": np.arange(6, dtype=np.float32).reshape(3, 2)},
    )
    block = OnnxModel(model=str(path))
    np.testing.assert_array_equal(block(np.array([2, 0])), [[4, 5], [0, 1]])
    with pytest.raises(BlockError, match=r"block 'onnx_model', item 0: model .*model\.onnx: ") as e:
        block(np.array([0, 7]))
    assert "\n" not in str(e.value)
    assert capfd.readouterr() == ("", "")


def test_a_missing_provider_lists_those_at_hand(linear):
    with pytest.raises(ParameterError, match=r"'rocket' is not available.*CPUExecutionProvider"):
        OnnxModel(model=str(linear), providers=["rocket"])
    block = OnnxModel(model=str(linear), providers=["CPUExecutionProvider"], threads=2)
    assert block(_random(2, 5)).shape == (2, 3)


def test_max_batch_bounds_each_run(linear, monkeypatch):
    block = OnnxModel(model=str(linear), max_batch=8)
    sizes = []
    with Harness(block, {"x": ItemType("float32", (5,))}) as harness:
        work = block.work
        monkeypatch.setattr(block, "work", lambda x, at: (sizes.append(len(x)), work(x, at))[1])
        harness.push(_random(30, 5))
        harness.end()
    assert sizes == [8, 8, 8, 6]


def test_items_wait_for_company_no_longer_than_allowed(linear):
    x = _random(6, 5)
    block = OnnxModel(model=str(linear), max_batch=4, max_latency=1.0)
    with Harness(block, {"x": ItemType("float32", (5,))}) as harness:
        started = time.monotonic()
        harness.push(x[:1])
        while len(harness.outputs()[0]) < 1:
            harness.run()
        assert 0.8 < time.monotonic() - started < 60
    block = OnnxModel(model=str(linear), max_batch=4, max_latency=60.0)
    with Harness(block, {"x": ItemType("float32", (5,))}) as harness:
        started = time.monotonic()
        harness.push(x[:1])
        assert len(harness.outputs()[0]) == 0
        harness.push(x[1:5])
        assert len(harness.outputs()[0]) == 4  # a full batch does not wait
        harness.push(x[5:])
        harness.end()  # nor do the last ones, when no company can come
        assert len(harness.outputs()[0]) == 6
        assert time.monotonic() - started < 60


def test_without_latency_nothing_waits(linear):
    assert not OnnxModel(model=str(linear)).waits


def test_running_a_model_imports_neither_torch_nor_onnx(linear):
    program = (
        "import sys, numpy; from semradio.blocks.api import find; "
        f"find('onnx_model')(model={str(linear)!r})(numpy.ones((3, 5), numpy.float32)); "
        "print([n for n in ('torch', 'onnx', 'semradio.export') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.parametrize(("outputs", "kind"), [(["a"], np.ndarray), (["a", "b"], tuple)])
def test_work_gives_a_bare_array_for_a_single_output(make_model, outputs, kind):
    path = make_model(
        [("Neg", ["x"], [name]) for name in outputs],
        [("x", ["n", 5])],
        [(name, ["n", 5]) for name in outputs],
    )
    block = OnnxModel(model=str(path))
    with Harness(block, {"x": ItemType("float32", (5,))}):
        assert isinstance(block.work(_random(4, 5), 0), kind)
