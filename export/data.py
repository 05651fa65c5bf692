"""The images that a recipe trains on, validates on and is measured on.

A public data set comes in three disjoint parts (see :mod:`semradio.blocks.datasets`): ``train``
(for MNIST the last 50,000 of its 60,000 training images), ``heldout`` (the first 10,000 of them)
and ``test`` (the official test images). The **validation images are a part of ``train``**: one
tenth of it, always the same ones whatever the seed of a run. They choose the epoch that is kept
and are never trained on; ``heldout`` and ``test`` choose nothing and are only measured.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semradio.blocks.errors import DatasetError, ParameterError

VALIDATION_SHARE = 10
"""One image in ten of the training part validates."""
_FEWEST = 20

# Knuth's multiplicative hash (2^32 / golden ratio): an order that spreads evenly and is defined
# by this number alone. A stride would pick one class only where the classes take turns.
_SPREADING = 2654435761


@dataclass(frozen=True)
class LabelledImages:
    """Images with their labels: uint8[n, 28, 28] and int64[n]."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.images)

    @classmethod
    def from_arrays(cls, images: NDArray[np.uint8], labels: NDArray[np.integer]) -> LabelledImages:
        """Take NumPy arrays, uint8[n, 28, 28] and any integer type [n].

        Raises :class:`DatasetError` if the shapes or types are others.
        """
        if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
            raise DatasetError(
                f"images must be uint8[n, 28, 28], not {images.dtype}{list(images.shape)}"
            )
        if labels.shape != images.shape[:1]:
            raise DatasetError(f"{len(images)} images, but labels of shape {list(labels.shape)}")
        return cls(torch.from_numpy(np.array(images)), torch.from_numpy(labels.astype(np.int64)))

    def rows(self, index: Tensor) -> LabelledImages:
        """Return the images at ``index``, int64[m]."""
        return LabelledImages(self.images[index], self.labels[index])

    def mixed(self) -> LabelledImages:
        """Return the images in a fixed mixed order, the same for every seed and machine."""
        return self.rows(torch.argsort(torch.arange(len(self)) * _SPREADING % 2**32))


@dataclass(frozen=True)
class TrainingData:
    """What a recipe needs: images to train on, to validate on, and sets to be measured on."""

    train: LabelledImages
    validation: LabelledImages
    evaluation: Mapping[str, LabelledImages] = field(default_factory=dict)
    name: str = ""
    """Name of the data set, for the model cards."""
    split: str = ""
    """The parts in words, for the model cards."""

    @classmethod
    def split_off(
        cls,
        part: LabelledImages,
        evaluation: Mapping[str, LabelledImages],
        *,
        train_images: int | None = None,
        name: str = "",
        source: str = "the given images",
    ) -> TrainingData:
        """Cut the validation images out of ``part`` and keep the rest for training.

        Args:
            part: the images that may be learned from.
            evaluation: sets to be measured on; no image of theirs may be in ``part``.
            train_images: use only so many of ``part``, validation included; ``None``: all.
            name, source: for the model cards.

        Raises:
            ParameterError: fewer than twenty images are left.
        """
        mixed = part.mixed()
        used = LabelledImages(mixed.images[:train_images], mixed.labels[:train_images])
        if len(used) < _FEWEST:
            raise ParameterError(
                f"{len(used)} training images are too few: at least {_FEWEST} are needed",
                "train_images",
            )
        border = len(used) // VALIDATION_SHARE
        validation = LabelledImages(used.images[:border], used.labels[:border])
        train = LabelledImages(used.images[border:], used.labels[border:])
        measured = ", ".join(f"{key} ({len(value)})" for key, value in evaluation.items())
        split = (
            f"{source}: {len(train)} images trained, {len(validation)} validated; "
            f"measured on {measured or 'nothing'}"
        )
        return cls(train, validation, dict(evaluation), name, split)

    @classmethod
    def load(cls, dataset: str = "mnist", train_images: int | None = None) -> TrainingData:
        """Load a data set by name, with its held-out and its test images to be measured on.

        Raises :class:`~semradio.blocks.errors.DatasetError` if it is not there.
        """
        from semradio.blocks.datasets import load

        parts = {}
        for part in ("train", "heldout", "test"):
            found = load(dataset, part)
            if found.labels is None:
                raise DatasetError(f"{found.origin}: has no labels, and Eve needs them")
            parts[part] = LabelledImages.from_arrays(found.images, found.labels)
        return cls.split_off(
            parts["train"],
            {"heldout": parts["heldout"], "test": parts["test"]},
            train_images=train_images,
            name=dataset,
            source=f"{dataset}, the last {len(parts['train'])} of the training images",
        )

    def fingerprint(self) -> int:
        """Return a checksum of the training and validation images and labels."""
        crc = 0
        for part in (self.train, self.validation):
            crc = zlib.crc32(part.images.numpy().tobytes(), crc)
            crc = zlib.crc32(part.labels.numpy().tobytes(), crc)
        return crc
