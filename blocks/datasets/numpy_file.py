"""NumPy's files as image sets, read without trusting them."""

from __future__ import annotations

import math
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from semradio.blocks.datasets.imageset import ImageSet
from semradio.blocks.datasets.untrusted import collected, expect_end
from semradio.blocks.errors import DatasetError

_ZIP_MAGIC = b"PK"

# Those of np.savez and np.savez_compressed.
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read what stands before an array in NumPy's format: shape, Fortran order, dtype.

    Raises:
        Exception: of any kind, where it is damaged: NumPy parses it as Python.
    """
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    version = npy.read_magic(stream)
    if version not in readers:
        raise ValueError(f"format version {version[0]}.{version[1]} is not known")
    shape, fortran_order, dtype = readers[version](stream)
    return shape, fortran_order, dtype


def read_numpy(path: str | Path) -> ImageSet:
    """Read images from a .npy file, or ``images`` and, if there, ``labels`` from a .npz file.

    Returns images [n, rows, cols] uint8 (colour: [n, rows, cols, 3]) and labels [n] uint8 or
    None. Labels may be of any integer type with values 0 to 255; they are their own class
    names. Which of the two kinds a file is, its content says. Nothing is unpickled. Raises
    DatasetError, naming the file, where it is damaged, lacks ``images``, or holds another dtype
    or shape.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            packed = stream.read(len(_ZIP_MAGIC)) == _ZIP_MAGIC
            stream.seek(0)
            if packed:
                with zipfile.ZipFile(stream) as archive:
                    images, labels = _read_archive(archive, path)
            else:
                images, labels = _read_array(stream, str(path)), None
    # zipfile lets out NotImplementedError for archives of a newer format, and ValueError where
    # a name is not text or an offset is negative.
    except (
        OSError,
        EOFError,
        ValueError,
        NotImplementedError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise DatasetError(f"{path}: cannot be read: {error}") from None
    if labels is None:
        return ImageSet(images, None, (), str(path))
    return ImageSet(images, *_as_classes(labels, path), str(path))


def _read_archive(archive: zipfile.ZipFile, path: Path) -> tuple[NDArray[Any], NDArray[Any] | None]:
    members = {member.filename: member for member in archive.infolist()}
    if "images.npy" not in members:
        raise DatasetError(
            f"{path}: no array 'images' in it; it holds: {', '.join(sorted(members)) or 'nothing'}"
        )
    images = _read_member(archive, members["images.npy"], path)
    if "labels.npy" not in members:
        return images, None
    return images, _read_member(archive, members["labels.npy"], path)


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    name = f"{path} ({member.filename})"
    encrypted = member.flag_bits & 1
    if encrypted or member.compress_type not in _PACKINGS:
        raise DatasetError(f"{name}: not packed as np.savez does it; save the file again with it")
    with archive.open(member) as stream:
        return _read_array(stream, name)


def _read_array(stream: IO[bytes], name: str) -> NDArray[Any]:
    """Read one array of numbers in NumPy's format."""
    try:
        shape, fortran_order, dtype = read_header(stream)
        # Objects would be pickled, and records are not images.
        if dtype.kind not in "biufc":
            raise ValueError(f"it holds items of type {dtype}, not numbers")
        if not all(size > 0 for size in shape):
            raise ValueError(f"it is empty, or of an impossible shape: {dtype}{list(shape)}")
        body = collected(stream, dtype.itemsize * math.prod(shape), name)
        expect_end(stream, name)
        return np.frombuffer(body, dtype).reshape(shape, order="F" if fortran_order else "C")
    except (ValueError, SyntaxError, tokenize.TokenError) as error:
        raise DatasetError(f"{name}: not an array that can be read: {error}") from None


def _as_classes(labels: NDArray[Any], path: Path) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() > 255:
        raise DatasetError(
            f"{path}: labels must be integers from 0 to 255, not {labels.dtype}"
            + (f" from {labels.min()} to {labels.max()}" if labels.dtype.kind in "iu" else "")
        )
    return labels.astype(np.uint8), tuple(str(value) for value in range(int(labels.max()) + 1))
