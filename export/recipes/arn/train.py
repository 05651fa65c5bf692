"""Algorithm 1 of the paper, with everything that must exist before it and everyone who reacts.

Phases, each with its own checkpoint in the run's folder:

``base``          the semantic link (eq. (4) to (8)), trained end to end and then frozen;
``eve``           the eavesdropper's classifier (eq. (14)) on unprotected signals;
``substitute``    in the black-box scenario, Alice's stand-in for Eve, trained in the same way;
``modules``       Alice's and Bob's modules under eq. (19), against Eve or the substitute;
and one phase for each attacker who trains, under her name (see ``attackers``): what protection is
left once Eve reacts.

Each phase draws its randomness from the seed and its own name, so two runs that differ only in
later settings have their earlier phases in common, and may share them (``shared``).
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from semradio.export.accuracy import accuracy
from semradio.export.data import TrainingData
from semradio.export.fitting import Figures, Opponent, Phase, Schedule, load_best
from semradio.export.pixels import pixels
from semradio.export.recipes.arn.attackers import ATTACKERS, Attacker
from semradio.export.recipes.arn.channel import awgn
from semradio.export.recipes.arn.config import Config
from semradio.export.recipes.arn.evaluate import Link, evaluate
from semradio.export.recipes.arn.losses import attack_power_loss, communication_loss, privacy_loss
from semradio.export.recipes.arn.networks import (
    EAVESDROPPER_WIDTHS,
    SUBSTITUTE_WIDTHS,
    SYMBOLS,
    ArnReceiver,
    ArnTransmitter,
    BehindBob,
    Classifier,
    Ensemble,
    FgsmTransmitter,
    PictureReader,
    SemanticReceiver,
    SemanticTransmitter,
)
from semradio.export.recipes.arn.report import Report
from semradio.export.run import Manner, Run
from semradio.export.seeds import fresh, generator

if TYPE_CHECKING:
    from semradio.blocks.security.haar_rotation import HaarRotation

# Frame numbers of the signals that a keyed link sends: no number is ever used twice.
_TRAINING_FRAMES, _VALIDATION_FRAMES = 0, 1 << 32


def run(
    config: Config,
    out: Path,
    data: TrainingData | None = None,
    **manner: Unpack[Manner],
) -> Report:
    """Train and measure everything.

    Args:
        config: the settings.
        out: folder of the run.
        data: the images; by default ``config.dataset`` is loaded.
        manner: how the run goes; phases that do not depend on the modules may be shared.

    Raises:
        ParameterError: as :class:`Run` and its phases do.
        DatasetError: the data set is not there.
    """
    run = Run(out, **manner)
    if data is None:
        data = TrainingData.load(config.dataset, config.train_images)
    link = _Training(config, data, run).link()
    wanted_snr_db = sorted({*config.evaluation_snr_db, config.snr_db})
    return run.finish(
        Report(
            recipe="arn",
            config=config,
            dataset=data.name,
            split=data.split,
            figures={
                name: [evaluate(link, images, snr, seed=config.seed) for snr in wanted_snr_db]
                for name, images in data.evaluation.items()
            },
            history=run.history,
        )
    )


def load_link(folder: Path, config: Config) -> Link:
    """Return the trained networks of a run, in evaluation mode, with their best weights.

    Raises :class:`ModelError` if a checkpoint is missing or damaged.
    """
    link, opponent = _fresh_link(config)

    def load(phase: str, **modules: nn.Module) -> None:
        load_best(folder / f"{phase}.pt", modules)

    load("base", transmitter=link.transmitter, receiver=link.receiver)
    load("eve", eve=link.eve)
    if opponent is not link.eve:
        load("substitute", eve=opponent)
    if modules := _trained_modules(link, config):
        load("modules", **modules)
    attackers: dict[str, nn.Module] = {}
    for name in config.attackers:
        attackers[name] = _fresh_attacker(ATTACKERS[name], config.seed, link, attackers)
        if not ATTACKERS[name].behind_bob:
            load(name, eve=attackers[name])
    return dataclasses.replace(link, attackers=attackers)


def _fresh_link(config: Config) -> tuple[Link, Classifier]:
    """Return the untrained networks, and the classifier that Alice takes for Eve's."""
    seed = config.seed
    eve = fresh(lambda: Classifier(EAVESDROPPER_WIDTHS), seed, "eve", "weights")
    opponent = eve
    if config.scenario == "black" and config.has_alice:
        opponent = fresh(lambda: Classifier(SUBSTITUTE_WIDTHS), seed, "substitute", "weights")
    alice: nn.Module | None = None
    if config.has_alice and config.attack == "fgsm":
        alice = FgsmTransmitter(opponent, config.power_limit)
    elif config.has_alice:
        alice = fresh(lambda: ArnTransmitter(config.network), seed, "alice", "weights")
    bob = None
    if config.has_bob:
        bob = fresh(lambda: ArnReceiver(config.network), seed, "bob", "weights")
    link = Link(
        transmitter=fresh(
            lambda: SemanticTransmitter(config.normalisation), seed, "transmitter", "weights"
        ),
        receiver=fresh(SemanticReceiver, seed, "receiver", "weights"),
        eve=eve,
        alice=alice,
        bob=bob,
        lock=_lock(seed) if config.keyed else None,
    )
    return link, opponent


