"""Models that remember: the same however the stream is cut, and begun anew where a tag says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto

from semradio.blocks.api import ModelError, ParameterError, Tag
from semradio.blocks.neural.onnx_model import OnnxModel
from semradio.blocks.testing import check_block

CUTS = (None, 1, 2, 7, 64)
FEATURES, HIDDEN = 3, 4
LSTM_STATE = {"h_out": "h_in", "c_out": "c_in"}


def _random(*shape: int) -> np.ndarray:
    return np.random.default_rng(list(shape)).standard_normal(shape).astype(np.float32)


@pytest.fixture
def lstm(make_model) -> Path:
    """A recurrent layer, time first, as a framework exports it."""
    hidden = [1, 1, HIDDEN]
    return make_model(
        [
            (
                "LSTM",
                ["x", "W", "R", "B", "", "h_in", "c_in"],
                ["y", "h_out", "c_out"],
                {"hidden_size": HIDDEN},
            )
        ],
        [("x", ["time", 1, FEATURES]), ("h_in", hidden), ("c_in", hidden)],
        [("y", ["time", *hidden]), ("h_out", hidden), ("c_out", hidden)],
        {
            "W": _random(1, 4 * HIDDEN, FEATURES),
            "R": _random(1, 4 * HIDDEN, HIDDEN),
            "B": _random(1, 8 * HIDDEN),
        },
    )


@pytest.fixture(params=[1, "batch"])
def cell(make_model, request) -> Path:
    """One step, h' = tanh(x W + h R) and y = 2 h', of one sequence or of a batch of them."""
    rows = request.param
    return make_model(
        [
            ("MatMul", ["x", "W"], ["xw"]),
            ("MatMul", ["h_in", "R"], ["hr"]),
            ("Add", ["xw", "hr"], ["sum"]),
            ("Tanh", ["sum"], ["h_out"]),
            ("Add", ["h_out", "h_out"], ["y"]),
        ],
        [("x", [rows, FEATURES]), ("h_in", [rows, HIDDEN])],
        [("y", [rows, HIDDEN]), ("h_out", [rows, HIDDEN])],
        {"W": _random(FEATURES, HIDDEN), "R": _random(HIDDEN, HIDDEN)},
    )


def stepped(x: np.ndarray, resets: tuple[int, ...] = ()) -> np.ndarray:
    """Return what the cell gives, by NumPy."""
    w, r = _random(FEATURES, HIDDEN), _random(HIDDEN, HIDDEN)
    h, y = np.zeros(HIDDEN, np.float32), []
    for i, step in enumerate(x):
        h = np.tanh(step @ w + (np.zeros_like(h) if i in resets else h) @ r)
        y.append(2 * h)
    return np.array(y)


@pytest.mark.parametrize("chunk", CUTS)
def test_a_recurrent_layer_gives_what_one_run_over_all_time_gives(lstm, chunk):
    x = _random(100, 1, FEATURES)
    hidden = np.zeros((1, 1, HIDDEN), np.float32)
    session = onnxruntime.InferenceSession(lstm)
    (expected,) = session.run(["y"], {"x": x, "h_in": hidden, "c_in": hidden})
    block = OnnxModel(model=str(lstm), memory=LSTM_STATE)
    assert (list(block.inputs), list(block.outputs)) == (["x"], ["y"])
    y = block(x, chunk=chunk)
    np.testing.assert_allclose(y, expected, atol=1e-6)
    # The next stream begins anew.
    np.testing.assert_array_equal(block(x, chunk=chunk), y)


@pytest.mark.parametrize("chunk", CUTS)
def test_a_cell_is_stepped_item_by_item(cell, chunk):
    x = _random(50, FEATURES)
    y = OnnxModel(model=str(cell), memory={"h_out": "h_in"})(x, chunk=chunk)
    np.testing.assert_allclose(y, stepped(x), atol=1e-5)


@pytest.mark.parametrize("chunk", CUTS)
def test_a_tag_clears_the_memory_before_its_item(cell, chunk):
    x = _random(50, FEATURES)
    block = OnnxModel(model=str(cell), memory={"h_out": "h_in"}, reset_by="utterance")
    tags = [Tag(20, "utterance", 1), Tag(31, "other", 1), Tag(40, "utterance", 2)]
    y = block(x, chunk=chunk, tags=tags)
    np.testing.assert_allclose(y, stepped(x, (20, 40)), atol=1e-5)


def test_the_stream_law_holds_for_a_cell(cell):
    check_block(
        lambda: OnnxModel(model=str(cell), memory={"h_out": "h_in"}, reset_by="utterance"),
        [_random(40, FEATURES)],
        tags=[Tag(13, "utterance", 1)],
        exact=False,
    )


def test_the_stream_law_holds_for_a_recurrent_layer(lstm):
    make = lambda: OnnxModel(model=str(lstm), memory=LSTM_STATE)  # noqa: E731
    check_block(make, [_random(40, 1, FEATURES)], exact=False)


def test_memory_is_declared_state(cell):
    block = OnnxModel(model=str(cell), memory={"h_out": "h_in"})
    assert "held" in type(block).states
    assert block.held == {}


@pytest.mark.parametrize(
    ("memory", "reason"),
    [
        ({"h_aut": "h_in"}, r"no output 'h_aut' \(did you mean 'h_out'\?\)"),
        ({"h_out": "h"}, "no input 'h'"),
        ({"h_out": "h_in", "y": "h_in"}, "an input takes two outputs"),
    ],
)
def test_names_that_are_none_of_the_models(cell, memory, reason):
    with pytest.raises(ParameterError, match=reason):
        OnnxModel(model=str(cell), memory=memory)


def test_a_tag_that_clears_nothing(linear):
    with pytest.raises(ParameterError, match="'memory' names none"):
        OnnxModel(model=str(linear), reset_by="frame")


def _model(make_model, nodes, ports_in, ports_out, constants=None):
    return str(make_model(nodes, ports_in, ports_out, constants or {}))


def test_a_state_of_another_type_or_shape(make_model):
    cast = [("Cast", ["h"], ["g"], {"to": TensorProto.INT64}), ("Identity", ["x"], ["y"])]
    path = _model(
        make_model,
        cast,
        [("x", [1, 2]), ("h", [1])],
        [("y", [1, 2]), ("g", [1], TensorProto.INT64)],
    )
    with pytest.raises(ModelError, match=r"'g' cannot be the state 'h': g: int64\[1\] is no h: fl"):
        OnnxModel(model=path, memory={"g": "h"})
    longer = [("Concat", ["h", "h"], ["g"], {"axis": 0}), ("Identity", ["x"], ["y"])]
    path = _model(make_model, longer, [("x", [1, 2]), ("h", [1])], [("y", [1, 2]), ("g", None)])
    with pytest.raises(ModelError, match=r"state 'h' of shape \[1\] comes back as \[2\]"):
        OnnxModel(model=path, memory={"g": "h"})(_random(4, 2))


def test_several_items_at_a_fixed_length(make_model):
    nodes = [("Identity", ["h"], ["g"]), ("Identity", ["x"], ["y"])]
    path = _model(make_model, nodes, [("x", [4, 2]), ("h", [1])], [("y", [4, 2]), ("g", [1])])
    with pytest.raises(ModelError, match="first axis has the fixed length 4"):
        OnnxModel(model=path, memory={"g": "h"})


@pytest.mark.parametrize("reverse", [0, 1])
def test_a_memory_that_is_not_declared_is_found(make_model, reverse):
    # A running sum over the run's own items, from the front or, looking ahead, from the end.
    nodes = [
        ("CumSum", ["x", "axis"], ["y"], {"reverse": reverse}),
        ("Identity", ["h"], ["g"]),
    ]
    path = _model(
        make_model,
        nodes,
        [("x", ["time", 2]), ("h", [1])],
        [("y", ["time", 2]), ("g", [1])],
        {"axis": np.array(0)},
    )
    with pytest.raises(ModelError, match="changes with how the stream is cut"):
        OnnxModel(model=path, memory={"g": "h"})(_random(6, 2))
