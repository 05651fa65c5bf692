"""Training of the eavesdroppers on the colour link, a phase for each with its checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Unpack

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from semradio.blocks.errors import DatasetError
from semradio.export import pictures
from semradio.export.accuracy import accuracy
from semradio.export.fitting import Figures, Phase, Schedule
from semradio.export.recipes.intercept.air import Air
from semradio.export.recipes.intercept.config import Config
from semradio.export.recipes.intercept.eves import EVES
from semradio.export.recipes.intercept.networks import PictureReader, SymbolReader
from semradio.export.recipes.intercept.report import Report
from semradio.export.run import Manner, Run
from semradio.export.seeds import fresh, generator

_VALIDATION_SHARE = 10
# Numbers of the frames that are sent under the key: none serves twice.
_TRAINING_FRAMES, _TEST_FRAMES = 0, 1 << 32


class Labelled(NamedTuple):
    """Pictures uint8[n, 3, rows, columns] with labels int64[n] and the names of the classes."""

    pictures: Tensor
    labels: Tensor
    classes: tuple[str, ...]


def run(
    config: Config,
    out: Path,
    data: Mapping[str, Labelled] | None = None,
    **manner: Unpack[Manner],
) -> Report:
    """Train all eavesdroppers and measure them, on the link without a key and with one.

    Args:
        config: the settings.
        out: folder of the run.
        data: the pictures ``train`` and ``test``; by default those that ``config`` names are read.
        manner: how the run goes.

    Raises:
        ParameterError: as :class:`Run` and its phases do.
        DatasetError: pictures are missing, or lie in no folders of classes.
        ModelError: the models of the link are missing.
    """
    run = Run(out, **manner)
    if data is None:
        data = {
            "train": read(config.datasets, config.train_images),
            "test": read(config.test, config.test_pictures),
        }
    train, test = data["train"], data["test"]
    if train.classes != test.classes:
        raise DatasetError("the pictures that are measured on have other classes than the others")
    training = _Training(config, train, run)
    eves = {name: training.eve(name) for name in EVES}
    return run.finish(
        Report(
            recipe="intercept",
            config=config,
            classes=train.classes,
            split=f"{', '.join(config.datasets)}: {len(train.labels)} pictures, a tenth of them "
            f"watched; measured on {len(test.labels)} of {', '.join(config.test)}",
            plain=training.measured(eves, test, keyed=False),
            keyed=training.measured(eves, test, keyed=True),
            history=run.history,
        )
    )


def read(places: tuple[str, ...], most: int | None) -> Labelled:
    """Read pictures, the folder of each being its class.

    Raises :class:`DatasetError` where pictures are missing or damaged, or all lie in one folder.
    """
    files = pictures.listed(places, most)
    names = [Path(member or file).parent.name for file, member in files]
    classes = tuple(sorted(set(names)))
    if len(classes) < 2:
        raise DatasetError(
            f"{', '.join(places)}: the pictures lie in one folder; sub-folders are classes"
        )
    labels = torch.tensor([classes.index(name) for name in names])
    return Labelled(pictures.read(places, most), labels, classes)


def untrained(
    name: str, config: Config, features: Tensor, sides: tuple[int, int], classes: int
) -> nn.Module:
    """Return an eavesdropper as she begins.

    features : [n, features, rows, columns], as she hears them. sides : of the pictures
    """

    def make() -> nn.Module:
        if EVES[name].pictures:
            return PictureReader(sides, config.width, classes)
        places = (features.shape[2], features.shape[3])
        return SymbolReader(features.shape[1], places, config.width, classes)

    return fresh(make, config.seed, "intercept", name, "weights")


class _Training:
    """One run: the signals, and the eavesdroppers who were trained so far."""

    def __init__(self, config: Config, train: Labelled, run: Run) -> None:
        self.config = config
        self.train = train
        self.run = run
        self.air = Air(config)
        sent = self.air.sent(train.pictures)
        self.signals = {
            False: self.air.features(sent),
            True: self.air.features(self.air.hidden(sent, _TRAINING_FRAMES)),
        }
        apart = torch.arange(len(train.labels)) % _VALIDATION_SHARE == 0
        self.learnt, self.watched = (~apart).nonzero()[:, 0], apart.nonzero()[:, 0]

    def eve(self, name: str) -> nn.Module:
        """Train an eavesdropper."""
        eve, air, config = EVES[name], self.air, self.config
        features = self.signals[eve.keyed]
        labels = self.train.labels
        sides = (self.train.pictures.shape[2], self.train.pictures.shape[3])
        module = untrained(name, config, features, sides, len(self.train.classes))
        generators = {
            purpose: generator(config.seed, "intercept", name, purpose)
            for purpose in ("batches", "noise")
        }
        watched_noise = generator(config.seed, "intercept", name, "watched")
        if eve.pictures:
            # She records each picture once: decoding takes longer than learning.
            heard = air.pictures(air.received(features, watched_noise))
            watched = heard[self.watched]
        else:
            watched = air.received(features[self.watched], watched_noise)

        def loss(index: Tensor) -> Tensor:
            chosen = self.learnt[index]
            if eve.pictures:
                y = heard[chosen]
            else:
                y = air.received(features[chosen], generators["noise"])
            return cross_entropy(module(y), labels[chosen])

        def validate() -> Figures:
            logits, truth = module(watched), labels[self.watched]
            return {
                "loss": cross_entropy(logits, truth).item(),
                "accuracy": accuracy(logits, truth),
            }

        phase = Phase(
            name=name,
            modules={"eve": module},
            size=len(self.learnt),
            loss=loss,
            validate=validate,
            generators=generators,
            schedule=Schedule(
                epochs=config.picture_epochs if eve.pictures else config.symbol_epochs,
                batch_size=config.batch,
                learning_rate=config.learning_rate,
                decay="cosine",
            ),
            settings={
                **config.deciding("test", "test_pictures"),
                "fingerprint": pictures.fingerprint(self.train.pictures),
            },
        )
        self.run.fit(phase)
        return module

    @torch.no_grad()
    def measured(
        self, eves: Mapping[str, nn.Module], test: Labelled, keyed: bool
    ) -> dict[str, float]:
        """Return how often each is right; all hear the same."""
        sent = self.air.sent(test.pictures)
        if keyed:
            sent = self.air.hidden(sent, _TEST_FRAMES)
        noise = generator(self.config.seed, "intercept", "measured")
        heard = self.air.received(self.air.features(sent), noise)
        seen = self.air.pictures(heard)
        return {
            name: round(accuracy(eve(seen if EVES[name].pictures else heard), test.labels), 6)
            for name, eve in eves.items()
        }
