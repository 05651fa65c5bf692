"""Training the interference channel: it learns, goes on exactly, and exports what it learnt."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")

import torch

from semradio.blocks.datasets import load
from semradio.blocks.errors import ParameterError
from semradio.blocks.neural.model_file import read_card
from semradio.blocks.neural.onnx_session import OnnxSession
from semradio.export.data import LabelledImages, TrainingData
from semradio.export.recipes.irsc.config import Config
from semradio.export.recipes.irsc.deploy import export
from semradio.export.recipes.irsc.networks import ImageReceiver
from semradio.export.recipes.irsc.train import load_system, run

TINY = Config(
    datasets=("patches",), width=16, receiver_width=16, epochs=2, evaluation_snr_db=(10.0,)
)


@pytest.fixture(scope="module")
def patches(tiny_data: TrainingData) -> dict[str, TrainingData]:
    return {"patches": tiny_data}


@pytest.fixture(scope="module")
def digits() -> dict[str, TrainingData]:
    """4,000 digits to learn from, 1,000 to be measured on."""
    found = load("mnist", "heldout")
    assert found.labels is not None
    mixed = LabelledImages.from_arrays(found.images[:5_000], found.labels[:5_000]).mixed()
    measured = {"heldout": LabelledImages(mixed.images[:1_000], mixed.labels[:1_000])}
    learned = LabelledImages(mixed.images[1_000:], mixed.labels[1_000:])
    return {"mnist": TrainingData.split_off(learned, measured, name="mnist")}


@pytest.mark.parametrize(
    ("scheme", "most"), [("interference_free", 0.05), ("semi_trained", 0.05), ("csir_lmmse", 0.05)]
)
def test_it_leaves_the_mean_image_behind(
    scheme: Any, most: float, digits: dict[str, TrainingData], tmp_path: Path
) -> None:
    """A constant picture has an MSE of .0675; CSIR itself needs minutes to leave it."""
    config = Config(
        scheme=scheme,
        datasets=("mnist",),
        width=128,
        receiver_width=128,
        streams=1,
        epochs=6,
        rate=3e-3,
        designs=500,
        evaluation_snr_db=(20.0,),
    )
    report = run(config, tmp_path, digits)
    for user in report.figures["heldout"][0].users:
        assert user.mse <= most
        assert user.ssim_global >= 0.6


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(
    patches: dict[str, TrainingData], tmp_path: Path
) -> None:
    class StoppedError(Exception):
        pass

    def stop(event: Any) -> None:
        if event.epoch == 1:
            raise StoppedError

    whole = run(TINY, tmp_path / "whole", patches)
    with pytest.raises(StoppedError):
        run(TINY, tmp_path / "parts", patches, progress=stop)
    parts = run(TINY, tmp_path / "parts", patches, resume=True)
    assert parts.history == whole.history
    assert parts.figures == whole.figures
    with pytest.raises(ParameterError, match="other settings"):
        run(dataclasses.replace(TINY, width=32), tmp_path / "parts", patches, resume=True)
    with pytest.raises(ParameterError, match="already holds a run"):
        run(TINY, tmp_path / "parts", patches)


def test_weights_follow_the_losses_only_where_they_shall(
    patches: dict[str, TrainingData], tmp_path: Path
) -> None:
    found = {}
    for weights in ("dynamic", "equal"):
        config = dataclasses.replace(TINY, weights=weights)  # type: ignore[arg-type]
        run(config, tmp_path / weights, patches)
        state = torch.load(tmp_path / weights / "link.pt", weights_only=True)
        found[weights] = state["weights"]["weights"]["weights"].tolist()
    assert found["equal"] == [0.5, 0.5]
    assert sum(found["dynamic"]) == pytest.approx(1.0)
    assert found["dynamic"] != [0.5, 0.5]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="finds no GPU"):
        run(dataclasses.replace(TINY, device="cuda"), tmp_path, {})


def test_what_is_exported_is_what_was_trained(
    patches: dict[str, TrainingData], tmp_path: Path
) -> None:
    config = dataclasses.replace(TINY, scheme="tdma", users=1, epochs=1)
    run(config, tmp_path / "run", patches)
    written = export(tmp_path / "run", tmp_path / "models")
    assert [path.name for path in written] == ["transmitter_1.onnx", "receiver_1.onnx"]
    system = load_system(tmp_path / "run", config)
    with torch.no_grad():
        for weight in system.parameters():
            weight.copy_(weight.half().float())
    source = torch.Generator().manual_seed(0)
    image = torch.randint(0, 256, (9, 28, 28), generator=source, dtype=torch.uint8)
    y = torch.randn(9, 2, 2, 16, generator=source)
    h = torch.randn(9, 2, 1, 2, 2, generator=source)
    snr_db = torch.linspace(-5, 20, 9)[:, None]

    transmitter, receiver = (OnnxSession(path) for path in written)
    cards = [read_card(path) for path in written]
    assert cards[0] is not None and cards[1] is not None
    assert cards[0].parity["x"] <= 1e-5
    assert cards[1].parity["image_before_rounding"] <= 1e-5
    assert cards[1].axes["h"] == ("re_im", "transmitter", "rx_antenna", "tx_antenna")
    assert (cards[1].users, cards[1].user) == (1, 0)
    assert [port.name for port in OnnxSession(written[1]).outputs] == ["image"]
    with torch.no_grad():
        x = system.transmitters[0](image)
        read, _ = ImageReceiver(system.receivers[0])(y, h, snr_db)
    (sent,) = transmitter.run(["x"], {"image": image.numpy()})
    np.testing.assert_allclose(sent, x, atol=1e-5)
    fed = {"y": y.numpy(), "h": h.numpy(), "snr_db": snr_db.numpy()}
    (given,) = receiver.run(["image"], fed)
    assert np.abs(given.astype(int) - read.numpy().astype(int)).max() <= 1
