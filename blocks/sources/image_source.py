"""Images with their labels, from a data set or a user's own files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    DatasetError,
    ItemType,
    Output,
    ParameterError,
    Source,
    block,
    parameter,
    state,
)
from semradio.blocks.datasets import (
    ImageSet,
    load,
    read_folder,
    read_idx,
    read_numpy,
    status,
)

_NAMED_TYPE = ItemType("uint8", (28, 28))
"""Item type of every data set that is known by name."""


@block("image_source", category="sources")
class ImageSource(Source):
    """Give images, and their labels, one after the other: ``image`` uint8[rows, cols] (colour:
    uint8[rows, cols, 3]) and ``label`` uint8.

    ``dataset`` is a known name (``mnist``, ``fashion-mnist``; ``split`` then says which part), or
    a path: an IDX file (its labels in the IDX file ``labels``), a folder of pictures (sub-folders
    are classes), an .npy file of images, or an .npz file with ``images`` and ``labels``. Without
    labels there is no output ``label``.

    The stream ends after ``frames`` images, or with the set. ``repeat`` starts the set again
    instead. ``shuffle`` gives each round of the set an order that is a function of ``seed`` and
    the round, the same on every machine.

    Item i is a function of the parameters and i alone. Raises DatasetError, before anything runs,
    where the images are missing or damaged.
    """

    dataset: str = parameter(doc="mnist, fashion-mnist, or a path to a file or a folder.")
    split: str | None = parameter(
        None,
        choices=(None, "train", "heldout", "test", "all"),
        doc="Part of a known data set; heldout if not given. Files and folders have no parts.",
    )
    labels: str | None = parameter(None, doc="IDX file with the labels of an IDX image file.")
    frames: int | None = parameter(
        None, low=1, unit="items", doc="Images to give; all if not given."
    )
    repeat: bool = parameter(False, doc="Whether to start again at the end of the set.")
    shuffle: bool = parameter(False, doc="Whether to give the images in random order.")
    seed: int = parameter(0, doc="Seed of the random order.")

    image = Output(doc="The image, 0 is black and 255 is white.")
    label = Output(doc="Its class; only where the images have labels.")

    images: int = state(0, doc="Images given so far.")

    _files: tuple[str | None, ...] = ()

    def configure(self) -> None:
        files = (self.dataset, self.split, self.labels)
        if files == self._files:
            return
        # A known data set is only looked for until it is needed: its type is known, and a
        # checked flowgraph may run the source in another process.
        self._set: ImageSet | None = None
        self._named = self._known_name()
        if self._named is None:
            self._set = self._read_path()
        elif not _available(self._named, self.split or "heldout"):
            self._load()
        self._files = files

    def output_ports(self) -> Sequence[Output]:
        if self._set is not None and self._set.labels is None:
            return [self.declared_outputs[0]]
        return self.declared_outputs

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        image = _NAMED_TYPE if self._set is None else ItemType.of(self._set.images)
        return {"image": image, "label": ItemType("uint8")}

    def start(self) -> None:
        self._loaded = self._set or self._load()
        if self.repeat:
            self._total = self.frames
        else:
            self._total = min(self.frames or len(self._loaded), len(self._loaded))
        self._order: tuple[int, Array] | None = None

    def work(self, n: int, at: int) -> tuple[Array, ...]:
        length = len(self._loaded)
        turn, first = divmod(at, length)
        stop = min(first + n, length)
        if self._total is not None and at + stop - first >= self._total:
            stop = first + self._total - at
            self.finish()
            if self.frames is not None and self._total < self.frames:
                self.note(f"{self.frames} images were asked for; the set has {length}")
        self.images = at + stop - first
        # A slice is a view: nothing is copied unless the order is a random one.
        chosen: Any = self._shuffled(turn)[first:stop] if self.shuffle else slice(first, stop)
        if self._loaded.labels is None:
            return (self._loaded.images[chosen],)
        return self._loaded.images[chosen], self._loaded.labels[chosen]

    def results(self) -> dict[str, Any]:
        origin = self._set.origin if self._set is not None else ""
        return {"images": self.images, "dataset": self.dataset, "origin": origin}

    def _known_name(self) -> str | None:
        name = self.dataset.lower().replace("_", "-")
        return name if name in {row.dataset for row in status()} else None

    def _load(self) -> ImageSet:
        self._set = load(self._named or self.dataset, self.split or "heldout")
        return self._set

    def _read_path(self) -> ImageSet:
        path = Path(self.dataset).expanduser()
        if not path.exists():
            known = ", ".join(dict.fromkeys(row.dataset for row in status()))
            raise DatasetError(
                f"'{self.dataset}' is neither a file, nor a folder, nor a known data set ({known})"
            )
        if self.split is not None:
            raise ParameterError(
                f"parameter 'split' is for known data sets; {path} has no parts", "split"
            )
        is_idx = path.is_file() and path.suffix not in (".npy", ".npz")
        if self.labels is not None and not is_idx:
            raise ParameterError(
                f"parameter 'labels' belongs to an IDX file of images, which {path} is not",
                "labels",
            )
        if is_idx:
            return _read_idx_pair(path, self.labels)
        return read_folder(path) if path.is_dir() else read_numpy(path)

    def _shuffled(self, turn: int) -> Array:
        """Return the order of a round: a permutation of the set's indices."""
        if self._order is None or self._order[0] != turn:
            text = f"{self.seed}/{turn}".encode()
            key = np.frombuffer(hashlib.blake2b(text, digest_size=16).digest(), np.uint64)
            # Sorting raw words: NumPy keeps these the same for ever, its shuffling not.
            words = np.random.Philox(key=key).random_raw(len(self._loaded))
            self._order = turn, np.argsort(words, kind="stable")
        return self._order[1]


def _available(dataset: str, split: str) -> bool:
    return any(row.images for row in status() if (row.dataset, row.split) == (dataset, split))


def _read_idx_pair(path: Path, labels: str | None) -> ImageSet:
    images = read_idx(path)
    if not images.size:
        raise DatasetError(f"{path}: holds no images")
    if labels is None:
        return ImageSet(images, None, (), str(path))
    classes = read_idx(Path(labels).expanduser())
    top = int(classes.max()) if classes.size and classes.dtype == np.uint8 else -1
    names = tuple(str(value) for value in range(top + 1))
    return ImageSet(images, classes, names, f"{path} with labels {labels}")
