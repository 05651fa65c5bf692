"""Algorithm 1 of the paper, for every scheme: all transmitters and receivers at once, end to end.

One phase, ``link``, with a checkpoint after each epoch. SNR, channel and noise are drawn afresh
for each image; one channel per batch would show 352 channels in an epoch instead of 45,000, which
costs a third of the quality.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Unpack

import torch
from torch import Tensor

from semradio.export.data import LabelledImages, TrainingData
from semradio.export.device import device_for
from semradio.export.fitting import Figures, Phase, Schedule, load_best
from semradio.export.pixels import pixels
from semradio.export.recipes.irsc.config import Config
from semradio.export.recipes.irsc.designs import Designs
from semradio.export.recipes.irsc.evaluate import EVALUATION_DESIGNS, evaluate
from semradio.export.recipes.irsc.fairness import LossWeights
from semradio.export.recipes.irsc.report import Report
from semradio.export.recipes.irsc.system import System
from semradio.export.run import Manner, Run
from semradio.export.seeds import generator

_LINK = "link"
_BETAS = (0.9, 0.98)
_VALIDATION_SNR_DB = 10.0
_STEP_DB = 1.0
"""Designs are made for SNRs of this distance."""


def run(
    config: Config,
    out: Path,
    data: Mapping[str, TrainingData] | None = None,
    **manner: Unpack[Manner],
) -> Report:
    """Train the scheme's transmitters and receivers, and measure them.

    Args:
        config: the settings.
        out: folder of the run.
        data: the images by name of the data set; by default those of ``config.datasets`` are
            loaded.
        manner: how the run goes.

    Raises:
        ParameterError: as :class:`Run` and its phases do, or a GPU is asked for and there is none.
    """
    run = Run(out, **manner)
    device = device_for(config.device)
    if data is None:
        names = dict.fromkeys(config.user_datasets)
        data = {name: TrainingData.load(name, config.train_images) for name in names}
    users = [data[name] for name in config.user_datasets]
    system = System(config).to(device)
    run.fit(_phase(system, users))
    measured = {
        part: [data.evaluation[part] for data in users] for part in dict(users[0].evaluation)
    }
    return run.finish(
        Report(
            recipe="irsc",
            config=config,
            datasets=config.user_datasets,
            split="; ".join(dict.fromkeys(data.split for data in users)),
            figures={
                part: [
                    evaluate(system, [images.images for images in parts], snr)
                    for snr in config.evaluation_snr_db
                ]
                for part, parts in measured.items()
            },
            history=run.history,
        )
    )


def load_system(folder: Path, config: Config) -> System:
    """Return the trained networks of a run, in evaluation mode.

    Raises :class:`ModelError` if the checkpoint is missing or damaged.
    """
    system = System(config)
    load_best(folder / f"{_LINK}.pt", {"system": system})
    return system


def _phase(system: System, users: list[TrainingData]) -> Phase:
    config = system.config
    device = next(system.parameters()).device
    size = min(len(data.train) for data in users)
    images = {data.name: data.train.images.to(device) for data in users}
    # Once for all steps, and once per data set: users may share one.
    targets = {name: pixels(found) for name, found in images.items()}
    validation = [_first(data.validation, users).to(device) for data in users]
    generators = {
        "batches": generator(config.seed, "irsc", "batches"),
        "air": generator(config.seed, "irsc", "air", device=device),
        "pairs": generator(config.seed, "irsc", "pairs", device=device),
    }
    weights = LossWeights(config.users, config.weights == "dynamic").to(device)
    pool = _designs(config, device, "designs", config.designs)
    validation_pool = _designs(config, device, "validation designs", EVALUATION_DESIGNS)

    def loss(index: Tensor) -> Tensor:
        source, n = generators["air"], len(index)
        # User k sends another image than user 0 does, and never the same pair twice in a row.
        shifts = torch.randint(size, (config.users,), generator=generators["pairs"], device=device)
        shifts[0] = 0
        rows = [(index.to(device) + shift) % size for shift in shifts]
        names = [data.name for data in users]
        span = config.high_snr_db - config.low_snr_db
        snr_db = config.low_snr_db + span * torch.rand((n, 1), generator=source, device=device)
        drawn = None
        if pool is not None:
            chosen = torch.randint(len(pool), (n,), generator=source, device=device)
            drawn = pool.rows(chosen)
        sent = [images[name][row] for name, row in zip(names, rows, strict=True)]
        read = system(sent, snr_db, source, drawn)
        errors = [
            (one - targets[name][row]).square().mean()
            for one, name, row in zip(read, names, rows, strict=True)
        ]
        total: Tensor = weights(torch.stack(errors))
        return total

    def validate() -> Figures:
        weights.end_epoch()
        # The same channels and noise after every epoch, so that epochs are compared on equal terms.
        source = generator(config.seed, "irsc", "validation", device=device)
        n = len(validation[0])
        snr_db = torch.full((n, 1), _VALIDATION_SNR_DB, device=device)
        drawn = None
        if validation_pool is not None:
            drawn = validation_pool.rows(torch.arange(n, device=device) % len(validation_pool))
        read = system(validation, snr_db, source, drawn)
        errors = [
            (one - pixels(image)).square().mean().item()
            for one, image in zip(read, validation, strict=True)
        ]
        figures = {f"mse_{k + 1}": error for k, error in enumerate(errors)}
        return {"loss": sum(errors) / len(errors), **figures}

    return Phase(
        name=_LINK,
        modules={"system": system, "weights": weights},
        size=size,
        loss=loss,
        validate=validate,
        generators=generators,
        schedule=Schedule(
            epochs=config.epochs,
            batch_size=config.batch,
            learning_rate=config.rate,
            decay=config.decay,
            warm_up=config.warm_up,
            betas=_BETAS,
            fused=True,
        ),
        settings={
            **config.deciding("evaluation_snr_db", "device"),
            "datasets": list(config.user_datasets),
            "images": [len(data.train) for data in users],
            "fingerprint": [data.fingerprint() for data in users],
        },
        keep_last=True,
    )


def _first(part: LabelledImages, users: list[TrainingData]) -> Tensor:
    """Return as many images as every user has."""
    return part.images[: min(len(data.validation) for data in users)]


def _designs(config: Config, device: torch.device, purpose: str, count: int) -> Designs | None:
    if config.scheme != "semi_trained":
        return None
    steps = int((config.high_snr_db - config.low_snr_db) / _STEP_DB) + 1
    return Designs.draw(
        count,
        torch.linspace(config.low_snr_db, config.high_snr_db, steps),
        users=config.users,
        rx_antennas=config.rx_antennas,
        tx_antennas=config.tx_antennas,
        streams=config.streams,
        source=generator(config.seed, "irsc", purpose, device=device),
    )
