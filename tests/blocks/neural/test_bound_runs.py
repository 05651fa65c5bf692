"""Bound buffers: the results of plain runs, and nothing handed out is written to again."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto

from semradio.blocks.neural import bound_runs
from semradio.blocks.neural.bound_runs import BoundRuns
from semradio.blocks.neural.onnx_session import OnnxSession


def frames(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 5)).astype(np.float32)


@pytest.fixture
def runs(linear) -> BoundRuns:
    return OnnxSession(linear).bound("x", ["y"])


def test_every_size_and_its_repetitions_give_what_a_plain_run_gives(linear, runs):
    plain = OnnxSession(linear)
    for seed, count in enumerate([1, 1, 1, 7, 1, 7, 7, 64, 64, 64, 1, *range(1, 20), *range(20)]):
        x = frames(count, seed)
        if not count:
            continue
        (expected,) = plain.run(["y"], {"x": x})
        np.testing.assert_array_equal(runs.first(x), expected)
        np.testing.assert_array_equal(runs.all(x)[0], expected)


def test_only_a_few_sizes_are_bound_and_only_small_ones(runs, monkeypatch):
    for count in [*range(1, 30)] * 3:
        runs.first(frames(count))
    assert len(runs._bound) == bound_runs._MOST_SIZES
    monkeypatch.setattr(bound_runs, "_MOST_BYTES", 7 * (5 + 3) * 4)
    fresh = BoundRuns(runs._session, "x", ["y"])
    for count in [7, 8] * 3:
        fresh.first(frames(count))
    assert list(fresh._bound) == [(7, 5)]


def test_what_was_handed_out_stays(runs):
    given = [runs.first(frames(2, seed)) for seed in range(20)]
    kept = [y.copy() for y in given]
    for seed in range(20, 40):
        runs.all(frames(2, seed))
    np.testing.assert_array_equal(given, kept)
    assert len({y.ctypes.data for y in given}) == len(given)


def test_strided_and_read_only_items(runs, weights):
    whole = frames(12)
    whole.flags.writeable = False
    for _ in range(3):
        np.testing.assert_allclose(runs.first(whole[::3]), whole[::3] @ weights, rtol=1e-5)


def test_another_dtype_is_refused_as_ever(runs):
    for _ in range(3):
        runs.first(frames(2))
    with pytest.raises(Exception, match="float"):
        runs.first(frames(2).astype(np.float64))


@pytest.mark.parametrize(
    ("element", "dtype"),
    [(TensorProto.FLOAT16, "float16"), (TensorProto.INT64, "int64"), (TensorProto.BOOL, "bool")],
)
def test_every_kind_of_number(make_model, element, dtype):
    path = make_model(
        [("Identity", ["x"], ["y"])], [("x", ["n"], element)], [("y", ["n"], element)]
    )
    runs = OnnxSession(path).bound("x", ["y"])
    for k in range(4):
        x = np.array([k, 1, 0]).astype(dtype)
        np.testing.assert_array_equal(runs.first(x), x)
    assert runs._bound
