"""Small ONNX files, honest and hostile, for the tests of the neural blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
MakeModel = Callable[..., Path]


@pytest.fixture
def make_model(tmp_path: Path) -> MakeModel:
    """Return a function that writes an ONNX file.

    nodes : (operator, inputs, outputs, attributes) in order
    inputs, outputs : (name, shape) or (name, shape, element type)
    constants : arrays by name; metadata : texts by key; external : file for the constants
    """

    def make(
        nodes: Sequence[tuple[Any, ...]],
        inputs: Sequence[tuple[Any, ...]],
        outputs: Sequence[tuple[Any, ...]],
        constants: dict[str, np.ndarray] | None = None,
        *,
        metadata: dict[str, str] | None = None,
        external: str | None = None,
        opset: int = 17,
        ir_version: int = 10,
    ) -> Path:
        def info(port: tuple[Any, ...]) -> onnx.ValueInfoProto:
            element = port[2] if len(port) > 2 else FLOAT
            return helper.make_tensor_value_info(port[0], element, port[1])

        graph = helper.make_graph(
            [helper.make_node(n[0], n[1], n[2], **(n[3] if len(n) > 3 else {})) for n in nodes],
            "graph",
            [info(port) for port in inputs],
            [info(port) for port in outputs],
            [numpy_helper.from_array(v, k) for k, v in (constants or {}).items()],
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version
        )
        helper.set_model_props(model, metadata or {})
        path = tmp_path / "model.onnx"
        if external is None:
            onnx.save(model, path)
        else:
            onnx.save_model(
                model, path, save_as_external_data=True, location=external, size_threshold=0
            )
        return path

    return make


@pytest.fixture
def weights() -> np.ndarray:
    """A 5 x 3 matrix, float32."""
    return np.random.default_rng(7).standard_normal((5, 3)).astype(np.float32)


@pytest.fixture
def linear(make_model: MakeModel, weights: np.ndarray) -> Path:
    """y = x W: float32[batch, 5] -> float32[batch, 3]."""
    return make_model(
        [("MatMul", ["x", "W"], ["y"])], [("x", ["n", 5])], [("y", ["n", 3])], {"W": weights}
    )
