"""Models of GNU Radio 4's ONNX block: their keys are read, and frames scaled as it scales them."""

from __future__ import annotations

import math
import statistics
from pathlib import Path

import numpy as np
import pytest

from semradio.blocks.api import ModelError
from semradio.blocks.neural.onnx_model import OnnxModel
from semradio.blocks.testing import check_block

FRAMES = (5 + 30 * np.random.default_rng(4).standard_normal((20, 1, 64))).astype(np.float32)
FRAMES[3] = 2.5  # no spread at all
FRAMES[4, 0, 1:] = 7  # a median absolute deviation of 0, and a deviation


def log_mad(frame: list[float]) -> list[float]:
    """The robust score of the logarithm, by the standard library."""
    logs = [math.log10(v - min(frame) + 1) for v in frame]
    middle = statistics.median(logs)
    spread = statistics.median(abs(v - middle) for v in logs)
    if spread < 1e-10:
        spread = statistics.pstdev(logs) + 1e-10
    return [min(max((v - middle) / (1.4826 * spread + 1e-10), -5), 10) for v in logs]


def min_max(frame: list[float]) -> list[float]:
    low, span = min(frame), max(frame) - min(frame)
    return [(v - low) / span if span >= 1e-10 else 0.0 for v in frame]


def z_score(frame: list[float]) -> list[float]:
    mean, deviation = statistics.fmean(frame), max(statistics.pstdev(frame), 1e-10)
    return [min(max((v - mean) / deviation, -5), 10) for v in frame]


@pytest.mark.parametrize(
    ("mode", "referee"),
    [("LogMAD", log_mad), ("MinMax", min_max), ("ZScore", z_score), ("None", list)],
)
def test_frames_are_scaled_as_the_file_says(make_model, mode, referee) -> None:
    model = make_model(
        [("Identity", ["x"], ["y"])],
        [("x", [1, 1, 64])],
        [("y", [1, 1, 64])],
        metadata={"input_size": "64", "normalise_mode": mode},
    )
    expected = np.float32([[referee([float(v) for v in frame[0]])] for frame in FRAMES])
    check_block(lambda: OnnxModel(model=str(model)), [FRAMES], expected=expected, exact=False)


def test_a_file_without_keys_is_left_alone(make_model) -> None:
    model = make_model([("Identity", ["x"], ["y"])], [("x", ["n", 1, 64])], [("y", ["n", 1, 64])])
    np.testing.assert_array_equal(OnnxModel(model=str(model))(FRAMES), FRAMES)


def test_what_cannot_be_followed_is_refused(make_model) -> None:
    def model(**metadata: str) -> str:
        ports = [("x", [1, 1, 64])], [("y", [1, 1, 64])]
        return str(make_model([("Identity", ["x"], ["y"])], *ports, metadata=metadata))

    with pytest.raises(ModelError, match="the normalisation 'Expression' of GNU Radio 4; known"):
        OnnxModel(model=model(input_size="64", normalise_mode="Expression"))
    with pytest.raises(ModelError, match="whole numbers, not 'many'"):
        OnnxModel(model=model(fft_size="many"))


def test_an_exported_file_has_the_keys(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")
    from semradio.blocks.neural.model_card import ModelCard
    from semradio.blocks.neural.onnx_header import read_header
    from semradio.export.onnx_export import export_onnx

    card = ModelCard(name="mine/mean", role="mean")
    module = torch.nn.Linear(16, 4)
    path = tmp_path / "mean.onnx"
    given = {"x": torch.randn(8, 2, 16)}
    export_onnx(module, path, inputs=given, outputs=["y"], card=card, gnuradio4=True)
    metadata = read_header(path).metadata
    assert metadata["semradio.card"]
    assert [metadata[k] for k in ("input_size", "history_depth", "normalise_mode")] == [
        *("16", "2", "None"),
    ]
    windows = np.random.default_rng(0).standard_normal((5, 2, 16)).astype(np.float32)
    own = module(torch.from_numpy(windows)).detach().numpy()
    np.testing.assert_allclose(OnnxModel(model=str(path))(windows), own, atol=1e-5)
    with pytest.raises(ModelError, match=r"one input float32\[batch, M, N\]; 'mine/mean' has x"):
        export_onnx(
            module,
            path,
            inputs={"x": torch.randn(8, 16)},
            outputs=["y"],
            card=card,
            gnuradio4=True,
        )
