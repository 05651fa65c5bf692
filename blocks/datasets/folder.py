"""A folder of pictures as an image set."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from semradio.blocks.datasets.imageset import ImageSet
from semradio.blocks.errors import DatasetError, nearest

Mode = Literal["L", "RGB"]

_MAX_CLASSES = 256


def read_folder(path: str | Path, mode: Mode = "L") -> ImageSet:
    """Read all pictures of a folder (PNG, JPEG, BMP and what else Pillow reads).

    mode : "L" converts to grey, "RGB" to colour; transparency is dropped

    Where the folder has sub-folders, each is a class and its name the class name; otherwise
    there are no labels. Files come in the order of their names, classes likewise; hidden files
    and files without a picture's suffix are passed over.

    Returns images [n, rows, cols] uint8 ("RGB": [n, rows, cols, 3]) and labels [n] uint8 or
    None. Raises DatasetError, naming the file, where a picture cannot be read, is of another
    size than the first, or has more than 8 bits per channel (Pillow would clip them).
    """
    path = Path(path)
    if mode not in get_args(Mode):
        raise DatasetError(
            f"unknown mode '{mode}'{nearest(mode, get_args(Mode))}; known: L (grey), RGB"
        )
    if not path.is_dir():
        raise DatasetError(f"{path}: {'not a folder' if path.exists() else 'no such folder'}")
    classes = sorted(entry for entry in _visible(path) if entry.is_dir())
    if not classes:
        return ImageSet(_read_all(_pictures(path), path, mode), None, (), _origin(path))
    if strays := _pictures(path):
        raise DatasetError(
            f"{strays[0]}: a picture beside the sub-folders of {path}: sub-folders are classes,"
            " so it would have no label"
        )
    if len(classes) > _MAX_CLASSES:
        raise DatasetError(f"{path}: {len(classes)} sub-folders; labels allow {_MAX_CLASSES}")
    members = [_pictures(folder) for folder in classes]
    images = _read_all([picture for pictures in members for picture in pictures], path, mode)
    labels = np.repeat(np.arange(len(classes), dtype=np.uint8), [len(each) for each in members])
    return ImageSet(images, labels, tuple(folder.name for folder in classes), _origin(path))


def _origin(path: Path) -> str:
    return f"the pictures in {path}"


def _visible(folder: Path) -> list[Path]:
    try:
        return [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be read: {error.strerror}") from None


def _pictures(folder: Path) -> list[Path]:
    # Imported late: only this reader needs Pillow.
    from PIL import Image

    suffixes = Image.registered_extensions()
    return sorted(
        entry for entry in _visible(folder) if entry.suffix.lower() in suffixes and entry.is_file()
    )


def _read_all(pictures: list[Path], path: Path, mode: Mode) -> NDArray[np.uint8]:
    if not pictures:
        raise DatasetError(f"{path}: no pictures in it")
    first = _read_picture(pictures[0], mode)
    images = np.empty((len(pictures), *first.shape), np.uint8)
    images[0] = first
    for index, picture in enumerate(pictures[1:], start=1):
        pixels = _read_picture(picture, mode)
        if pixels.shape != first.shape:
            raise DatasetError(
                f"{picture}: {_size(pixels)} pixels, but {pictures[0].name} has {_size(first)};"
                " all pictures must be of one size"
            )
        images[index] = pixels
    return images


def _read_picture(picture: Path, mode: Mode) -> NDArray[np.uint8]:
    from PIL import Image

    try:
        with Image.open(picture) as image:
            if image.mode.startswith(("I", "F")):
                raise DatasetError(
                    f"{picture}: more than 8 bits per channel (Pillow's mode {image.mode});"
                    " convert it to 8 bits first"
                )
            return np.asarray(image.convert(mode))
    except DatasetError:
        raise
    # Pillow's readers let errors of any kind out of a damaged file (SyntaxError among them).
    except Exception as error:
        raise DatasetError(f"{picture}: not a readable picture: {error}") from None


def _size(pixels: NDArray[np.uint8]) -> str:
    return f"{pixels.shape[1]} x {pixels.shape[0]}"