def _lock(seed: int) -> HaarRotation:
    # Imported late: it loads a cryptographic library, which other runs do without.
    from semradio.blocks.security.haar_rotation import HaarRotation

    # Not a secret: whoever repeats the run must get the same signals.
    key = hashlib.sha256(f"semradio training run {seed}".encode()).digest()
    return HaarRotation(key, session="training", size=SYMBOLS)


def _trained_modules(link: Link, config: Config) -> dict[str, nn.Module]:
    """Return what the phase ``modules`` trains; a gradient attack has no weights."""
    modules = {"alice": link.alice if config.attack == "arn" else None, "bob": link.bob}
    return {name: module for name, module in modules.items() if module is not None}


def _fresh_attacker(
    attacker: Attacker, seed: int, link: Link, others: Mapping[str, nn.Module]
) -> nn.Module:
    """Return an attacker as she begins; the link, and those whom she copies, must be trained."""
    if attacker.behind_bob:
        assert link.bob is not None
        classifier = link.eve if attacker.behind_bob == "eve" else others[attacker.behind_bob]
        return BehindBob(link.bob, classifier)

    def make() -> nn.Module:
        if attacker.pictures:
            return PictureReader(link.receiver)
        if attacker.members > 1:
            return Ensemble(attacker.members, attacker.widths)
        return Classifier(attacker.widths)

    module = fresh(make, seed, attacker.name, "weights")
    if attacker.frames is not None:
        module.load_state_dict(link.eve.state_dict())
    return module


