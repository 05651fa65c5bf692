"""Training of a colour link, end to end through noise.

One phase, ``link``, with a checkpoint after each epoch. The SNR is drawn for each picture, the rate
for each batch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import torch
from torch import Tensor

from semradio.blocks.errors import ParameterError
from semradio.export import pictures
from semradio.export.device import device_for
from semradio.export.fitting import Figures, Phase, Schedule, load_best
from semradio.export.recipes.deepjscc import transform
from semradio.export.recipes.deepjscc.config import Config
from semradio.export.recipes.deepjscc.evaluate import evaluate
from semradio.export.recipes.deepjscc.networks import Link
from semradio.export.recipes.deepjscc.report import Report
from semradio.export.run import Manner, Run
from semradio.export.seeds import fresh, generator

_LINK = "link"
_BETAS = (0.9, 0.98)
_VALIDATION_SHARE = 50
_WATCHED_PIXELS = 1 << 20
"""Most pixels that are validated on."""
_WATCHED_SNR_DB = 10.0
_WATCHED_RATE = 6
_DB_PER_DB = 0.4
"""About so much rises the PSNR of a link with the SNR, which the loss weighs up."""


def run(
    config: Config,
    out: Path,
    data: dict[str, Tensor] | None = None,
    **manner: Unpack[Manner],
) -> Report:
    """Train both ends of the link, and measure them.

    Args:
        config: the settings.
        out: folder of the run.
        data: the pictures, uint8[n, 3, rows, columns]: ``train``, ``validation``, and others that
            are measured on; by default those that ``config`` names are read.
        manner: how the run goes.

    Raises:
        ParameterError: as :class:`Run` and its phases do, a GPU is asked for and there is none, or
            the run to begin with is of another network.
        ModelError: there is no run to begin with.
        DatasetError: pictures are missing or damaged.
    """
    run = Run(out, **manner)
    device = device_for(config.device)
    sets = _read(config) if data is None else dict(data)
    train, validation = sets.pop("train"), sets.pop("validation")
    link = build(config)
    _begin(link, config, train)
    link.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    run.fit(_phase(link, config, train, validation))
    link.cpu()
    return run.finish(
        Report(
            recipe="deepjscc",
            config=config,
            split=_split(config, len(train), len(validation), sets),
            figures={
                name: [
                    evaluate(link, part, snr_db, rate, generator(config.seed, "deepjscc", name))
                    for rate in dict.fromkeys(config.rates)
                    for snr_db in config.evaluation_snr_db
                ]
                for name, part in sets.items()
            },
            history=run.history,
        )
    )


def build(config: Config) -> Link:
    """Return a link with fresh weights."""
    depth = (config.fine, config.coarse)
    return fresh(
        lambda: Link(config.architecture, config.width, depth, config.rates),
        *(config.seed, "deepjscc", "weights"),
    )


def load_link(folder: Path, config: Config) -> Link:
    """Return the trained networks of a run, in evaluation mode.

    Raises :class:`ModelError` if the checkpoint is missing or damaged.
    """
    link = build(config)
    load_best(folder / f"{_LINK}.pt", {"link": link})
    return link


def _begin(link: Link, config: Config, train: Tensor) -> None:
    """Set the weights that training begins with."""
    if config.begin is not None:
        try:
            load_best(Path(config.begin) / f"{_LINK}.pt", {"link": link})
        except RuntimeError as error:
            raise ParameterError(
                f"the run in {config.begin} has another network than these settings", "begin"
            ) from error
    elif config.architecture == "convnext":
        transform.begin(link, train, generator(config.seed, "deepjscc", "patches"))


def _phase(link: Link, config: Config, train: Tensor, validation: Tensor) -> Phase:
    device = next(link.parameters()).device
    generators = {
        "batches": generator(config.seed, "deepjscc", "batches"),
        "choices": generator(config.seed, "deepjscc", "choices"),
        "air": generator(config.seed, "deepjscc", "air", device=device),
    }
    most = max(1, _WATCHED_PIXELS // (validation.shape[2] * validation.shape[3]))
    watched = validation[:: max(1, len(validation) // most)][:most]
    span = config.high_snr_db - config.low_snr_db

    def loss(index: Tensor) -> Tensor:
        choices, n = generators["choices"], len(index)
        cut = pictures.crops(train[index % len(train)], config.crop, choices).to(device)
        sent, kept = _drawn_rates(config, choices)
        drawn = torch.rand((n, 1), generator=choices).pow(config.lean)
        snr_db = (config.low_snr_db + span * drawn).to(device)
        received = link(cut, snr_db, link.uses(sent), link.uses(kept), generators["air"])
        errors = (received - cut).square().mean(dim=(1, 2, 3))
        # Without weights, the worst SNR and rate would be all that counts.
        weights = 10.0 ** (_DB_PER_DB * snr_db.squeeze(1) / 10.0)
        total: Tensor = (errors * weights).mean() * kept**-0.9 * 12.0
        return total

    def validate() -> Figures:
        rate = _WATCHED_RATE if _WATCHED_RATE in config.rates else config.rates[0]
        noise = generator(config.seed, "deepjscc", "validation")
        moved = device.type != "cpu"
        if moved:
            link.cpu()
        found = evaluate(link, watched, _WATCHED_SNR_DB, rate, noise)
        if moved:
            link.to(device)
        # fit() minimises 'loss'; the last epoch is kept whatever it is.
        return {"loss": 10.0 ** (-found.psnr_db / 10.0), "psnr_db": found.psnr_db}

    return Phase(
        name=_LINK,
        modules={"link": link},
        size=len(train) * config.crops,
        loss=loss,
        validate=validate,
        generators=generators,
        schedule=Schedule(
            epochs=config.epochs,
            batch_size=config.batch,
            learning_rate=config.learning_rate,
            decay=config.decay,
            warm_up=config.warm_up,
            betas=_BETAS,
            fused=True,
        ),
        settings={
            **config.deciding("evaluation_snr_db", "device", "test", "test_pictures"),
            "fingerprint": pictures.fingerprint(train),
        },
        keep_last=True,
    )


def _drawn_rates(config: Config, choices: torch.Generator) -> tuple[int, int]:
    """Return one over the rate that is sent, and of that which is decoded."""
    sent = config.rates[int(torch.randint(len(config.rates), (), generator=choices))]
    lower = [rate for rate in config.rates if rate > sent]
    if not lower or torch.rand((), generator=choices).item() >= config.prefixes:
        return sent, sent
    return sent, lower[int(torch.randint(len(lower), (), generator=choices))]


def _read(config: Config) -> dict[str, Tensor]:
    train = pictures.read(config.datasets, config.train_images)
    if config.validation:
        validation = pictures.read(config.validation)
    else:
        apart = torch.arange(len(train)) % _VALIDATION_SHARE == 0
        train, validation = train[~apart], train[apart]
    if config.crop > min(train.shape[2:]):
        raise ParameterError(
            f"setting 'crop' ({config.crop}) is more than the pictures' {min(train.shape[2:])} "
            "pixels",
            "crop",
        )
    measured = {place: pictures.read([place], config.test_pictures) for place in config.test}
    return {"train": train, "validation": validation, **measured}


def _split(config: Config, train: int, validation: int, measured: dict[str, Tensor]) -> str:
    watched = ", ".join(config.validation) or "of the same"
    tests = ", ".join(f"{name} ({len(part)})" for name, part in measured.items())
    return (
        f"{', '.join(config.datasets)}: {train} pictures trained, {validation} watched "
        f"({watched}); measured on {tests or 'nothing'}"
    )
