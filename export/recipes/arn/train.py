"""Algorithm 1 of the paper, with everything that must exist before it.

Phases, each with its own checkpoint in the run's folder:

``base``          the semantic link (eq. (4) to (8)), trained end to end and then frozen;
``eve``           the eavesdropper's classifier (eq. (14)) on unprotected signals;
``substitute``    in the black-box scenario, Alice's stand-in for Eve, trained in the same way;
``modules``       Alice's and Bob's modules under eq. (19), against Eve or the substitute;
``adaptive_eve``  a new classifier on protected signals: what protection is left once Eve reacts.

Each phase draws its randomness from the seed and its own name, so two runs that differ only in
later settings share their earlier phases: copy ``base.pt`` and ``eve.pt`` into a new folder and
resume there to train other modules for the same link.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from semradio.blocks.errors import ParameterError
from semradio.export import checkpoint
from semradio.export.data import LabelledImages, TrainingData
from semradio.export.evaluate import Link, evaluate
from semradio.export.fitting import Figures, Phase, Schedule, fit
from semradio.export.losses import attack_power_loss, communication_loss, privacy_loss
from semradio.export.networks import (
    EAVESDROPPER_WIDTHS,
    SUBSTITUTE_WIDTHS,
    ArnReceiver,
    ArnTransmitter,
    Classifier,
    SemanticReceiver,
    SemanticTransmitter,
    pixels,
)
from semradio.export.progress import Progress, silent
from semradio.export.recipes.arn.config import Config
from semradio.export.recipes.arn.report import Report
from semradio.export.signals import awgn, derived_seed, generator


def run(
    config: Config,
    out: Path,
    data: TrainingData | None = None,
    *,
    resume: bool = False,
    progress: Progress = silent,
) -> Report:
    """Train and measure everything.

    Parameters
    ----------
    config : the settings.
    out : folder for checkpoints and the report; made if missing.
    data : the images; by default ``config.dataset`` is loaded.
    resume : continue an interrupted run in ``out``; finished phases are not trained again.
    progress : is told of each epoch.

    Raises :class:`ParameterError` if ``out`` holds a run already and ``resume`` is not set, or if
    the run in it has other settings.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not resume and any(out.glob("*.pt")):
        raise ParameterError(f"{out} already holds a run: resume it, or give another folder")
    if data is None:
        data = TrainingData.load(config.dataset, config.train_images)
    training = _Training(config, out, data, resume, progress)
    link = training.link()
    wanted_snr_db = sorted({*config.evaluation_snr_db, config.snr_db})
    report = Report(
        recipe="arn",
        config=config,
        dataset=data.name,
        split=data.split,
        figures={
            name: [evaluate(link, images, snr, seed=config.seed) for snr in wanted_snr_db]
            for name, images in data.evaluation.items()
        },
        history=training.history,
    )
    report.write(out)
    return report


def load_link(folder: Path, config: Config) -> Link:
    """Return the trained networks of a run, in evaluation mode, with their best weights.

    Raises :class:`ModelError` if a checkpoint is missing or damaged.
    """
    link = _fresh_link(config)
    parts: dict[str, dict[str, nn.Module | None]] = {
        "base": {"transmitter": link.transmitter, "receiver": link.receiver},
        "eve": {"eve": link.eve},
        "modules": {"alice": link.alice, "bob": link.bob},
        "adaptive_eve": {"eve": link.adaptive_eve},
    }
    for phase, modules in parts.items():
        present = {name: module for name, module in modules.items() if module is not None}
        if not present:
            continue
        best = checkpoint.load(folder / f"{phase}.pt")["best"]
        for name, module in present.items():
            module.load_state_dict(best[name])
            module.eval()
    return link