class _Training:
    """One run: the networks, the data, and the phases that were trained so far."""

    def __init__(self, config: Config, data: TrainingData, run: Run) -> None:
        self.config = config
        self.data = data
        self.run = run
        self.fingerprint = data.fingerprint()
        # Once for all steps: the conversion takes as long as a third of a step.
        self.target = pixels(data.train.images)

    def link(self) -> Link:
        """Train all phases and return the networks."""
        link, opponent = _fresh_link(self.config)
        train, validation = self.data.train, self.data.validation
        self._train_base(link)
        # Nothing after this line changes the link: the modules are plugged into a fixed system.
        for frozen in (link.transmitter, link.receiver):
            frozen.requires_grad_(False)
        with torch.no_grad():
            plain = link.transmitter(train.images), link.transmitter(validation.images)
        self._train_classifier("eve", link.eve, plain)
        if opponent is not link.eve:
            self._train_classifier("substitute", opponent, plain)
        for fixed in (link.eve, opponent):
            fixed.requires_grad_(False)
        if _trained_modules(link, self.config):
            self._train_modules(link, opponent, plain)
        with torch.no_grad():
            protected = (
                link.locked(link.protect(plain[0], train.labels), _TRAINING_FRAMES),
                link.locked(link.protect(plain[1], validation.labels), _VALIDATION_FRAMES),
            )
        attackers: dict[str, nn.Module] = {}
        for name in self.config.attackers:
            attacker = ATTACKERS[name]
            attackers[name] = _fresh_attacker(attacker, self.config.seed, link, attackers)
            if not attacker.behind_bob:
                signals = plain if attacker.learns == "plain" else protected
                self._train_classifier(name, attackers[name], signals, attacker.frames)
        return dataclasses.replace(link, attackers=attackers)

    def _train_base(self, link: Link) -> None:
        data, snr_db, target = self.data, self.config.snr_db, self.target
        generators = self._generators("base", "noise")

        def loss(index: Tensor) -> Tensor:
            y = awgn(link.transmitter(data.train.images[index]), snr_db, generators["noise"])
            return communication_loss(link.receiver(y), target[index])

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
        self,
        name: str,
        classifier: nn.Module,
        signals: tuple[Tensor, Tensor],
        frames: int | None = None,
    ) -> None:
        """Train an eavesdropper on signals, and validate on others, that she has the labels of.

        With ``frames`` she has only so many; then no epoch is chosen by validation, which takes
        many more.
        """
        sent, sent_validation = signals
        labels, labels_validation = self.data.train.labels, self.data.validation.labels
        snr_db = self.config.eve_snr_db
        generators = self._generators(name, "noise")

        def loss(index: Tensor) -> Tensor:
            y = awgn(sent[index], snr_db, generators["noise"])
            return _classification_loss(classifier, y, labels[index])

        def validate() -> Figures:
            logits = classifier(awgn(sent_validation, snr_db, self._validation_noise(name)))
            return {
                "loss": cross_entropy(logits, labels_validation).item(),
                "accuracy": accuracy(logits, labels_validation),
            }

        size = len(self.data.train) if frames is None else min(frames, len(self.data.train))
        self._fit(
            name,
            {"eve": classifier},
            loss,
            validate,
            generators,
            size=size,
            keep_last=frames is not None,
        )

    def _train_modules(
        self, link: Link, opponent: Classifier, plain: tuple[Tensor, Tensor]
    ) -> None:
        """Algorithm 1: update Alice's and Bob's modules under the loss of eq. (19)."""
        config, data = self.config, self.data
        sent, sent_validation = plain
        generators = self._generators("modules", "bob", "eve", "opponent")
        if config.opponent == "retrained":
            opponent = _copy_that_learns(opponent)

        def terms(
            x: Tensor,
            target: Tensor,
            labels: Tensor,
            at_bob: torch.Generator,
            at_eve: torch.Generator,
        ) -> tuple[dict[str, Tensor], Tensor]:
            protected = link.protect(x, labels)
            y = awgn(protected, config.snr_db, at_bob)
            restored = y if link.bob is None else link.bob(y)
            logits = opponent(awgn(protected, config.snr_db, at_eve))
            attack = protected - x
            parts = {
                "power": attack_power_loss(attack, config.power_limit),
                "mse": communication_loss(link.receiver(restored), target),
                "confidence": privacy_loss(logits, labels),
            }
            return parts, attack

        def weighted(parts: Mapping[str, Tensor]) -> Tensor:
            return (
                config.power_weight * parts["power"]
                + config.communication_weight * parts["mse"]
                + config.privacy_weight * parts["confidence"]
            )

        def loss(index: Tensor) -> Tensor:
            target, labels = self.target[index], data.train.labels[index]
            parts, _ = terms(sent[index], target, labels, generators["bob"], generators["eve"])
            return weighted(parts)

        def opponent_loss(index: Tensor) -> Tensor:
            with torch.no_grad():
                protected = link.protect(sent[index], data.train.labels[index])
            y = awgn(protected, config.eve_snr_db, generators["opponent"])
            return cross_entropy(opponent(y), data.train.labels[index])

        def validate() -> Figures:
            at_bob, at_eve = self._validation_noise("bob"), self._validation_noise("eve")
            target, labels = pixels(data.validation.images), data.validation.labels
            parts, attack = terms(sent_validation, target, labels, at_bob, at_eve)
            return {
                "loss": weighted(parts).item(),
                "mse": parts["mse"].item(),
                "confidence": parts["confidence"].item(),
                "attack_power": attack.square().sum(dim=1).mean().item(),
            }

        retrained = Opponent(opponent, opponent_loss, config.opponent_steps, config.adaptive_rate)
        self._fit(
            "modules",
            _trained_modules(link, config),
            loss,
            validate,
            generators,
            opponent=retrained if config.opponent == "retrained" else None,
        )

    def _fit(
        self,
        name: str,
        modules: Mapping[str, nn.Module],
        loss: Callable[[Tensor], Tensor],
        validate: Callable[[], Figures],
        generators: Mapping[str, torch.Generator],
        *,
        size: int | None = None,
        keep_last: bool = False,
        opponent: Opponent | None = None,
    ) -> None:
        phase = Phase(
            name=name,
            modules=modules,
            size=len(self.data.train) if size is None else size,
            loss=loss,
            validate=validate,
            generators=generators,
            schedule=_schedule(self.config, name),
            settings=self._settings(name),
            keep_last=keep_last,
            opponent=opponent,
        )
        self.run.fit(phase, common=_independent_of_modules(name))

    def _generators(self, phase: str, *purposes: str) -> dict[str, torch.Generator]:
        seed = self.config.seed
        return {name: generator(seed, phase, name) for name in ("batches", *purposes)}

    def _validation_noise(self, purpose: str) -> torch.Generator:
        # The same noise after every epoch, so that epochs are compared on equal terms.
        return generator(self.config.seed, "validation", purpose)

    def _settings(self, phase: str) -> dict[str, Any]:
        """Return what decides a phase's outcome: its own settings and those of earlier phases."""
        base = ("seed", "snr_db", "patience", "normalisation", *_named("base_"))
        eve = (*base, *_named("eve_"))
        modules = (*eve, *_MODULE_SETTINGS, *_named("module_"), *_named("opponent"))
        deciding: tuple[str, ...]
        if phase == "base":
            deciding = base
        elif phase in ("eve", "substitute"):
            deciding = eve
        elif phase == "modules":
            deciding = modules
        elif _independent_of_modules(phase):
            deciding = (*eve, *_named(f"{_schedule_of(phase)}_"))
        else:
            deciding = (*modules, "keyed", *_named(f"{_schedule_of(phase)}_"))
        chosen = {key: getattr(self.config, key) for key in sorted(set(deciding))}
        return {**chosen, "images": len(self.data.train), "fingerprint": self.fingerprint}


