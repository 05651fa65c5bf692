"""Inputs of a model that are told a number by a parameter or a tag."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from semradio.blocks.api import BlockError, ParameterError, Tag
from semradio.blocks.neural.onnx_model import OnnxModel
from semradio.blocks.testing import check_block
from semradio.flowgraphs import Flowgraph

X = np.random.default_rng(3).standard_normal((60, 3)).astype(np.float32)


@pytest.fixture(params=["a row for each item", "one number", "a list of one"])
def scaled(make_model, request) -> Path:
    """y = x * gain + offset; how the gain is declared differs, and the offset is an integer."""
    shape = {"a row for each item": ["n", 1], "one number": [], "a list of one": [1]}[request.param]
    return make_model(
        [
            ("Mul", ["x", "gain"], ["xg"]),
            ("Cast", ["offset"], ["o"], {"to": TensorProto.FLOAT}),
            ("Add", ["xg", "o"], ["y"]),
        ],
        [("x", ["n", 3]), ("gain", shape), ("offset", ["n", 1], TensorProto.INT64)],
        [("y", ["n", 3])],
    )


def test_a_tag_tells_from_its_item_on(scaled: Path) -> None:
    gain = np.full((60, 1), 2, np.float32)
    gain[20:], gain[41:] = 0.5, -3
    check_block(
        lambda: OnnxModel(
            model=str(scaled),
            told={"gain": 2.0, "offset": 4},
            told_by={"gain": "gain_at_bob"},
            max_batch=7,
        ),
        [X],
        expected=X * gain + 4,
        tags=[Tag(20, "gain_at_bob", 0.5), Tag(30, "other", 9), Tag(41, "gain_at_bob", -3)],
        exact=False,
    )


def test_a_model_of_fixed_batch_is_told_a_row_for_each(make_model) -> None:
    model = make_model(
        [("Mul", ["x", "gain"], ["y"])], [("x", [4, 3]), ("gain", [4, 1])], [("y", [4, 3])]
    )
    block = OnnxModel(model=str(model), told={"gain": 3})
    np.testing.assert_allclose(block(X[:6]), 3 * X[:6])


def test_a_model_that_remembers_is_told_as_well(make_model) -> None:
    model = make_model(
        [("Mul", ["h", "keep"], ["hk"]), ("Add", ["x", "hk"], ["y"]), ("Identity", ["y"], ["k"])],
        [("x", [1, 3]), ("h", [1, 3]), ("keep", [1])],
        [("y", [1, 3]), ("k", [1, 3])],
    )
    expected, held = np.empty_like(X), np.zeros(3, np.float32)
    for i, x in enumerate(X):
        held = expected[i] = x + held * (0.5 if i < 25 else 0.25)
    check_block(
        lambda: OnnxModel(
            model=str(model), memory={"k": "h"}, told={"keep": 0.5}, told_by={"keep": "keep"}
        ),
        [X],
        expected=expected,
        tags=[Tag(25, "keep", 0.25)],
        exact=False,
    )


def test_the_number_is_live_and_wins_over_older_tags(scaled: Path, tmp_path: Path) -> None:
    block = OnnxModel(
        model=str(scaled), told={"gain": 2.0, "offset": 0}, told_by={"gain": "gain_at_bob"}
    )
    block(X[:5], tags=[Tag(2, "gain_at_bob", 7)])
    assert block.heard == {"gain": 7}
    block.told = {"gain": 5.0, "offset": 1}
    block.configure()
    block.changed("told", 5)
    assert block.heard == {}
    block.told = {"gain": 5.0}
    with pytest.raises(ParameterError, match="the inputs stay gain, offset while running"):
        block.configure()


def test_the_colour_link_as_any_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped encoder gives the same as by its own block, told the SNR."""
    monkeypatch.chdir(tmp_path)
    pictures = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
    np.save("pictures.npy", pictures)
    Path("link.yml").write_text(
        """
flowgraph: link
blocks:
  source: {block: image_source, dataset: pictures.npy}
  any: {block: onnx_model, model: deepjscc/cifar/encoder, told: {snr_db: 3.0}}
  own: {block: deepjscc_encoder, model: deepjscc/cifar/encoder, values_per_use: 3, snr_db: 3.0}
  features: {block: complex_to_features}
  found: {block: vector_sink}
  expected: {block: vector_sink}
connections:
  - source.image -> any -> found
  - source.image -> own -> features -> expected
"""
    )
    results = Flowgraph.load("link.yml").run(processes=False)
    found = np.array(results["found"]["data"]).reshape(3, -1)
    expected = np.array(results["expected"]["data"]).reshape(3, -1)
    power = np.sqrt(2 * np.mean(found**2, axis=1, keepdims=True))
    np.testing.assert_allclose(found / power, expected, atol=1e-4)


def test_what_is_no_number_is_refused(scaled: Path) -> None:
    told = {"gain": 2.0, "offset": 0}
    with pytest.raises(ParameterError, match=r"has no input 'gian' .did you mean 'gain'"):
        OnnxModel(model=str(scaled), told={**told, "gian": 1})(X)
    with pytest.raises(ParameterError, match=r"'offset' takes a whole number for int64, not 0\.5"):
        OnnxModel(model=str(scaled), told={"gain": 1, "offset": 0.5})(X)
    with pytest.raises(ParameterError, match="'x' needs a number in 'told'"):
        OnnxModel(model=str(scaled), told=told, told_by={"x": "g"})
    block = OnnxModel(model=str(scaled), told=told, told_by={"offset": "key"})
    with pytest.raises(BlockError, match="tag 'key' at item 4 is 'two'; the model's input"):
        block(X, tags=[Tag(4, "key", "two")])
