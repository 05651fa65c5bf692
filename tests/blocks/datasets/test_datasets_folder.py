"""Folders of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semradio.blocks.datasets import read_folder
from semradio.blocks.errors import DatasetError


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def grey(value: int, shape: tuple[int, int] = (4, 6)) -> np.ndarray:
    return np.full(shape, value, np.uint8)


def test_pictures_come_in_the_order_of_their_names_without_labels(tmp_path: Path) -> None:
    values = {"b.png": 20, "a.bmp": 10, "c.PNG": 30, "d.tiff": 40}
    for name, value in values.items():
        save(tmp_path / name, grey(value))
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / ".hidden.png").write_text("not a picture either")
    read = read_folder(tmp_path)
    assert read.images.shape == (4, 4, 6)
    assert read.images.dtype == np.uint8
    assert read.images[:, 0, 0].tolist() == [10, 20, 30, 40]
    assert read.labels is None
    assert read.class_names == ()
    assert str(tmp_path) in read.origin


def test_pixels_survive(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 9), np.uint8)
    save(tmp_path / "a.png", pixels)
    np.testing.assert_array_equal(read_folder(str(tmp_path)).images[0], pixels)


def test_jpeg_is_read(tmp_path: Path) -> None:
    save(tmp_path / "a.jpeg", grey(100, (16, 16)))
    assert abs(int(read_folder(tmp_path).images.mean()) - 100) <= 2


def test_sub_folders_are_classes_in_sorted_order(tmp_path: Path) -> None:
    save(tmp_path / "dog" / "1.png", grey(3))
    save(tmp_path / "cat" / "2.png", grey(2))
    save(tmp_path / "cat" / "1.png", grey(1))
    (tmp_path / "eel").mkdir()
    (tmp_path / ".git").mkdir()
    save(tmp_path / "fox" / "1.png", grey(4))
    read = read_folder(tmp_path)
    assert read.class_names == ("cat", "dog", "eel", "fox")
    assert read.labels is not None
    assert read.labels.dtype == np.uint8
    assert read.labels.tolist() == [0, 0, 1, 3]
    assert read.images[:, 0, 0].tolist() == [1, 2, 3, 4]


def test_colour_is_turned_grey_unless_asked_for(tmp_path: Path) -> None:
    colour = np.zeros((2, 3, 3), np.uint8)
    colour[..., 0], colour[..., 1] = 200, 100
    save(tmp_path / "a.png", colour)
    # ITU-R BT.601 luma: 0.299 R + 0.587 G + 0.114 B.
    assert read_folder(tmp_path).images[0, 0, 0] == round(0.299 * 200 + 0.587 * 100)
    read = read_folder(tmp_path, mode="RGB")
    assert read.images.shape == (1, 2, 3, 3)
    np.testing.assert_array_equal(read.images[0], colour)


def test_the_odd_size_is_named(tmp_path: Path) -> None:
    save(tmp_path / "a.png", grey(1))
    save(tmp_path / "b.png", grey(1, (6, 4)))
    with pytest.raises(DatasetError, match=r"b\.png: 4 x 6 pixels, but a\.png has 6 x 4"):
        read_folder(tmp_path)


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    save(tmp_path / "a.png", np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8))
    whole = (tmp_path / "a.png").read_bytes()
    for damaged in (b"", b"text", whole[: len(whole) // 2], whole[:60] + b"??" + whole[62:]):
        (tmp_path / "b.png").write_bytes(damaged)
        with pytest.raises(DatasetError, match=r"b\.png: not a readable picture"):
            read_folder(tmp_path)


def test_sixteen_bits_are_refused_rather_than_clipped(tmp_path: Path) -> None:
    save(tmp_path / "a.png", np.full((4, 4), 1000, np.uint16))
    with pytest.raises(DatasetError, match=r"a\.png: more than 8 bits"):
        read_folder(tmp_path)


def test_a_decompression_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "a.png", grey(0, (100, 100)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(DatasetError, match=r"a\.png: not a readable picture.*bomb"):
        read_folder(tmp_path)


def test_a_picture_beside_sub_folders_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "a.png", grey(1))
    save(tmp_path / "stray.png", grey(1))
    with pytest.raises(DatasetError, match=r"stray\.png: a picture beside the sub-folders"):
        read_folder(tmp_path)


def test_more_classes_than_labels_can_tell_are_refused(tmp_path: Path) -> None:
    for index in range(257):
        (tmp_path / f"{index:03}").mkdir()
    save(tmp_path / "000" / "a.png", grey(1))
    with pytest.raises(DatasetError, match="257 sub-folders"):
        read_folder(tmp_path)
    (tmp_path / "256").rmdir()
    assert len(read_folder(tmp_path).class_names) == 256


def test_wrong_arguments_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no pictures in it"):
        read_folder(tmp_path)
    with pytest.raises(DatasetError, match="no such folder"):
        read_folder(tmp_path / "nowhere")
    save(tmp_path / "a.png", grey(1))
    with pytest.raises(DatasetError, match="not a folder"):
        read_folder(tmp_path / "a.png")
    with pytest.raises(DatasetError, match=r"unknown mode 'RBG' \(did you mean 'RGB'\?\)"):
        read_folder(tmp_path, mode="RBG")
