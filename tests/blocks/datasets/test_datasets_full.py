"""The real data sets, where SEMRADIO_DATA names their folder."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import numpy as np
import pytest

from semradio.blocks.datasets import load
from semradio.blocks.datasets.catalogue import DATASETS


@pytest.fixture(autouse=True)
def _real(full_data: Path) -> None:
    """Skip all of this module where there are no real data."""


# Mean and standard deviation of the training pixels scaled to 0..1, as they are widely quoted;
# the first labels as printed in the data sets' own descriptions.
PUBLISHED = {
    "mnist": (0.1307, 0.3081, [5, 0, 4, 1, 9], [7, 2, 1, 0, 4]),
    "fashion-mnist": (0.2860, 0.3530, [9, 0, 0, 3, 0], [9, 2, 1, 1, 6]),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_statistics(name: str) -> None:
    mean, deviation, first_train, first_test = PUBLISHED[name]
    whole, test = load(name, "all"), load(name, "test")
    pixels = whole.images.astype(np.float32) / 255
    assert pixels.mean(dtype=float) == pytest.approx(mean, abs=1e-4)
    assert pixels.std(dtype=float) == pytest.approx(deviation, abs=1e-4)
    assert whole.labels[:5].tolist() == first_train
    assert test.labels[:5].tolist() == first_test


@pytest.mark.parametrize("name", PUBLISHED)
def test_heldout_and_train_make_up_the_whole(name: str) -> None:
    whole = load(name, "all")
    parts = [load(name, "heldout"), load(name, "train")]
    np.testing.assert_array_equal(np.concatenate([p.images for p in parts]), whole.images)
    np.testing.assert_array_equal(np.concatenate([p.labels for p in parts]), whole.labels)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_catalogue_describes_the_official_files(full_data: Path, name: str) -> None:
    checked = 0
    for file in DATASETS[name].files:
        path = full_data / name / file.name
        if not path.exists():
            pytest.skip(f"{path.parent} holds other files than the official downloads")
        content = path.read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size, file.sha256)
        checked += 1
    assert checked == 4


def test_heldout_digits_load_within_half_a_second() -> None:
    took = []
    for _ in range(3):
        start = time.process_time()
        load("mnist", "heldout")
        took.append(time.process_time() - start)
    assert min(took) < 0.5
