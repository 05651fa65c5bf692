"""Colour pictures from folders and zip files, to train and measure on."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from semradio.blocks.datasets import suffixes
from semradio.blocks.datasets.folder import list_pictures
from semradio.blocks.datasets.places import VARIABLE
from semradio.blocks.errors import DatasetError

_GRID = 8
"""Sides are cut to multiples of this."""


def read(places: Sequence[str], most: int | None = None) -> Tensor:
    """Return the pictures of folders and zip files as uint8[n, 3, rows, columns].

    High pictures are turned by a quarter; all are cut, at the middle, to the largest size that lies
    in every one of them and whose sides are multiples of 8. With ``most``, only so many are read,
    evenly spread over all in the order of their names.

    Raises :class:`DatasetError` where a place is missing or holds no picture, and where a picture
    is damaged or smaller than that.
    """
    files = listed(places, most)
    pictures = [_pixels(content, name) for name, content in _contents(files)]
    rows = min(picture.shape[0] for picture in pictures) // _GRID * _GRID
    columns = min(picture.shape[1] for picture in pictures) // _GRID * _GRID
    if not rows or not columns:
        raise DatasetError(f"{', '.join(places)}: a picture has fewer than {_GRID} pixels a side")
    middles = np.stack([_middle(picture, rows, columns) for picture in pictures])
    return torch.from_numpy(middles).permute(0, 3, 1, 2)


def listed(places: Sequence[str], most: int | None = None) -> list[tuple[Path, str]]:
    """Return which pictures :func:`read` reads: each file, and of a zip file its member.

    Raises :class:`DatasetError` where a place is missing or holds no picture.
    """
    files = [file for place in places for file in _files(_found(place))]
    if most is not None and most < len(files):
        files = [files[index * len(files) // most] for index in range(most)]
    return files


def fingerprint(pictures: Tensor) -> int:
    """Return a checksum of pictures."""
    return zlib.crc32(pictures.permute(0, 2, 3, 1).contiguous().numpy().tobytes())


def crops(pictures: Tensor, side: int, source: torch.Generator) -> Tensor:
    """Return a random crop of each picture, every other one mirrored: float32 in [0, 1].

    pictures : uint8[n, 3, rows, columns]. source : on the CPU
    """
    rows, columns = pictures.shape[2] - side, pictures.shape[3] - side
    n = len(pictures)
    tops = torch.randint(rows + 1, (n,), generator=source).tolist()
    lefts = torch.randint(columns + 1, (n,), generator=source).tolist()
    mirrored = torch.randint(2, (n,), generator=source).tolist()
    cut = torch.stack(
        [
            picture[:, top : top + side, left : left + side]
            for picture, top, left in zip(pictures, tops, lefts, strict=True)
        ]
    )
    for index, mirror in enumerate(mirrored):
        if mirror:
            cut[index] = cut[index].flip(2)
    return as_floats(cut)


def as_floats(pictures: Tensor) -> Tensor:
    """Return uint8 pictures as float32 in [0, 1], the features of a place side by side."""
    floats = pictures.to(torch.float32) / 255.0
    return floats.contiguous(memory_format=torch.channels_last)


def _found(place: str) -> Path:
    path = Path(place).expanduser()
    data = os.environ.get(VARIABLE)
    if data and not path.exists():
        path = Path(data) / place
    if not path.exists():
        raise DatasetError(
            f"'{place}' is neither a folder nor a zip file of pictures, nor is it one below "
            f"${VARIABLE} ({data or 'not set'})"
        )
    return path


def _files(path: Path) -> list[tuple[Path, str]]:
    """Return what pictures a folder or a zip file holds: the file, and a zip file's member."""
    if path.suffix != ".zip":
        return [(file, "") for file in list_pictures(path).files]
    known = suffixes()
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(archive.namelist())
    except (OSError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{path}: cannot be read as a zip file: {error}") from None
    members = [(path, name) for name in names if Path(name).suffix.lower() in known]
    if not members:
        raise DatasetError(f"{path}: no pictures in it")
    return members


def _contents(files: Sequence[tuple[Path, str]]) -> Iterator[tuple[str, bytes]]:
    archives: dict[Path, zipfile.ZipFile] = {}
    try:
        for path, member in files:
            if not member:
                yield str(path), path.read_bytes()
                continue
            if path not in archives:
                archives[path] = zipfile.ZipFile(path)
            yield f"{path}: {member}", archives[path].read(member)
    finally:
        for archive in archives.values():
            archive.close()


def _pixels(content: bytes, name: str) -> NDArray[np.uint8]:
    try:
        with Image.open(io.BytesIO(content)) as opened:
            pixels = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    # A damaged file may fail anywhere in the decoder, with any exception.
    except Exception as error:
        raise DatasetError(f"{name}: not a picture, or damaged: {error}") from None
    return pixels.swapaxes(0, 1)[::-1] if pixels.shape[0] > pixels.shape[1] else pixels


def _middle(picture: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.uint8]:
    top, left = (picture.shape[0] - rows) // 2, (picture.shape[1] - columns) // 2
    return picture[top : top + rows, left : left + columns]
