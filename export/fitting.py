"""One phase of training: epochs, early stopping, checkpoints and exact continuation."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from semradio.blocks.errors import ParameterError, SemradioError
from semradio.export import checkpoint
from semradio.export.progress import Event, Progress
from semradio.export.seeds import seeded

Figures = dict[str, float]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a phase trains (always with Adam)."""

    epochs: int
    """The most epochs to train."""
    batch_size: int
    """Images per step."""
    learning_rate: float
    """At the first step."""
    decay: Literal["constant", "cosine"] = "constant"
    """How the learning rate falls: not, or along half a cosine to zero at the last step."""
    patience: int = 0
    """Stop after so many epochs without a better validation loss; 0: never."""
    warm_up: int = 0
    """Steps in which the learning rate rises from zero to its course."""
    betas: tuple[float, float] = (0.9, 0.999)
    """Adam's decay rates of the two moments."""
    fused: bool = False
    """Whether Adam passes over the weights once per step: faster, and it rounds otherwise."""

    def rate(self, step: int, steps_per_epoch: int) -> float:
        """Return the learning rate of step ``step``, counted from 0 over the whole phase."""
        begun = min(1.0, (step + 1) / self.warm_up) if self.warm_up else 1.0
        if self.decay == "constant":
            return self.learning_rate * begun
        done = step / (self.epochs * steps_per_epoch)
        return self.learning_rate * begun * 0.5 * (1.0 + math.cos(math.pi * done))


@dataclass(frozen=True)
class Opponent:
    """Who is retrained all the while against what a phase trains (min-max)."""

    module: nn.Module
    """Its weights are trained here alone; the phase's own loss leaves them as they are."""
    loss: Callable[[Tensor], Tensor]
    """Its own loss on a batch, given the indices int64[batch] of its items."""
    steps: int
    """Steps of it, each on the same batch, before each step of the phase."""
    learning_rate: float


@dataclass(frozen=True)
class Phase:
    """One phase: what is trained, on what, and how it is judged.

    The epoch with the lowest validation ``loss`` is the one that is kept; with an opponent, or with
    ``keep_last``, the last one.
    """

    name: str
    modules: Mapping[str, nn.Module]
    """The networks; those parameters that require a gradient are trained."""
    size: int
    """Number of training items; ``loss`` is given indices into them."""
    loss: Callable[[Tensor], Tensor]
    """Loss of a batch, given the indices int64[batch] of its items."""
    validate: Callable[[], Figures]
    """Figures on the validation images, ``loss`` among them.

    Called after each epoch with the networks in evaluation mode. May set constants of theirs that
    are measured, not trained; they are kept with the weights.
    """
    generators: Mapping[str, torch.Generator]
    """Sources of randomness that ``loss`` draws from, and ``batches`` for the order of items."""
    schedule: Schedule
    settings: Mapping[str, Any]
    """Whatever decides the outcome, as plain values: a checkpoint of others is not continued."""
    opponent: Opponent | None = None
    """Its loss is part of the game: a low loss against a weak opponent says nothing."""
    keep_last: bool = False
    """Choose no epoch by validation, and stop at none before the last."""


def fit(phase: Phase, path: Path, *, resume: bool, progress: Progress) -> list[Figures]:
    """Train a phase, with a checkpoint at ``path`` after each epoch.

    Afterwards the networks hold the best epoch's weights and are in evaluation mode. With
    ``resume`` a checkpoint found at ``path`` is continued; the continuation is bit-identical to
    an undisturbed run on the same machine, because generators and optimiser are in it too.

    Returns the validation figures of each epoch.

    Raises :class:`ParameterError` if the checkpoint belongs to other settings, and
    :class:`SemradioError` if the loss is not a finite number.
    """
    run = _State(phase)
    if resume and path.exists():
        run.restore(path)
    progress(Event(phase.name, run.epoch, phase.schedule.epochs, finished=run.finished))
    while not run.finished:
        run.train_one_epoch()
        run.judge()
        checkpoint.save(path, run.state())
        progress(Event(phase.name, run.epoch, phase.schedule.epochs, run.history[-1], run.finished))
    run.keep_best()
    return run.history


def load_best(path: Path, modules: Mapping[str, nn.Module]) -> None:
    """Set networks to the weights that a phase kept, and put them into evaluation mode.

    modules : by their names in the phase; some of them, or all

    Raises :class:`ModelError` if there is no such checkpoint or it is damaged, and
    :class:`RuntimeError` if it holds another network.
    """
    best = checkpoint.load(path)["best"]
    for name, module in modules.items():
        module.load_state_dict(best[name])
        module.eval()


