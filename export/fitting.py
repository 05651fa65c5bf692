"""One phase of training: epochs, early stopping, checkpoints and exact continuation."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from semradio.blocks.errors import ParameterError, SemradioError
from semradio.export import checkpoint
from semradio.export.progress import Event, Progress

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

    def rate(self, step: int, steps_per_epoch: int) -> float:
        """Return the learning rate of step ``step``, counted from 0 over the whole phase."""
        if self.decay == "constant":
            return self.learning_rate
        done = step / (self.epochs * steps_per_epoch)
        return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * done))


@dataclass(frozen=True)
class Phase:
    """One phase: what is trained, on what, and how it is judged.

    The epoch with the lowest validation ``loss`` is the one that is kept.
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


def fit(phase: Phase, path: Path, *, resume: bool, progress: Progress) -> list[Figures]:
    """Train a phase, with a checkpoint at ``path`` after each epoch.

    Afterwards the networks hold the best epoch's weights and are in evaluation mode. With
    ``resume`` a checkpoint found at ``path`` is continued; the continuation is bit-identical to
    an undisturbed run on the same machine, because generators and optimiser are in it too.

    Returns the validation figures of each epoch.

    Raises :class:`ParameterError` if the checkpoint belongs to other settings, and
    :class:`SemradioError` if the loss is not a finite number.
    """
    weights = [p for module in phase.modules.values() for p in module.parameters()]
    trained = [weight for weight in weights if weight.requires_grad]
    optimiser = torch.optim.Adam(trained, lr=phase.schedule.learning_rate)
    run = _Run(phase, optimiser)
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


class _Run:
    """The state of a phase between two epochs."""

    def __init__(self, phase: Phase, optimiser: torch.optim.Optimizer) -> None:
        self.phase = phase
        self.optimiser = optimiser
        self.epoch = 0
        self.history: list[Figures] = []
        self.best_epoch = 0
        self.best: dict[str, dict[str, Tensor]] = {}

    @property
    def finished(self) -> bool:
        schedule = self.phase.schedule
        waited = self.epoch - self.best_epoch
        return self.epoch >= schedule.epochs or 0 < schedule.patience <= waited

    def train_one_epoch(self) -> None:
        phase, schedule = self.phase, self.phase.schedule
        for module in phase.modules.values():
            module.train()
        order = torch.randperm(phase.size, generator=phase.generators["batches"])
        batches = torch.split(order, schedule.batch_size)
        for number, batch in enumerate(batches):
            step = self.epoch * len(batches) + number
            for group in self.optimiser.param_groups:
                group["lr"] = schedule.rate(step, len(batches))
            loss = phase.loss(batch)
            if not math.isfinite(loss.item()):
                raise SemradioError(
                    f"training of '{phase.name}' failed: the loss is {loss.item()} "
                    f"in epoch {self.epoch + 1}; try a lower learning rate"
                )
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
        self.epoch += 1

    def judge(self) -> None:
        for module in self.phase.modules.values():
            module.eval()
        with torch.no_grad():
            figures = self.phase.validate()
        lowest = min((past["loss"] for past in self.history), default=math.inf)
        self.history.append(figures)
        if figures["loss"] < lowest:
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
            "optimiser": self.optimiser.state_dict(),
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
        self.optimiser.load_state_dict(state["optimiser"])
        for name, module in self.phase.modules.items():
            module.load_state_dict(state["weights"][name])
        for name, source in self.phase.generators.items():
            source.set_state(state["generators"][name])

    def _weights(self) -> dict[str, dict[str, Tensor]]:
        return {
            name: copy.deepcopy(module.state_dict()) for name, module in self.phase.modules.items()
        }


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
