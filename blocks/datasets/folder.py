"""Which pictures lie in a folder, and of what classes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semradio.blocks.datasets.picture_file import suffixes
from semradio.blocks.errors import DatasetError

_MAX_CLASSES = 256


@dataclass(frozen=True, eq=False)
class Listing:
    """Picture files in their order.

    files : paths. labels : uint8[n], an index into ``class_names``; None without classes
    origin : where they are, in words
    """

    files: tuple[Path, ...]
    labels: NDArray[np.uint8] | None
    class_names: tuple[str, ...]
    origin: str


def list_pictures(path: str | Path) -> Listing:
    """List the pictures of a folder (PNG, JPEG, BMP and what else Pillow reads), or one picture.

    Where the folder has sub-folders, each is a class and its name the class name; otherwise
    there are no labels. Files come in the order of their names, classes likewise; hidden files
    and files without a picture's suffix are passed over. No picture is opened.

    Raises DatasetError where there is no such folder, no picture in it, a picture beside
    sub-folders, or more classes than labels can tell.
    """
    path = Path(path)
    if path.is_file():
        return Listing((path,), None, (), f"the picture {path}")
    if not path.is_dir():
        raise DatasetError(f"{path}: {'not a folder' if path.exists() else 'no such folder'}")
    origin = f"the pictures in {path}"
    classes = sorted(entry for entry in _visible(path) if entry.is_dir())
    if not classes:
        return Listing(_some(_pictures(path), path), None, (), origin)
    if strays := _pictures(path):
        raise DatasetError(
            f"{strays[0]}: a picture beside the sub-folders of {path}: sub-folders are classes,"
            " so it would have no label"
        )
    if len(classes) > _MAX_CLASSES:
        raise DatasetError(f"{path}: {len(classes)} sub-folders; labels allow {_MAX_CLASSES}")
    members = [_pictures(folder) for folder in classes]
    files = _some([picture for pictures in members for picture in pictures], path)
    labels = np.repeat(np.arange(len(classes), dtype=np.uint8), [len(each) for each in members])
    return Listing(files, labels, tuple(folder.name for folder in classes), origin)


def _visible(folder: Path) -> list[Path]:
    try:
        return [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be read: {error.strerror}") from None


def _pictures(folder: Path) -> list[Path]:
    known = suffixes()
    return sorted(
        entry for entry in _visible(folder) if entry.suffix.lower() in known and entry.is_file()
    )


def _some(pictures: list[Path], path: Path) -> tuple[Path, ...]:
    if not pictures:
        raise DatasetError(f"{path}: no pictures in it")
    return tuple(pictures)
