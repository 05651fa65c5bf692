"""Export a finished run of the ``arn`` recipe as ONNX files with model cards."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import nn

from semradio.blocks.neural.model_card import ModelCard
from semradio.export.evaluate import Link
from semradio.export.networks import SYMBOLS, ImageReceiver
from semradio.export.onnx_export import export_onnx, parity_of
from semradio.export.recipes.arn.config import Config
from semradio.export.recipes.arn.report import Report
from semradio.export.recipes.arn.train import load_link
from semradio.export.signals import generator

_PAPER = (
    "B. He, F. Wang, T. Q. S. Quek, Secure Semantic Communication via Paired Adversarial "
    "Residual Networks"
)
_POWER = (
    "E||x||^2 = 1 for a frame of 23 symbols, averaged over the training images; one constant, "
    "frozen after training"
)
_FRAME = "channel frame of 23 real symbols, E||x||^2 = 1"
_RECEIVED = "received frame: 23 real symbols with noise"
_LIMITS = (
    "Protects against a fixed, unaware classifier only; it is not confidentiality: see "
    "eve_accuracy_adaptive (Eve retrained on protected signals) and eve_accuracy_stolen_bob "
    "(unchanged Eve behind a copy of Bob's module) beside eve_accuracy."
)
_EVE_LAYERS = "fully connected 23-64-32-32-10, ReLU"


@dataclasses.dataclass(frozen=True)
class _Part:
    """One file to write."""

    file: str
    module: nn.Module
    example: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    role: str
    summary: str
    architecture: str
    equations: str
    levels: int = 0


def export(folder: Path, out: Path) -> list[Path]:
    """Export the networks of a finished run.

    Writes ``encoder.onnx``, ``decoder.onnx``, ``eve.onnx`` and, where the run has them,
    ``alice.onnx``, ``bob.onnx`` and ``adaptive_eve.onnx``. Each card holds all figures of the
    run at its training SNR.

    Returns the files written. Raises :class:`~semradio.blocks.errors.ModelError` if the run
    is not finished or a file does not reproduce its network.
    """
    report = Report.read(folder)
    link = load_link(folder, report.config)
    source = generator(0, "export", "examples")
    examples = {
        "image": torch.randint(0, 256, (64, 28, 28), generator=source, dtype=torch.uint8),
        "frame": torch.randn((64, SYMBOLS), generator=source) / SYMBOLS**0.5,
    }
    written = []
    for part in _parts(link, report.config):
        example = {next(iter(part.inputs)): examples[part.example]}
        card = _card(part, report)
        if isinstance(part.module, ImageReceiver):
            before_rounding = parity_of(
                part.module.receiver, inputs=example, outputs=["pixels"], name=card.name
            )
            card = msgspec.structs.replace(
                card, parity={"image_before_rounding": before_rounding["pixels"]}
            )
        path = out / f"{part.file}.onnx"
        export_onnx(
            part.module,
            path,
            inputs=example,
            outputs=list(part.outputs),
            card=card,
            levels=part.levels,
        )
        written.append(path)
    return written


def _parts(link: Link, config: Config) -> list[_Part]:
    parts = [
        _Part(
            file="encoder",
            module=link.transmitter,
            example="image",
            inputs={"image": "grey image, 0 to 255"},
            outputs={"x": _FRAME},
            role="semantic_encoder",
            summary="Turns an image of 28 x 28 pixels into 23 channel symbols.",
            architecture="fully connected 784-64-64-23, ReLU, power normalisation",
            equations="eq. (4) and (5)",
        ),
        _Part(
            file="decoder",
            module=ImageReceiver(link.receiver),
            example="frame",
            inputs={"x": _FRAME + ", as received or as restored by Bob's module"},
            outputs={"image": "grey image, 0 to 255, rounded and clipped"},
            role="semantic_decoder",
            summary="Turns 23 received symbols into an image of 28 x 28 pixels.",
            architecture="fully connected 23-23-64-64-784, ReLU, sigmoid at the end",
            equations="eq. (7) and (8)",
            levels=1,
        ),
        _Part(
            file="eve",
            module=link.eve,
            example="frame",
            inputs={"y": _RECEIVED},
            outputs={"logits": "one value per class, eq. (22) before the softmax"},
            role="eavesdropper",
            summary=(
                "Reads the digit from the channel. Trained on unprotected signals "
                f"{_eve_noise(config)} and never told of any protection."
            ),
            architecture=_EVE_LAYERS,
            equations="eq. (14)",
        ),
    ]
    if link.alice is not None:
        parts.append(
            _Part(
                file="alice",
                module=link.alice,
                example="frame",
                inputs={"x": _FRAME},
                outputs={"y": "protected frame, x plus an attack of limited power"},
                role="arn_transmitter",
                summary=(
                    f"Alice's module: adds an attack with a power limit of {config.psr_db:g} dB, "
                    f"trained {_opponent(config)}. {_LIMITS}"
                ),
                architecture="residual, x + F(x), F fully connected 23-64-23, ReLU",
                equations="eq. (9), (15), (19) to (24)",
            )
        )
    if link.bob is not None:
        parts.append(
            _Part(
                file="bob",
                module=link.bob,
                example="frame",
                inputs={"y": _RECEIVED},
                outputs={"x": "restored frame for the decoder"},
                role="arn_receiver",
                summary=(
                    "Bob's module: removes Alice's attack and part of the noise. Use it with the "
                    "Alice it was trained with. Not a secret key: whoever has a copy sees as well "
                    "as Bob does."
                    if link.alice is not None
                    else "Bob's module, trained without Alice's: removes part of the noise."
                ),
                architecture="residual, y - F(y), F fully connected 23-64-23, ReLU",
                equations="eq. (12), (17), (19) to (24)",
            )
        )
    if link.adaptive_eve is not None:
        parts.append(
            _Part(
                file="adaptive_eve",
                module=link.adaptive_eve,
                example="frame",
                inputs={"y": _RECEIVED},
                outputs={"logits": "one value per class, eq. (22) before the softmax"},
                role="eavesdropper",
                summary=(
                    "An eavesdropper who has reacted: trained from scratch on protected signals "
                    f"with their labels {_eve_noise(config)}. The paper has no such Eve. A lower "
                    "bound: a stronger attacker learns more."
                ),
                architecture=_EVE_LAYERS,
                equations="eq. (14), trained on the signals of eq. (11)",
            )
        )
    return parts


def _eve_noise(config: Config) -> str:
    if config.eve_snr_db is None:
        return "without noise"
    return f"at {config.eve_snr_db:g} dB"


def _opponent(config: Config) -> str:
    if config.scenario == "white":
        return "against the very classifier in eve.onnx (white box)"
    return "against a 23-16-10 substitute (black box)"


def _card(part: _Part, report: Report) -> ModelCard:
    config = report.config
    return ModelCard(
        name=f"{report.recipe}/{part.file}",
        role=part.role,
        system=report.recipe,
        summary=part.summary,
        inputs=part.inputs,
        outputs=part.outputs,
        power_normalisation=_POWER,
        snr_db=config.eve_snr_db if part.role == "eavesdropper" else config.snr_db,
        dataset=report.dataset,
        split=report.split,
        seed=config.seed,
        metrics=_metrics(report),
        architecture=part.architecture,
        source=f"{_PAPER}, {part.equations}",
        licence="MIT",
    )


def _metrics(report: Report) -> dict[str, float]:
    metrics = {"snr_db": report.config.snr_db}
    for images in report.figures:
        figures: dict[str, Any] = dataclasses.asdict(report.at(images, report.config.snr_db))
        for key, value in figures.items():
            if key != "snr_db" and value is not None:
                metrics[f"{images}.{key}"] = round(value, 6)
    return metrics
