"""Pictures in files and folders: which there are, what they hold, and how they get one shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semradio.blocks.api import ParameterError, find
from semradio.blocks.api.harness import Harness
from semradio.blocks.datasets import Handling, PictureFiles, picture_file
from semradio.blocks.datasets.folder import list_pictures
from semradio.blocks.errors import DatasetError, SemradioError

ImageSource = find("image_source")
rng = np.random.default_rng(16)


def save(path: Path, pixels: np.ndarray, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def grey(value: int, shape: tuple[int, int] = (4, 6)) -> np.ndarray:
    return np.full(shape, value, np.uint8)


def noise(*shape: int) -> np.ndarray:
    return rng.integers(0, 256, shape, np.uint8)


def images(path: Path, **parameters: object) -> np.ndarray:
    return ImageSource(dataset=str(path), **parameters)(chunk=3)


def test_pictures_come_in_the_order_of_their_names_without_labels(tmp_path: Path) -> None:
    values = {"b.png": 20, "a.bmp": 10, "c.PNG": 30, "d.tiff": 40}
    for name, value in values.items():
        save(tmp_path / name, grey(value))
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / ".hidden.png").write_text("not a picture either")
    read = list_pictures(tmp_path)
    assert [file.name for file in read.files] == ["a.bmp", "b.png", "c.PNG", "d.tiff"]
    assert read.labels is None
    assert read.class_names == ()
    assert str(tmp_path) in read.origin
    assert images(tmp_path)[:, 0, 0].tolist() == [10, 20, 30, 40]


def test_jpeg_is_read(tmp_path: Path) -> None:
    save(tmp_path / "a.jpeg", grey(100, (16, 16)))
    assert abs(int(images(tmp_path).mean()) - 100) <= 2


def test_sub_folders_are_classes_in_sorted_order(tmp_path: Path) -> None:
    save(tmp_path / "dog" / "1.png", grey(3))
    save(tmp_path / "cat" / "2.png", grey(2))
    save(tmp_path / "cat" / "1.png", grey(1))
    (tmp_path / "eel").mkdir()
    (tmp_path / ".git").mkdir()
    save(tmp_path / "fox" / "1.png", grey(4))
    read = list_pictures(tmp_path)
    assert read.class_names == ("cat", "dog", "eel", "fox")
    assert read.labels is not None
    assert read.labels.dtype == np.uint8
    assert read.labels.tolist() == [0, 0, 1, 3]
    pixels, labels = ImageSource(dataset=str(tmp_path))(chunk=2)
    assert pixels[:, 0, 0].tolist() == [1, 2, 3, 4]
    assert labels.tolist() == [0, 0, 1, 3]


def test_colour_stays_unless_grey_is_asked_for(tmp_path: Path) -> None:
    colour = noise(2, 3, 3)
    colour[0, 0] = 200, 100, 0
    save(tmp_path / "a.png", colour)
    save(tmp_path / "b.png", grey(7, (2, 3)))
    got = images(tmp_path)
    np.testing.assert_array_equal(got[0], colour)
    assert (got[1] == 7).all()
    # ITU-R BT.601 luma: 0.299 R + 0.587 G + 0.114 B.
    assert images(tmp_path, colour="grey")[0, 0, 0] == round(0.299 * 200 + 0.587 * 100)
    assert images(tmp_path / "b.png").shape == (1, 2, 3)
    assert images(tmp_path / "b.png", colour="rgb").shape == (1, 2, 3, 3)


def test_transparent_pixels_show_the_background_or_stay(tmp_path: Path) -> None:
    pixels = noise(4, 5, 4)
    pixels[..., 3] = 255
    pixels[0, 0, 3] = 0
    save(tmp_path / "a.png", pixels)
    white, black = images(tmp_path)[0], images(tmp_path, background="black")[0]
    assert white[0, 0].tolist() == [255] * 3
    assert black[0, 0].tolist() == [0] * 3
    np.testing.assert_array_equal(white[1:], pixels[1:, :, :3])
    np.testing.assert_array_equal(images(tmp_path, colour="rgba")[0], pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_its_camera_was(tmp_path: Path, orientation: int) -> None:
    seen = noise(4, 6, 3)
    stored = {
        1: seen, 2: seen[:, ::-1], 3: seen[::-1, ::-1], 4: seen[::-1],
        5: seen.swapaxes(0, 1), 6: np.rot90(seen), 7: np.rot90(seen[::-1], 3)[::-1, ::-1],
        8: np.rot90(seen, 3),
    }[orientation]  # fmt: skip
    if orientation == 7:
        stored = seen[::-1, ::-1].swapaxes(0, 1)
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(tmp_path / "a.png", np.ascontiguousarray(stored), exif=exif)
    np.testing.assert_array_equal(images(tmp_path)[0], seen)


def test_sixteen_bits_are_refused_or_cut_as_is_said(tmp_path: Path) -> None:
    save(tmp_path / "a.png", np.full((4, 4), 1000, np.uint16))
    with pytest.raises(DatasetError, match=r"a\.png: 16 bits per channel; 'deep: upper'"):
        images(tmp_path)
    assert (images(tmp_path, deep="upper") == 1000 >> 8).all()
    save(tmp_path / "b.tiff", np.full((4, 4), 70000, np.int32))
    with pytest.raises(DatasetError, match=r"b\.tiff: more than 16 bits per channel"):
        images(tmp_path, deep="upper")


def test_the_odd_size_is_named(tmp_path: Path) -> None:
    save(tmp_path / "a.png", grey(1))
    save(tmp_path / "b.png", grey(1, (6, 4)))
    with pytest.raises(DatasetError, match=r"b\.png: 4 x 6 pixels, but a\.png has 6 x 4; 'fit'"):
        images(tmp_path)
    with pytest.raises(DatasetError, match=r"a\.png: 6 x 4 pixels: too small to crop"):
        images(tmp_path, fit="crop", size=[5, 5])
    with pytest.raises(DatasetError, match=r"a\.png: 6 x 4 pixels: too large to be padded"):
        images(tmp_path, fit="pad", size=[5, 5])


def test_pictures_of_several_sizes_get_one(tmp_path: Path) -> None:
    a, b = noise(7, 9, 3), noise(10, 5, 3)
    save(tmp_path / "a.png", a)
    save(tmp_path / "b.png", b)
    cropped = images(tmp_path, fit="crop")
    np.testing.assert_array_equal(cropped, [a[:, 2:7], b[1:8]])
    padded = images(tmp_path, fit="pad")
    assert padded.shape == (2, 10, 9, 3)
    np.testing.assert_array_equal(padded[0, :7], a)
    assert (padded[0, 7:] == a[-1]).all()
    assert (padded[1, :, 5:] == b[:, -1:]).all()
    assert images(tmp_path, fit="resize").shape == (2, 7, 9, 3)
    turned = images(tmp_path, turn=True, fit="crop", size=[5, 9])
    np.testing.assert_array_equal(turned[1], np.rot90(b)[:, :9])


def test_tiles_cover_a_picture_and_tell_where_they_lie(tmp_path: Path) -> None:
    pixels = noise(11, 17)
    save(tmp_path / "a.png", pixels)
    source = ImageSource(
        dataset=str(tmp_path / "a.png"), fit="tile", size=[4, 6], overlap=1, frames=1000
    )
    with Harness(source, {}, chunk=5) as harness:
        harness.run()
        (tiles,), (tags,) = harness.outputs(), harness.tags()
    assert len(tiles) == 4 * 4
    canvas = np.zeros((40, 40), np.uint8)
    for tile, tag in zip(tiles, tags, strict=True):
        top, left = tag.value["top"], tag.value["left"]
        canvas[top : top + 4, left : left + 6] = tile
    np.testing.assert_array_equal(canvas[:11, :17], pixels)
    assert (tags[5].value["file"], tags[5].value["rows"], tags[5].index) == ("a.png", 11, 5)


def test_a_damaged_picture_is_named_or_left_out(tmp_path: Path) -> None:
    whole = noise(40, 40)
    save(tmp_path / "a.png", whole)
    save(tmp_path / "c.png", whole)
    data = (tmp_path / "a.png").read_bytes()
    for damaged in (b"", b"text", data[: len(data) // 2], data[:60] + b"??" + data[62:]):
        (tmp_path / "b.png").write_bytes(damaged)
        with pytest.raises(SemradioError, match=r"b\.png: not a readable picture"):
            images(tmp_path)
        source = ImageSource(dataset=str(tmp_path), damaged="skip", repeat=True, frames=5)
        np.testing.assert_array_equal(source(chunk=2), [whole] * 5)
        assert source.results()["skipped"] == 1


def test_where_all_are_damaged_that_is_an_error_with_skip_as_well(tmp_path: Path) -> None:
    save(tmp_path / "a.png", noise(40, 40))
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(SemradioError, match="none of its pictures can be read"):
        images(tmp_path, damaged="skip", repeat=True)
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(DatasetError, match="none of its pictures can be read"):
        images(tmp_path, damaged="skip")


def test_a_decompression_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "a.png", grey(0, (100, 100)))
    monkeypatch.setattr(picture_file, "MOST_PIXELS", 9999)
    with pytest.raises(DatasetError, match=r"a\.png: 100 x 100 pixels; at most 9,999"):
        images(tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(DatasetError, match=r"a\.png: not a readable picture.*bomb"):
        images(tmp_path)


def test_pictures_are_not_held_in_memory(tmp_path: Path) -> None:
    for k in range(4):
        save(tmp_path / f"{k}.png", grey(k, (3000, 3000)))
    with Harness(ImageSource(dataset=str(tmp_path)), {}, chunk=64) as harness:
        harness.run()
        sizes = [len(chunk) for chunk in harness.collected["image"].chunks]
    assert sizes == [1, 1, 1, 1]


def test_a_picture_beside_sub_folders_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "a.png", grey(1))
    save(tmp_path / "stray.png", grey(1))
    with pytest.raises(DatasetError, match=r"stray\.png: a picture beside the sub-folders"):
        list_pictures(tmp_path)


def test_more_classes_than_labels_can_tell_are_refused(tmp_path: Path) -> None:
    for index in range(257):
        (tmp_path / f"{index:03}").mkdir()
    save(tmp_path / "000" / "a.png", grey(1))
    with pytest.raises(DatasetError, match="257 sub-folders"):
        list_pictures(tmp_path)
    (tmp_path / "256").rmdir()
    assert len(list_pictures(tmp_path).class_names) == 256


def test_wrong_arguments_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no pictures in it"):
        PictureFiles(tmp_path, Handling())
    with pytest.raises(DatasetError, match="no such folder"):
        PictureFiles(tmp_path / "nowhere", Handling())
    save(tmp_path / "a.png", grey(1))
    for wrong, message in [
        ({"size": [4, 6]}, "'size' needs a 'fit'"),
        ({"size": [4], "fit": "crop"}, r"'size' is \[rows, columns\], not \[4\]"),
        ({"fit": "tile"}, "'fit: tile' needs 'size"),
        ({"fit": "tile", "size": [4, 6], "overlap": 4}, "'overlap' must be less than"),
        ({"fit": "crop", "overlap": 1}, "'overlap' belongs to 'fit: tile'"),
        ({"colour": "gray"}, "did you mean 'grey'"),
    ]:
        with pytest.raises(ParameterError, match=message):
            images(tmp_path, **wrong)
    np.save(tmp_path / "x.npy", noise(3, 4, 5))
    with pytest.raises(ParameterError, match=r"'fit'.* are for picture files"):
        images(tmp_path / "x.npy", fit="crop")