_MODULE_SETTINGS = (
    *("scenario", "modules", "attack", "network", "psr_db", "adaptive_rate"),
    *("power_weight", "communication_weight", "privacy_weight"),
)


def _named(prefix: str) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(Config) if f.name.startswith(prefix))


def _independent_of_modules(phase: str) -> bool:
    if phase in ATTACKERS:
        return ATTACKERS[phase].learns == "plain"
    return phase != "modules"


def _schedule_of(phase: str) -> str:
    """Return the prefix of the settings that say how long and how fast a phase trains."""
    if phase in ATTACKERS:
        return "adaptive" if ATTACKERS[phase].frames is None else "few"
    return {"base": "base", "modules": "module"}.get(phase, "eve")


def _schedule(config: Config, phase: str) -> Schedule:
    prefix = _schedule_of(phase)
    return Schedule(
        epochs=getattr(config, f"{prefix}_epochs"),
        batch_size=getattr(config, f"{prefix}_batch"),
        learning_rate=getattr(config, f"{prefix}_rate"),
        decay=getattr(config, f"{prefix}_decay"),
        patience=config.patience,
    )


def _copy_that_learns(classifier: Classifier) -> Classifier:
    """Return a copy of a fixed classifier whose weights can be trained."""
    return copy.deepcopy(classifier).requires_grad_(True)


def _classification_loss(classifier: nn.Module, y: Tensor, labels: Tensor) -> Tensor:
    """Return the cross-entropy; that of each member of an ensemble, who learn side by side."""
    if isinstance(classifier, Ensemble):
        losses = [cross_entropy(member(y), labels) for member in classifier.members]
        return torch.stack(losses).sum()
    return cross_entropy(classifier(y), labels)
