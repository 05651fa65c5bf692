"""Export a finished run of the ``arn`` recipe as ONNX files with model cards."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
from torch import nn

from semradio.blocks.neural.model_card import ModelCard
from semradio.export.deploying import UNROUNDED, Part, export_parts
from semradio.export.pixels import PIXELS
from semradio.export.recipes.arn.attackers import ATTACKERS
from semradio.export.recipes.arn.config import Config
from semradio.export.recipes.arn.evaluate import Link
from semradio.export.recipes.arn.networks import (
    CLASSES,
    PICTURE_WIDTHS,
    SYMBOLS,
    ArnReceiver,
    ArnTransmitter,
    FgsmTransmitter,
    ImageReceiver,
)
from semradio.export.recipes.arn.report import Report
from semradio.export.recipes.arn.train import load_link
from semradio.export.seeds import generator

_PAPER = (
    "B. He, F. Wang, T. Q. S. Quek, Secure Semantic Communication via Paired Adversarial "
    "Residual Networks"
)
_POWER = {
    "batch": "E||x||^2 = 1 for a frame of 23 symbols, averaged over the training images; one "
    "constant, frozen after training",
    "frame": "||x||^2 = 1 for each frame of 23 symbols",
}
_FRAME = "channel frame of 23 real symbols, E||x||^2 = 1"
_RECEIVED = "received frame: 23 real symbols with noise"
_LIMITS = (
    "Protects against a fixed, unaware classifier only; it is not confidentiality: see the figures "
    "of adaptive_eve (retrained on protected signals) and of the other attackers beside "
    "eve_accuracy."
)
_EVE_LAYERS = "fully connected 23-64-32-32-10, ReLU"


@dataclasses.dataclass(frozen=True)
class _Network:
    """A network, and what its card says of it in words."""

    file: str
    module: nn.Module
    inputs: dict[str, str]
    outputs: dict[str, str]
    role: str
    summary: str
    architecture: str
    equations: str
    compared: tuple[str, ...] = ()


def export(folder: Path, out: Path) -> list[Path]:
    """Export the networks of a finished run.

    Writes ``encoder.onnx``, ``decoder.onnx``, ``eve.onnx`` and, where the run has them,
    ``alice.onnx``, ``bob.onnx`` and one file for each attacker; of a gradient
    attack ``fgsm.onnx`` and ``fgsm_bob.onnx`` instead of Alice's and Bob's. Each card holds all
    figures of the run at its training SNR.

    Returns the files written. Raises :class:`~semradio.blocks.errors.ModelError` if the run
    is not finished or a file does not reproduce its network.
    """
    report = Report.read(folder)
    link = load_link(folder, report.config)
    source = generator(0, "export", "examples")
    images = torch.randint(0, 256, (64, 28, 28), generator=source, dtype=torch.uint8)
    frames = torch.randn((64, SYMBOLS), generator=source) / SYMBOLS**0.5
    labels = torch.randint(0, CLASSES, (64,), generator=source, dtype=torch.uint8)
    examples = {"image": images, "x": frames, "y": frames, "label": labels}
    parts = [
        Part(
            module=network.module,
            card=_card(network, report),
            inputs={port: examples[port] for port in network.inputs},
            compared=network.compared,
        )
        for network in _networks(link, report.config)
    ]
    return export_parts(parts, out, levels=1)


def _networks(link: Link, config: Config) -> list[_Network]:
    networks = [
        _Network(
            file="encoder",
            module=link.transmitter,
            inputs={"image": "grey image, 0 to 255"},
            outputs={"x": _FRAME},
            role="semantic_encoder",
            summary="Turns an image of 28 x 28 pixels into 23 channel symbols.",
            architecture="fully connected 784-64-64-23, ReLU, power normalisation",
            equations="eq. (4) and (5)",
        ),
        _Network(
            file="decoder",
            module=ImageReceiver(link.receiver),
            inputs={"x": _FRAME + ", as received or as restored by Bob's module"},
            outputs={"image": "grey image, 0 to 255, rounded and clipped"},
            role="semantic_decoder",
            summary="Turns 23 received symbols into an image of 28 x 28 pixels.",
            architecture="fully connected 23-23-64-64-784, ReLU, sigmoid at the end",
            equations="eq. (7) and (8)",
            compared=(UNROUNDED,),
        ),
        _Network(
            file="eve",
            module=link.eve,
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
    if isinstance(link.alice, FgsmTransmitter):
        networks.append(_gradient_attack(link.alice, config))
    elif isinstance(link.alice, ArnTransmitter):
        networks.append(
            _Network(
                file="alice",
                module=link.alice,
                inputs={"x": _FRAME},
                outputs={"y": "protected frame, x plus an attack of limited power"},
                role="arn_transmitter",
                summary=(
                    f"Alice's module: adds an attack with a power limit of {config.psr_db:g} dB, "
                    f"trained {_opponent(config)}. {_LIMITS}"
                ),
                architecture=link.alice.architecture,
                equations="eq. (9), (15), (19) to (24)",
            )
        )
    if isinstance(link.bob, ArnReceiver):
        gradient = config.attack == "fgsm"
        networks.append(
            _Network(
                file="fgsm_bob" if gradient else "bob",
                module=link.bob,
                inputs={"y": _RECEIVED},
                outputs={"x": "restored frame for the decoder"},
                role="arn_receiver",
                summary=_bob_summary(config),
                architecture=link.bob.architecture,
                equations="eq. (12), (17), (19) to (24)",
            )
        )
    for name, module in link.attackers.items():
        networks.append(
            _Network(
                file=name,
                module=module,
                inputs={"y": _RECEIVED},
                outputs={"logits": "one value per class, eq. (22) before the softmax"},
                role="eavesdropper",
                summary=f"{ATTACKERS[name].summary} {_learning(name, config)} The paper has no "
                "such Eve. A lower bound: a stronger attacker learns more.",
                architecture=_attacker_layers(name),
                equations="eq. (14), on the signals of eq. (11)",
            )
        )
    return networks


def _gradient_attack(alice: FgsmTransmitter, config: Config) -> _Network:
    return _Network(
        file="fgsm",
        module=alice,
        inputs={"x": _FRAME, "label": "the image's class, which Alice must know"},
        outputs={"y": "x plus the attack"},
        role="fgsm_transmitter",
        summary=(
            f"Gradient attack at {config.psr_db:g} dB against a classifier that Alice has: "
            f"{'Eve' if config.scenario == 'white' else 'a 23-16-10 substitute'}. {_LIMITS}"
        ),
        architecture="x + sqrt(epsilon) g / ||g||, g the gradient of the classifier's loss",
        equations="eq. (3)",
    )


def _bob_summary(config: Config) -> str:
    if not config.has_alice:
        return "Bob's module, trained without Alice's: removes part of the noise."
    if config.attack == "fgsm":
        return "Bob's module: removes part of a gradient attack and part of the noise."
    return (
        "Bob's module: removes Alice's attack and part of the noise. Use it with the Alice it was "
        "trained with. Not a secret key: whoever has a copy sees as well as Bob does."
    )


def _learning(name: str, config: Config) -> str:
    if ATTACKERS[name].behind_bob:
        return "Trained nothing herself."
    keyed = ATTACKERS[name].learns == "protected" and config.keyed
    return f"Trained {_eve_noise(config)}{', on keyed signals without the key' if keyed else ''}."


def _attacker_layers(name: str) -> str:
    attacker = ATTACKERS[name]
    if attacker.behind_bob:
        return f"a copy of Bob's module, then {attacker.behind_bob}"
    if attacker.pictures:
        widths = (PIXELS, *PICTURE_WIDTHS)
        return f"a copy of the decoder, then fully connected {'-'.join(map(str, widths))}, ReLU"
    one = f"fully connected {'-'.join(map(str, (SYMBOLS, *attacker.widths)))}, ReLU"
    return one if attacker.members == 1 else f"{attacker.members} times {one}, averaged"


def _eve_noise(config: Config) -> str:
    if config.eve_snr_db is None:
        return "without noise"
    return f"at {config.eve_snr_db:g} dB"


def _opponent(config: Config) -> str:
    if config.opponent == "retrained":
        return "against an Eve who retrains on its signals all the while (min-max)"
    if config.scenario == "white":
        return "against the very classifier in eve.onnx (white box)"
    return "against a 23-16-10 substitute (black box)"


def _card(network: _Network, report: Report) -> ModelCard:
    config = report.config
    # Models of a keyed link do not fit one without a key: they are a family of their own.
    family = "keyed" if config.keyed else report.recipe
    return ModelCard(
        name=f"{family}/{network.file}",
        role=network.role,
        system=family,
        summary=network.summary,
        inputs=network.inputs,
        outputs=network.outputs,
        power_normalisation=_POWER[config.normalisation],
        snr_db=config.eve_snr_db if network.role == "eavesdropper" else config.snr_db,
        dataset=report.dataset,
        split=report.split,
        seed=config.seed,
        metrics=_metrics(report),
        architecture=network.architecture,
        source=f"{_PAPER}, {network.equations}",
        licence="MIT",
    )


def _metrics(report: Report) -> dict[str, float]:
    metrics = {"snr_db": report.config.snr_db}
    for images in report.figures:
        figures: dict[str, Any] = dataclasses.asdict(report.at(images, report.config.snr_db))
        attackers = figures.pop("attacker_accuracy")
        figures.update({f"{name}.accuracy": value for name, value in attackers.items()})
        for key, value in figures.items():
            if key != "snr_db" and value is not None:
                metrics[f"{images}.{key}"] = round(value, 6)
    return metrics
