"""The sheet of pictures: what is on it, and files that cannot be written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semradio.blocks.api import BlockError, ParameterError, SemradioError
from semradio.blocks.api.harness import Harness
from semradio.blocks.api.item_type import ItemType
from semradio.blocks.sinks.image_sink import ImageSink

CUTS = (None, 1, 7, 64)
GREEN, RED, DARK = (26, 127, 55), (207, 34, 46), (31, 35, 40)


def _images(count: int, *shape: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (count, *(shape or (28, 28))), np.uint8)


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as sheet:
        assert (sheet.format, sheet.mode) == ("PNG", "RGB")
        return np.asarray(sheet)


def _places(sheet: np.ndarray, image: np.ndarray, scale: int) -> int:
    """Count the places of a sheet at which an enlarged grey or colour image stands."""
    big = np.repeat(np.repeat(image, scale, 0), scale, 1)
    big = big if big.ndim == 3 else np.stack([big] * 3, axis=2)
    windows = np.lib.stride_tricks.sliding_window_view(sheet, big.shape)[:, :, 0]
    corner = (windows[:, :, 0, 0] == big[0, 0]).all(axis=2)
    return sum((windows[i, j] == big).all() for i, j in zip(*np.nonzero(corner), strict=True))


def _has(sheet: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((sheet == colour).all(axis=2).any())


@pytest.mark.parametrize("chunk", CUTS)
def test_every_picture_is_on_the_sheet_once(tmp_path, chunk):
    sent, received = _images(5), _images(5, seed=1)
    sink = ImageSink(file=str(tmp_path / "sheet.png"), images=5, columns=3, scale=2)
    assert sink(sent, received, chunk=chunk) == {"file": str(tmp_path / "sheet.png"), "images": 5}
    sheet = _pixels(tmp_path / "sheet.png")
    for image in (*sent, *received):
        assert _places(sheet, image, 2) == 1


def test_every_cut_draws_the_same_sheet(tmp_path):
    x, guess, label = _images(20), np.arange(20), np.arange(20) % 7
    sheets = []
    for chunk in CUTS:
        ImageSink(file=str(tmp_path / "s.png"), images=12)(x, x, guess, label, chunk=chunk)
        sheets.append(_pixels(tmp_path / "s.png"))
    assert all(np.array_equal(s, sheets[0]) for s in sheets)


@pytest.mark.parametrize(("given", "drawn"), [(3, 3), (8, 8), (30, 8)])
def test_the_first_images_are_drawn_at_the_end_at_the_latest(tmp_path, given, drawn):
    x = _images(given)
    found = ImageSink(file=str(tmp_path / "s.png"), images=8, scale=1)(None, x, chunk=2)
    assert found["images"] == drawn
    sheet = _pixels(tmp_path / "s.png")
    assert [_places(sheet, image, 1) for image in x] == [1] * drawn + [0] * (given - drawn)


def test_the_sheet_is_there_as_soon_as_it_is_full(tmp_path):
    sink = ImageSink(file=str(tmp_path / "s.png"), images=4)
    with Harness(sink, {"received": ItemType("uint8", (28, 28))}) as harness:
        harness.push(_images(3))
        assert not (tmp_path / "s.png").exists()
        harness.push(_images(3))
        assert (tmp_path / "s.png").exists()
        assert not sink.cells  # nothing is kept once it is written
        harness.push(_images(1000))
        assert not sink.cells
        harness.end()
    assert _names(tmp_path) == ["s.png"]


def test_guesses_are_green_where_right_and_red_where_wrong(tmp_path):
    x, label = _images(2), np.array([3, 4])
    for guess, colours in (([3, 4], (True, False)), ([4, 3], (False, True)), ([3, 3], (True,) * 2)):
        ImageSink(file=str(tmp_path / "s.png"))(x, x, np.array(guess), label)
        sheet = _pixels(tmp_path / "s.png")
        assert (_has(sheet, GREEN), _has(sheet, RED), _has(sheet, DARK)) == (*colours, False)
    ImageSink(file=str(tmp_path / "s.png"))(x, x, np.array([3, 4]))
    sheet = _pixels(tmp_path / "s.png")
    assert (_has(sheet, GREEN), _has(sheet, RED), _has(sheet, DARK)) == (False, False, True)


def test_logits_and_their_labels_draw_the_same(tmp_path):
    x = _images(4)
    logits = np.random.default_rng(0).standard_normal((4, 10)).astype(np.float32)
    for file, guess in (("a.png", logits), ("b.png", logits.argmax(axis=1))):
        ImageSink(file=str(tmp_path / file), class_names=["a very long name of a class"] * 5)(
            x, x, guess
        )
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_floats_are_scaled_and_clipped(tmp_path):
    x = np.random.default_rng(0).uniform(-0.5, 1.5, (2, 28, 28)).astype(np.float32)
    ImageSink(file=str(tmp_path / "s.png"), scale=1)(None, x)
    sheet = _pixels(tmp_path / "s.png")
    for image in x:
        assert _places(sheet, np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8), 1) == 1


def test_colour_and_different_sizes(tmp_path):
    sent, received = _images(2, 20, 30, 3), _images(2, 28, 14)
    ImageSink(file=str(tmp_path / "s.png"), scale=1)(sent, received)
    sheet = _pixels(tmp_path / "s.png")
    for image in (*sent, *received):
        assert _places(sheet, image, 1) == 1


def test_an_old_sheet_is_replaced_and_kept_where_the_run_fails(tmp_path):
    path = tmp_path / "s.png"
    x = _images(3).astype(np.float32) / 255
    ImageSink(file=str(path))(None, x)
    old = path.read_bytes()
    x[2, 1, 1] = np.nan
    with pytest.raises(BlockError, match=r"input 'received' carries NaN .* first at item 2$"):
        ImageSink(file=str(path))(None, x, chunk=1)
    assert path.read_bytes() == old
    ImageSink(file=str(path))(None, x[:2])
    assert path.read_bytes() != old
    assert _names(tmp_path) == ["s.png"]


def test_no_image_no_file(tmp_path):
    sink = ImageSink(file=str(tmp_path / "s.png"))
    assert sink(None, _images(0)) == {"file": None, "images": 0}
    assert sink.notes == [f"no image came, so {tmp_path / 's.png'} was not written"]
    assert _names(tmp_path) == []


def test_a_file_that_cannot_be_written_is_found_out_at_the_start(tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    for name, reason in (
        ("none/s.png", "No such file or directory"),
        ("file/s.png", "Not a directory"),
        ("folder.png", "it is a folder"),
    ):
        sink = ImageSink(file=str(tmp_path / name))
        sink.resolve({"received": ItemType("uint8", (28, 28))})
        with pytest.raises(SemradioError, match=f"cannot write .*{name}: {reason}"):
            sink.start()
    assert _names(tmp_path) == ["file", "folder.png"]


def test_only_png(tmp_path):
    with pytest.raises(ParameterError, match=r"must end in \.png, not 'sheet\.jpg'"):
        ImageSink(file="sheet.jpg")


def test_a_sheet_too_large_to_draw_is_refused(tmp_path):
    sink = ImageSink(file=str(tmp_path / "s.png"), images=10_000)
    with pytest.raises(ParameterError, match="lower 'images' or 'scale'"):
        sink.resolve({"received": ItemType("uint8", (1000, 1000))})