def _initialised(seed: int, name: str, make: Callable[[], nn.Module]) -> Any:
    """Make a network with initial weights of its own, leaving torch's global state alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(seed, name, "weights"))
        return make()


def _fresh_link(config: Config) -> Link:
    seed = config.seed
    has_attack = config.modules != "bob"
    return Link(
        transmitter=_initialised(seed, "transmitter", SemanticTransmitter),
        receiver=_initialised(seed, "receiver", SemanticReceiver),
        eve=_initialised(seed, "eve", lambda: Classifier(EAVESDROPPER_WIDTHS)),
        alice=_initialised(seed, "alice", ArnTransmitter) if has_attack else None,
        bob=_initialised(seed, "bob", ArnReceiver) if config.modules != "alice" else None,
        adaptive_eve=(
            _initialised(seed, "adaptive_eve", lambda: Classifier(EAVESDROPPER_WIDTHS))
            if has_attack
            else None
        ),
    )


class _Training:
    """One run: the networks, the data, and the phases that were trained so far."""

    def __init__(
        self, config: Config, out: Path, data: TrainingData, resume: bool, progress: Progress
    ) -> None:
        self.config = config
        self.out = out
        self.data = data
        self.resume = resume
        self.progress = progress
        self.fingerprint = data.fingerprint()
        self.history: dict[str, list[Figures]] = {}

    def link(self) -> Link:
        """Train all phases and return the networks."""
        link = _fresh_link(self.config)
        self._train_base(link)
        # Nothing after this line changes the link: the modules are plugged into a fixed system.
        for frozen in (link.transmitter, link.receiver):
            frozen.requires_grad_(False)
        with torch.no_grad():
            sent = link.transmitter(self.data.train.images)
            sent_validation = link.transmitter(self.data.validation.images)
        self._train_classifier("eve", link.eve, sent, sent_validation)
        opponent = link.eve
        if self.config.scenario == "black" and link.alice is not None:
            opponent = _initialised(
                self.config.seed, "substitute", lambda: Classifier(SUBSTITUTE_WIDTHS)
            )
            self._train_classifier("substitute", opponent, sent, sent_validation)
        opponent.requires_grad_(False)
        self._train_modules(link, opponent, sent, sent_validation)
        if link.alice is not None and link.adaptive_eve is not None:
            with torch.no_grad():
                protected = link.alice(sent)
                protected_validation = link.alice(sent_validation)
            self._train_classifier(
                "adaptive_eve", link.adaptive_eve, protected, protected_validation
            )
        return link

    def _train_base(self, link: Link) -> None:
        data, snr_db = self.data, self.config.snr_db
        generators = self._generators("base", "noise")

        def loss(index: Tensor) -> Tensor:
            image = data.train.images[index]
            y = awgn(link.transmitter(image), snr_db, generators["noise"])
            return communication_loss(link.receiver(y), pixels(image))

        def validate() -> Figures:
            # The deployed transmitter has a constant, so the constant is what is validated.
            link.transmitter.freeze_power(data.train.images)
            image = data.validation.images
            y = awgn(link.transmitter(image), snr_db, self._validation_noise("base"))
            return {"loss": communication_loss(link.receiver(y), pixels(image)).item()}

        self._fit(
            "base",
            {"transmitter": link.transmitter, "receiver": link.receiver},
            loss,
            validate,
            generators,
        )

    def _train_classifier(
        self, name: str, classifier: nn.Module, sent: Tensor, sent_validation: Tensor
    ) -> None:
        """Train an eavesdropper on signals that she has the labels of."""
        labels, labels_validation = self.data.train.labels, self.data.validation.labels
        snr_db = self.config.eve_snr_db
        generators = self._generators(name, "noise")

        def loss(index: Tensor) -> Tensor:
            y = awgn(sent[index], snr_db, generators["noise"])
            return cross_entropy(classifier(y), labels[index])

        def validate() -> Figures:
            logits = classifier(awgn(sent_validation, snr_db, self._validation_noise(name)))
            return {
                "loss": cross_entropy(logits, labels_validation).item(),
                "accuracy": _accuracy(logits, labels_validation),
            }

        self._fit(name, {"eve": classifier}, loss, validate, generators)

    def _train_modules(
        self, link: Link, opponent: nn.Module, sent: Tensor, sent_validation: Tensor
    ) -> None:
        """Algorithm 1: update Alice's and Bob's modules under the loss of eq. (19)."""
        config, data = self.config, self.data
        generators = self._generators("modules", "bob", "eve")

        def terms(
            x: Tensor, images: LabelledImages, at_bob: torch.Generator, at_eve: torch.Generator
        ) -> tuple[dict[str, Tensor], Tensor]:
            protected = x if link.alice is None else link.alice(x)
            y = awgn(protected, config.snr_db, at_bob)
            restored = y if link.bob is None else link.bob(y)
            logits = opponent(awgn(protected, config.snr_db, at_eve))
            attack = protected - x
            parts = {
                "power": attack_power_loss(attack, config.power_limit),
                "mse": communication_loss(link.receiver(restored), pixels(images.images)),
                "confidence": privacy_loss(logits, images.labels),
            }
            return parts, attack

        def weighted(parts: Mapping[str, Tensor]) -> Tensor:
            return (
                config.power_weight * parts["power"]
                + config.communication_weight * parts["mse"]
                + config.privacy_weight * parts["confidence"]
            )

        def loss(index: Tensor) -> Tensor:
            images = data.train.rows(index)
            parts, _ = terms(sent[index], images, generators["bob"], generators["eve"])
            return weighted(parts)

        def validate() -> Figures:
            at_bob, at_eve = self._validation_noise("bob"), self._validation_noise("eve")
            parts, attack = terms(sent_validation, data.validation, at_bob, at_eve)
            return {
                "loss": weighted(parts).item(),
                "mse": parts["mse"].item(),
                "confidence": parts["confidence"].item(),
                "attack_power": attack.square().sum(dim=1).mean().item(),
            }

        modules = {"alice": link.alice, "bob": link.bob}
        present = {name: module for name, module in modules.items() if module is not None}
        self._fit("modules", present, loss, validate, generators)

    def _fit(
        self,
        name: str,
        modules: Mapping[str, nn.Module],
        loss: Callable[[Tensor], Tensor],
        validate: Callable[[], Figures],
        generators: Mapping[str, torch.Generator],
    ) -> None:
        phase = Phase(
            name=name,
            modules=modules,
            size=len(self.data.train),
            loss=loss,
            validate=validate,
            generators=generators,
            schedule=_schedule(self.config, name),
            settings=self._settings(name),
        )
        path = self.out / f"{name}.pt"
        self.history[name] = fit(phase, path, resume=self.resume, progress=self.progress)

    def _generators(self, phase: str, *purposes: str) -> dict[str, torch.Generator]:
        seed = self.config.seed
        return {name: generator(seed, phase, name) for name in ("batches", *purposes)}

    def _validation_noise(self, purpose: str) -> torch.Generator:
        # The same noise after every epoch, so that epochs are compared on equal terms.
        return generator(self.config.seed, "validation", purpose)

    def _settings(self, phase: str) -> dict[str, Any]:
        """Return what decides a phase's outcome: its own settings and those of earlier phases."""
        shared = ("seed", "snr_db", "patience")
        base = (*shared, *_named("base_"))
        eve = (*base, *_named("eve_"))
        modules = (*eve, "scenario", "modules", "psr_db", *_named("module_"), *_WEIGHTS)
        deciding = {
            "base": base,
            "eve": eve,
            "substitute": eve,
            "modules": modules,
            "adaptive_eve": (*modules, *_named("adaptive_")),
        }[phase]
        chosen = {key: getattr(self.config, key) for key in sorted(deciding)}
        return {**chosen, "images": len(self.data.train), "fingerprint": self.fingerprint}


_WEIGHTS = ("power_weight", "communication_weight", "privacy_weight")


def _named(prefix: str) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(Config) if f.name.startswith(prefix))


def _schedule(config: Config, phase: str) -> Schedule:
    prefix = {
        "base": "base",
        "eve": "eve",
        "substitute": "eve",
        "modules": "module",
        "adaptive_eve": "adaptive",
    }[phase]
    return Schedule(
        epochs=getattr(config, f"{prefix}_epochs"),
        batch_size=getattr(config, f"{prefix}_batch"),
        learning_rate=getattr(config, f"{prefix}_rate"),
        decay=getattr(config, f"{prefix}_decay"),
        patience=config.patience,
    )


def _accuracy(logits: Tensor, labels: Tensor) -> float:
    return (logits.argmax(dim=1) == labels).double().mean().item()
