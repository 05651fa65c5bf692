"""The IDX format of the MNIST files: a big-endian header, then the items, row by row.

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section
"File formats for the MNIST database".
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semradio.blocks.datasets.untrusted import Readable, collected, expect_end, passed_over
from semradio.blocks.errors import DatasetError

_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP_MAGIC = b"\x1f\x8b"

# NumPy 1 takes no more; no IDX file in use has more than four.
_MAX_RANK = 32


def read_idx(path: str | Path) -> NDArray[Any]:
    """Read an IDX file, gzip-compressed or not, whatever its name.

    Returns an array of the file's shape and dtype (uint8, int8, int16, int32, float32 or
    float64) in the machine's byte order. Raises DatasetError, naming the file, where it cannot
    be read, its header is wrong, or it holds fewer or more bytes than the header says. Memory
    is taken as the bytes arrive, never on the word of the header.
    """
    path = Path(path)
    with _opened(path) as stream:
        dtype, shape = _read_header(stream, path)
        body = collected(stream, dtype.itemsize * math.prod(shape), str(path))
        expect_end(stream, str(path))
    try:
        items = np.frombuffer(body, dtype).reshape(shape)
    except ValueError:
        # A zero among the sizes makes any other size come out as no bytes at all.
        raise DatasetError(f"{path}: the header announces an absurd shape {list(shape)}") from None
    return items.astype(dtype.newbyteorder("="), copy=False)


def read_idx_items(path: Path, start: int, stop: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Read items ``start`` to ``stop`` (exclusive, along the first axis), and keep only these.

    shape : of the whole file, which must be of uint8; DatasetError where the header differs

    Returns [stop - start, *shape[1:]] uint8. The whole file is passed through, so that damage
    is found (length, gzip's checksum) whichever items are asked for. For the rest see
    :func:`read_idx`.
    """
    item_bytes = math.prod(shape[1:])
    with _opened(path) as stream:
        dtype, found = _read_header(stream, path)
        if dtype != np.uint8 or found != shape:
            raise DatasetError(
                f"{path}: not the expected file: it holds {dtype.name}{list(found)},"
                f" expected uint8{list(shape)}"
            )
        passed_over(stream, start * item_bytes, str(path))
        body = collected(stream, (stop - start) * item_bytes, str(path))
        passed_over(stream, (shape[0] - stop) * item_bytes, str(path))
        expect_end(stream, str(path))
    return np.frombuffer(body, np.uint8).reshape(stop - start, *shape[1:])


@contextmanager
def _opened(path: Path) -> Iterator[Readable]:
    """Open for reading the plain bytes, and turn what reading raises into DatasetError."""
    try:
        with path.open("rb") as raw:
            compressed = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            if compressed:
                with gzip.GzipFile(fileobj=raw) as stream:
                    yield stream
            else:
                yield raw
    except EOFError:
        raise DatasetError(f"{path}: truncated: the gzip stream ends early") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DatasetError(f"{path}: damaged gzip file: {error}") from None
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror or error}") from None


def _read_header(stream: Readable, path: Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = collected(stream, 4, str(path))
    if magic[:2] != b"\0\0" or magic[2] not in _DTYPES:
        raise DatasetError(
            f"{path}: not an IDX file: the magic number is 0x{magic.hex()}, expected 0x0000,"
            " a type code (08, 09, 0b, 0c, 0d, 0e) and the number of dimensions"
        )
    rank = magic[3]
    if rank > _MAX_RANK:
        raise DatasetError(
            f"{path}: the header announces {rank} dimensions; at most {_MAX_RANK} are read"
        )
    sizes = np.frombuffer(collected(stream, 4 * rank, str(path)), ">u4")
    return np.dtype(_DTYPES[magic[2]]), tuple(int(size) for size in sizes)
