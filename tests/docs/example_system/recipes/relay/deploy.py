"""Export of the recipe ``relay``."""

from __future__ import annotations

from pathlib import Path

import torch

from semradio.blocks.neural.model_card import ModelCard
from semradio.export.fitting import load_best
from semradio.export.onnx_export import export_onnx

from .network import Relay
from .train import Report


def export(folder: Path, out: Path) -> list[Path]:
    """Write ``relay.onnx``; returns the files written."""
    report = Report.read(folder)
    relay = Relay()
    load_best(folder / "relay.pt", {"relay": relay})
    card = ModelCard(
        name="relay/relay",
        role="relay",
        system="relay",
        summary="Amplifies.",
        seed=report.config.seed,
        metrics={"loss": report.loss},
    )
    example = torch.tensor([[0.5, -0.5], [1.0, 0.25]])
    path = out / "relay.onnx"
    export_onnx(relay, path, inputs={"x": example}, outputs=["y"], card=card)
    return [path]
