"""Tables of numbers that were read from a text once, kept in the user's cache.

A run of one frame waits for its data set: to read five thousand images from a text takes longer
than anything else in it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semradio.blocks.datasets.user_cache import cache_folder
from semradio.blocks.part_file import write_whole

Reader = Callable[[bytes], NDArray[np.uint8]]


def kept_table(path: Path, shape: tuple[int, ...], read: Reader) -> NDArray[np.uint8]:
    """Return the table of a file, from the cache where that has the table of this very content.

    Args:
        path: the file. shape: of the table. read: gives the table of the file's content.

    Returns:
        uint8, read-only, of the shape.

    Raises:
        OSError: the file cannot be read.
        ValueError: what ``read`` raises.
    """
    # Imported late: most runs have data of other kinds.
    from hashlib import sha256

    packed = path.read_bytes()
    cache = cache_folder() / "tables" / f"{path.name}.{sha256(packed).hexdigest()}"
    with contextlib.suppress(OSError):
        found = cache.read_bytes()
        digest, kept = found[: sha256().digest_size], found[sha256().digest_size :]
        # A cache is never asked what is wrong with it: what it has is right, or is not used.
        if sha256(kept).digest() == digest and len(kept) == np.prod(shape):
            return np.frombuffer(kept, np.uint8).reshape(shape)
    table = read(packed)
    table.flags.writeable = False
    with contextlib.suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        write_whole(cache, sha256(table.data).digest() + table.tobytes())
    return table
