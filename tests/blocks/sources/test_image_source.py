"""Images from known data sets and from a user's own files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semradio.blocks.api import BlockError, DatasetError, ItemType, ParameterError
from semradio.blocks.api.harness import Harness
from semradio.blocks.sources.image_source import ImageSource

CUTS = (None, 1, 7, 10, 64)
IMAGES = np.random.default_rng(0).integers(0, 256, (10, 4, 6), np.uint8)
LABELS = np.arange(10, dtype=np.uint8)


def _idx(path: Path, array: np.ndarray) -> Path:
    sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())
    return path


@pytest.fixture
def archive(tmp_path) -> str:
    """An .npz file of ten images with labels 0 to 9."""
    np.savez(tmp_path / "ten.npz", images=IMAGES, labels=LABELS)
    return str(tmp_path / "ten.npz")


@pytest.mark.parametrize("chunk", CUTS)
def test_the_whole_set_in_order(archive, chunk):
    block = ImageSource(dataset=archive)
    images, labels = block(chunk=chunk)
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(labels, LABELS)
    assert block.results() == {"images": 10, "dataset": archive, "origin": archive}
    assert block.notes == []


@pytest.mark.parametrize("chunk", CUTS)
@pytest.mark.parametrize(("frames", "repeat"), [(4, False), (10, False), (4, True), (25, True)])
def test_frames(archive, chunk, frames, repeat):
    block = ImageSource(dataset=archive, frames=frames, repeat=repeat)
    _, labels = block(chunk=chunk)
    np.testing.assert_array_equal(labels, np.arange(frames) % 10)
    assert block.results()["images"] == frames


def test_more_frames_than_images_end_with_the_set_and_a_note(archive):
    block = ImageSource(dataset=archive, frames=25)
    assert len(block(chunk=4)[0]) == 10
    assert block.notes == ["25 images were asked for; the set has 10"]


def test_repeat_alone_never_ends(archive):
    _, labels = ImageSource(dataset=archive, repeat=True)(1234, chunk=100)
    np.testing.assert_array_equal(labels, np.arange(1234) % 10)


@pytest.mark.parametrize("chunk", CUTS)
def test_shuffle_gives_each_round_an_order_of_its_own(archive, chunk):
    def order(seed: int) -> np.ndarray:
        block = ImageSource(dataset=archive, shuffle=True, repeat=True, frames=40, seed=seed)
        images, labels = block(chunk=chunk)
        np.testing.assert_array_equal(images, IMAGES[labels])
        return labels.reshape(4, 10)

    rounds = order(1)
    assert (np.sort(rounds, axis=1) == np.arange(10)).all()
    assert len({tuple(r) for r in rounds}) == 4
    np.testing.assert_array_equal(rounds, order(1))
    assert (rounds != order(2)).any()
    # The order is part of what a seed means: it must not change with NumPy or with a release.
    assert rounds[0].tolist() == [2, 4, 7, 6, 3, 8, 0, 9, 5, 1]


def test_slices_are_handed_out_without_copying(archive):
    block = ImageSource(dataset=archive)
    with Harness(block, {}, chunk=4) as harness:
        harness.run()
        chunks = list(harness.collected["image"].chunks)
    assert [len(c) for c in chunks] == [4, 4, 2]
    assert all(np.shares_memory(c, block._loaded.images) for c in chunks)
    assert not any(c.flags.writeable for c in chunks)


def test_idx_files(tmp_path):
    images = _idx(tmp_path / "some-images", IMAGES)
    labels = _idx(tmp_path / "some-labels", LABELS)
    block = ImageSource(dataset=str(images), labels=str(labels))
    got = block()
    np.testing.assert_array_equal(got[0], IMAGES)
    np.testing.assert_array_equal(got[1], LABELS)
    assert block.output_item_types == {
        "image": ItemType("uint8", (4, 6)),
        "label": ItemType("uint8"),
    }


def test_without_labels_there_is_no_such_output(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    for file in (tmp_path / "images.npy", _idx(tmp_path / "images", IMAGES)):
        block = ImageSource(dataset=str(file))
        assert list(block.outputs) == ["image"]
        np.testing.assert_array_equal(block(chunk=3), IMAGES)


def test_a_folder_of_classes(tmp_path):
    for k, name in enumerate(["cat", "dog"]):
        (tmp_path / name).mkdir()
        Image.fromarray(IMAGES[k]).save(tmp_path / name / "one.png")
    images, labels = ImageSource(dataset=str(tmp_path))()
    np.testing.assert_array_equal(images, IMAGES[:2])
    assert labels.tolist() == [0, 1]


@pytest.fixture
def known_set(tmp_path, monkeypatch) -> np.ndarray:
    """A made-up test split of MNIST in $SEMRADIO_DATA; returns its images."""
    folder = tmp_path / "data" / "mnist"
    folder.mkdir(parents=True)
    images = np.zeros((10_000, 28, 28), np.uint8)
    images[:, 0, :2] = np.arange(10_000, dtype=">u2").view(np.uint8).reshape(-1, 2)
    _idx(folder / "t10k-images-idx3-ubyte", images)
    _idx(folder / "t10k-labels-idx1-ubyte", (np.arange(10_000) % 10).astype(np.uint8))
    monkeypatch.setenv("SEMRADIO_DATA", str(tmp_path / "data"))
    return images


@pytest.mark.parametrize("name", ["mnist", "MNIST"])
def test_a_known_set(known_set, name):
    block = ImageSource(dataset=name, split="test", frames=500)
    images, labels = block(chunk=64)
    np.testing.assert_array_equal(images, known_set[:500])
    np.testing.assert_array_equal(labels, np.arange(500) % 10)
    assert "MNIST, split 'test'" in block.results()["origin"]


def test_a_known_set_is_read_when_it_runs_not_when_it_is_checked(known_set, monkeypatch):
    monkeypatch.setattr("semradio.blocks.sources.image_source.load", lambda *_: 1 / 0)
    block = ImageSource(dataset="mnist", split="test")
    assert block.resolve({}) == {"image": ItemType("uint8", (28, 28)), "label": ItemType("uint8")}
    with pytest.raises(ZeroDivisionError):
        block(1)


def test_a_missing_known_set_is_an_error_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMRADIO_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(DatasetError, match="semradio data fetch mnist"):
        ImageSource(dataset="mnist", split="train")


def test_what_is_neither_a_set_nor_a_file():
    with pytest.raises(DatasetError, match=r"'mnits' is neither a file.*mnist, fashion-mnist"):
        ImageSource(dataset="mnits")


def test_parameters_that_do_not_belong_together(archive, tmp_path):
    with pytest.raises(ParameterError, match="'split' is for known data sets"):
        ImageSource(dataset=archive, split="test")
    with pytest.raises(ParameterError, match="'labels' belongs to an IDX file"):
        ImageSource(dataset=archive, labels="x")
    with pytest.raises(ParameterError, match=r"did you mean 'test'"):
        ImageSource(dataset="mnist", split="tset")
    with pytest.raises(ParameterError, match="'frames' must be at least 1 items, not 0 items"):
        ImageSource(dataset=archive, frames=0)


def test_labels_for_another_number_of_images(tmp_path):
    images, labels = _idx(tmp_path / "images", IMAGES), _idx(tmp_path / "labels", LABELS[:9])
    with pytest.raises(DatasetError, match="one per image"):
        ImageSource(dataset=str(images), labels=str(labels))


def test_damaged_and_empty_files(tmp_path):
    whole = _idx(tmp_path / "images", IMAGES).read_bytes()
    (tmp_path / "cut").write_bytes(whole[:-3])
    with pytest.raises(DatasetError, match="cut"):
        ImageSource(dataset=str(tmp_path / "cut"))
    with pytest.raises(DatasetError, match="holds no images"):
        ImageSource(dataset=str(_idx(tmp_path / "none", IMAGES[:0])))


def test_a_set_that_vanishes_between_check_and_run(known_set, tmp_path):
    block = ImageSource(dataset="mnist", split="test")
    (tmp_path / "data" / "mnist" / "t10k-images-idx3-ubyte").unlink()
    with pytest.raises((DatasetError, BlockError), match="t10k-images"):
        block(1)