class _State:
    """The state of a phase between two epochs."""

    def __init__(self, phase: Phase) -> None:
        self.phase = phase
        schedule = phase.schedule
        self.optimisers = {
            "phase": _adam(
                phase.modules.values(), schedule.learning_rate, schedule.betas, schedule.fused
            )
        }
        self.networks = dict(phase.modules)
        if phase.opponent is not None:
            opponent = phase.opponent
            self.networks["opponent"] = opponent.module
            self.optimisers["opponent"] = _adam([opponent.module], opponent.learning_rate)
        self.epoch = 0
        self.history: list[Figures] = []
        self.best_epoch = 0
        self.best: dict[str, dict[str, Tensor]] = {}

    @property
    def finished(self) -> bool:
        schedule = self.phase.schedule
        waited = self.epoch - self.best_epoch
        impatient = not self.last_counts and 0 < schedule.patience <= waited
        return self.epoch >= schedule.epochs or impatient

    @property
    def last_counts(self) -> bool:
        return self.phase.keep_last or self.phase.opponent is not None

    def train_one_epoch(self) -> None:
        phase, schedule = self.phase, self.phase.schedule
        for module in self.networks.values():
            module.train()
        order = torch.randperm(phase.size, generator=phase.generators["batches"])
        batches = torch.split(order, schedule.batch_size)
        # For layers that draw numbers themselves: seeded by epoch, a continued run meets the same.
        with seeded(phase.generators["batches"].initial_seed(), "layers", str(self.epoch)):
            for number, batch in enumerate(batches):
                self.train_batch(batch, self.epoch * len(batches) + number, len(batches))
        self.epoch += 1

    def train_batch(self, batch: Tensor, step: int, steps_per_epoch: int) -> None:
        phase = self.phase
        for group in self.optimisers["phase"].param_groups:
            group["lr"] = phase.schedule.rate(step, steps_per_epoch)
        if phase.opponent is not None:
            for _ in range(phase.opponent.steps):
                self.step("opponent", phase.opponent.loss(batch))
        self.step("phase", phase.loss(batch))

    def step(self, name: str, loss: Tensor) -> None:
        if not math.isfinite(loss.item()):
            raise SemradioError(
                f"training of '{self.phase.name}' failed: the loss is {loss.item()} "
                f"in epoch {self.epoch + 1}; try a lower learning rate"
            )
        # All of them: the loss of one side leaves gradients at the other, too.
        for optimiser in self.optimisers.values():
            optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimisers[name].step()

    def judge(self) -> None:
        for module in self.networks.values():
            module.eval()
        with torch.no_grad():
            figures = self.phase.validate()
        lowest = min((past["loss"] for past in self.history), default=math.inf)
        self.history.append(figures)
        if figures["loss"] < lowest or self.last_counts:
            self.best_epoch = self.epoch
            self.best = self._weights()

    def keep_best(self) -> None:
        for name, module in self.phase.modules.items():
            module.load_state_dict(self.best[name])
            module.eval()

    def state(self) -> dict[str, Any]:
        return {
            "phase": self.phase.name,
            "settings": dict(self.phase.settings),
            "epoch": self.epoch,
            "history": self.history,
            "weights": self._weights(),
            "best_epoch": self.best_epoch,
            "best": self.best,
            "optimisers": {name: o.state_dict() for name, o in self.optimisers.items()},
            "generators": {
                name: source.get_state() for name, source in self.phase.generators.items()
            },
        }

    def restore(self, path: Path) -> None:
        state = checkpoint.load(path)
        _refuse_other_settings(path, state["settings"], self.phase.settings)
        self.epoch = state["epoch"]
        self.history = state["history"]
        self.best_epoch = state["best_epoch"]
        self.best = state["best"]
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        for name, module in self.networks.items():
            module.load_state_dict(state["weights"][name])
        for name, source in self.phase.generators.items():
            source.set_state(state["generators"][name])

    def _weights(self) -> dict[str, dict[str, Tensor]]:
        return {name: copy.deepcopy(module.state_dict()) for name, module in self.networks.items()}


def _adam(
    modules: Iterable[nn.Module],
    learning_rate: float,
    betas: tuple[float, float] = (0.9, 0.999),
    fused: bool = False,
) -> torch.optim.Adam:
    weights = [p for module in modules for p in module.parameters() if p.requires_grad]
    return torch.optim.Adam(weights, lr=learning_rate, betas=betas, fused=fused or None)


def _refuse_other_settings(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    differences = [
        f"{key} {found.get(key)} there, {wanted.get(key)} now"
        for key in sorted({*found, *wanted})
        if found.get(key) != wanted.get(key)
    ]
    if differences:
        raise ParameterError(
            f"cannot resume {path}: it was trained with other settings ({'; '.join(differences)})"
        )
