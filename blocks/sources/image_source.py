"""Images with their labels, from a data set or a user's own files."""

from __future__ import annotations

import hashlib
import os
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
    SAMPLE_PICTURES,
    Handling,
    ImageSet,
    PictureFiles,
    load,
    read_idx,
    read_numpy,
    sample_pictures,
    status,
    suffixes,
)
from semradio.blocks.datasets.places import VARIABLE
from semradio.blocks.picture_tag import PICTURE

_NAMED_TYPE = ItemType("uint8", (28, 28))
"""Item type of every data set that is known by name."""

_BYTES = 1 << 24
"""Bytes of picture files that are given at once: a chunk of large pictures would fill memory."""


_ONLY_PICTURES = (
    "'colour', 'background', 'deep', 'damaged', 'fit', 'size', 'overlap' and 'turn' are for "
    "picture files"
)


@block("image_source", category="sources")
class ImageSource(Source):
    """Give images, and their labels, one after the other.

    ``image`` is uint8[rows, cols] (colour: uint8[rows, cols, 3]) and ``label`` uint8. ``dataset``
    is a known name (``mnist``, ``fashion-mnist``; ``split`` then says which part), or a path: an
    IDX file (its labels in the IDX file ``labels``), a picture, a folder of pictures (sub-folders
    are classes), an .npy file of images, or an .npz file with ``images`` and ``labels``. Without
    labels there is no output ``label``.

    A relative path that is not there is looked for in the folder $SEMRADIO_DATA.
    ``sample-pictures`` are four free photographs that the package scikit-image ships.

    Pictures are read one by one as they are needed, and turned as their EXIF orientation says.
    They are grey where all are and in colour where one is, unless ``colour`` says otherwise.
    Pictures of several sizes need a ``fit``: ``crop`` takes the middle, ``pad`` repeats the last
    row and column, ``resize`` scales (Lanczos), ``tile`` cuts each into as many items as it takes,
    row by row, with ``overlap`` rows and columns in common; ``frames`` counts these items.
    ``turn`` first turns pictures that are higher than wide by a quarter. With a fit or ``turn``,
    each item has the tag ``picture``: its ``file``, the ``rows`` and ``columns`` of the picture,
    and where in it the item begins (``top``, ``left``).

    The stream ends after ``frames`` images, or with the set. ``repeat`` starts the set again
    instead. ``shuffle`` gives each round of the set an order that is a function of ``seed`` and
    the round, the same on every machine.

    Item i is a function of the parameters and i alone.

    Results:
        ``images``, how many it has given; ``dataset``; ``origin``, where they came from; of
        picture files ``skipped``, the damaged ones that were left out.

    Raises:
        DatasetError: before anything runs, where the images are missing or damaged, a picture's
            size does not fit, it would unpack to more than 134 million pixels, or it has more
            bits than is said; at its item, where its pixels turn out to be damaged.

    Example:
        >>> images = np.zeros((3, 28, 28), np.uint8)
        >>> np.savez("mine.npz", images=images, labels=np.uint8([7, 2, 1]))
        >>> image, label = ImageSource(dataset="mine.npz", frames=2)()
        >>> image.shape, label
        ((2, 28, 28), array([7, 2], dtype=uint8))
    """

    dataset: str = parameter(
        doc="mnist, fashion-mnist, sample-pictures, or a path to a file or a folder."
    )
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

    colour: str | None = parameter(
        None,
        choices=(None, "grey", "rgb", "rgba"),
        doc="What picture files become; if not given, grey where all are, else rgb.",
    )
    background: str = parameter(
        "white",
        choices=("white", "black"),
        doc="What is seen through transparent pixels, unless 'colour: rgba' keeps them.",
    )
    deep: str = parameter(
        "refuse",
        choices=("refuse", "upper"),
        doc="Of 16 bits per channel: refuse the picture, or take the upper eight.",
    )
    damaged: str = parameter(
        "error",
        choices=("error", "skip"),
        doc="A picture file that cannot be read: an error, or left out and counted.",
    )
    fit: str | None = parameter(
        None,
        choices=(None, "crop", "pad", "resize", "tile"),
        doc="How picture files of several sizes become items of one.",
    )
    size: list[int] | None = parameter(
        None,
        doc="[rows, columns] of an item; if not given, what all pictures have in common (crop), "
        "what holds all (pad), that of the first (resize).",
    )
    overlap: int = parameter(
        0, low=0, unit="pixels", doc="Rows and columns that neighbouring tiles have in common."
    )
    turn: bool = parameter(
        False, doc="Whether to turn picture files that are higher than wide by a quarter."
    )

    image = Output(doc="The image, 0 is black and 255 is white.")
    label = Output(doc="Its class; only where the images have labels.")

    images: int = state(0, doc="Images given so far.")
    round: int = state(0, doc="Rounds of the picture files that are over.")
    picture: int = state(0, doc="Picture files of this round that are over.")
    tile: int = state(0, doc="Items of the current picture file that were given.")
    skipped: list[str] = state(factory=list, doc="Damaged picture files that were met.")

    _files: tuple[Any, ...] = ()

    def configure(self) -> None:
        handling = self._handling()
        files = (self.dataset, self.split, self.labels, handling)
        if files == self._files:
            return
        # A known data set is only looked for until it is needed: its type is known, and a
        # checked flowgraph may run the source in another process.
        self._set: ImageSet | None = None
        self._pictures: PictureFiles | None = None
        self._named = self._known_name()
        if self._named is None:
            self._read_path(handling)
        elif handling != Handling():
            raise ParameterError(
                f"the data set '{self.dataset}' has one size and one colour; {_ONLY_PICTURES}"
            )
        elif not _available(self._named, self.split or "heldout"):
            self._load()
        self._files = files

    def output_ports(self) -> Sequence[Output]:
        read = self._set or self._pictures
        if read is not None and read.labels is None:
            return [self.declared_outputs[0]]
        return self.declared_outputs

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        image = _NAMED_TYPE if self._set is None else ItemType.of(self._set.images)
        if self._pictures is not None:
            image = ItemType("uint8", self._pictures.shape)
        return {"image": image, "label": ItemType("uint8")}

    def start(self) -> None:
        self._order: tuple[int, Array] | None = None
        if self._pictures is not None:
            return
        self._loaded = self._set or self._load()
        if self.repeat:
            self._total = self.frames
        else:
            self._total = min(self.frames or len(self._loaded), len(self._loaded))

    def work(self, n: int, at: int) -> tuple[Array, ...]:
        if self._pictures is not None:
            return self._work_pictures(self._pictures, n, at)
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
        chosen: Any = (
            self._shuffled(turn, length)[first:stop] if self.shuffle else slice(first, stop)
        )
        if self._loaded.labels is None:
            return (self._loaded.images[chosen],)
        return self._loaded.images[chosen], self._loaded.labels[chosen]

    def results(self) -> dict[str, Any]:
        read = self._set or self._pictures
        origin = read.origin if read is not None else ""
        found = {"images": self.images, "dataset": self.dataset, "origin": origin}
        if self._pictures is not None:
            found["skipped"] = len(self._pictures.refused) + len(self.skipped)
        return found

    def _handling(self) -> Handling:
        """Return what is to become of picture files, as it was checked."""
        size = self.size
        if size is not None and (len(size) != 2 or min(size) < 1):
            raise ParameterError(f"'size' is [rows, columns], not {size}", "size")
        if self.overlap and self.fit != "tile":
            raise ParameterError("'overlap' belongs to 'fit: tile'", "overlap")
        if self.fit == "tile" and size is None:
            raise ParameterError("'fit: tile' needs 'size: [rows, columns]'", "size")
        if size is not None and self.fit == "tile" and self.overlap >= min(size):
            raise ParameterError(
                f"'overlap' must be less than a tile's {min(size)} pixels, not {self.overlap}",
                "overlap",
            )
        if size is not None and self.fit is None:
            raise ParameterError("'size' needs a 'fit': crop, pad, resize or tile", "size")
        chosen: Any = {
            "colour": self.colour,
            "background": self.background,
            "deep": self.deep,
            "damaged": self.damaged,
            "fit": self.fit,
        }
        both = None if size is None else (size[0], size[1])
        return Handling(**chosen, size=both, overlap=self.overlap, turn=self.turn)

    def _work_pictures(self, files: PictureFiles, n: int, at: int) -> tuple[Array, ...]:
        room = max(1, _BYTES // int(np.prod(files.shape)))
        n = min(n, room, n if self.frames is None else self.frames - at)
        given: list[Array] = []
        labels: list[int] = []
        while len(given) < n and not self._over(files, at + len(given)):
            number = self.picture
            if self.shuffle:
                number = int(self._shuffled(self.round, len(files))[number])
            places = files.places(number)
            place = places[self.tile]
            item = files.item(number, place)
            if item is None:
                self._skip(files.file(number))
            else:
                if self.fit is not None or self.turn:
                    self.tag(PICTURE, files.told(number, place), at + len(given))
                given.append(item)
                labels.append(0 if files.labels is None else int(files.labels[number]))
            self.tile += 1
            if item is None or self.tile == len(places):
                self.picture, self.tile = self.picture + 1, 0
            if self.picture == len(files) and self.repeat:
                self.round, self.picture = self.round + 1, 0
        self.images = at + len(given)
        if self._over(files, self.images):
            self.finish()
            if self.frames is not None and self.images < self.frames:
                self.note(f"{self.frames} images were asked for; the pictures give {self.images}")
        images: Array = np.empty((len(given), *files.shape), np.uint8)
        for k, item in enumerate(given):
            images[k] = item
        if files.labels is None:
            return (images,)
        return images, np.array(labels, np.uint8)

    def _over(self, files: PictureFiles, given: int) -> bool:
        return self.picture == len(files) or given == self.frames

    def _skip(self, file: str) -> None:
        if file not in self.skipped:
            self.skipped.append(file)
            self.note(f"{file}: damaged, left out")
        assert self._pictures is not None
        if len(self.skipped) == len(self._pictures):
            raise DatasetError(f"{self.dataset}: none of its pictures can be read")

    def _known_name(self) -> str | None:
        name = self.dataset.lower().replace("_", "-")
        return name if name in {row.dataset for row in status()} else None

    def _load(self) -> ImageSet:
        self._set = load(self._named or self.dataset, self.split or "heldout")
        return self._set

    def _read_path(self, handling: Handling) -> None:
        """Read images from a path, or the headers of picture files."""
        path = Path(self.dataset).expanduser()
        places = os.environ.get(VARIABLE)
        if places and not path.exists() and (Path(places) / path).exists():
            path = Path(places) / path
        sample = self.dataset == SAMPLE_PICTURES and not path.exists()
        if not path.exists() and not sample:
            known = ", ".join(dict.fromkeys(row.dataset for row in status()))
            raise DatasetError(
                f"'{self.dataset}' is neither a file, nor a folder, nor a known data set ({known}, "
                f"{SAMPLE_PICTURES})"
            )
        if self.split is not None:
            raise ParameterError(
                f"parameter 'split' is for known data sets; {path} has no parts", "split"
            )
        is_picture = sample or path.is_dir() or path.suffix.lower() in suffixes()
        is_idx = not is_picture and path.suffix not in (".npy", ".npz")
        if self.labels is not None and not is_idx:
            raise ParameterError(
                f"parameter 'labels' belongs to an IDX file of images, which {path} is not",
                "labels",
            )
        if is_picture:
            self._pictures = PictureFiles(sample_pictures() if sample else path, handling)
        elif handling != Handling():
            raise ParameterError(f"{path} holds images of one size and colour; {_ONLY_PICTURES}")
        else:
            self._set = _read_idx_pair(path, self.labels) if is_idx else read_numpy(path)

    def _shuffled(self, turn: int, length: int) -> Array:
        """Return the order of a round: a permutation of the set's indices."""
        if self._order is None or self._order[0] != turn:
            text = f"{self.seed}/{turn}".encode()
            key = np.frombuffer(hashlib.blake2b(text, digest_size=16).digest(), np.uint64)
            # Sorting raw words: NumPy keeps these the same for ever, its shuffling not.
            words = np.random.Philox(key=key).random_raw(length)
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
