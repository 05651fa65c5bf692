"""Pictures as files: put together from tiles, named, and whole or not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from semradio.blocks.api import Array, BlockError, ItemType, ParameterError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.sinks.image_file_sink import ImageFileSink
from semradio.blocks.sources.image_source import ImageSource


def drawn(rows: int, columns: int, channels: int = 3, seed: int = 0) -> Array:
    shape = (rows, columns, channels) if channels > 1 else (rows, columns)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def through(items: Array, tags: list[Tag], folder: Path, chunk: int | None = None) -> Any:
    sink = ImageFileSink(folder=str(folder))
    with Harness(sink, {"x": ItemType.of(items)}) as harness:
        for first in range(0, len(items), chunk or len(items)):
            part = items[first : first + (chunk or len(items))]
            harness.push(part, tags=[tag for tag in tags if first <= tag.index < first + len(part)])
        harness.end()
        return sink.results()


def tiles(folder: Path, **values: Any) -> tuple[Array, list[Tag]]:
    source = ImageSource(dataset=str(folder), fit="tile", **values)
    with Harness(source, {}) as harness:
        harness.end()
        return harness.outputs()[0], harness.tags()[0]


def read(path: Path) -> Array:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture)


@pytest.mark.parametrize("overlap", [0, 3, 15])
@pytest.mark.parametrize("size", [(40, 33), (16, 24), (9, 100), (100, 5)])
@pytest.mark.parametrize("channels", [1, 3])
def test_tiles_become_the_picture_again(
    tmp_path: Path, size: tuple[int, int], overlap: int, channels: int
) -> None:
    (tmp_path / "in").mkdir()
    picture = drawn(*size, channels)
    Image.fromarray(picture).save(tmp_path / "in" / "one.png")
    items, tags = tiles(tmp_path / "in", size=[16, 24], overlap=overlap)
    for chunk in (None, 1, 2):
        found = through(items, tags, tmp_path / f"out{chunk}", chunk)
        assert found == {"folder": str(tmp_path / f"out{chunk}"), "files": 1}
        np.testing.assert_array_equal(read(tmp_path / f"out{chunk}" / "one.png"), picture)


def test_neighbours_fade_into_each_other(tmp_path: Path) -> None:
    items = np.stack([np.full((4, 8), 100, np.uint8), np.full((4, 8), 200, np.uint8)])
    told = {"file": "a.jpg", "rows": 4, "columns": 13, "top": 0}
    tags = [Tag(0, "picture", {**told, "left": 0}), Tag(1, "picture", {**told, "left": 5})]
    through(items, tags, tmp_path)
    row = read(tmp_path / "a.png")[2]
    np.testing.assert_array_equal(row, [100] * 5 + [125, 150, 175] + [200] * 5)


def test_pictures_keep_their_names_and_none_is_lost(tmp_path: Path) -> None:
    for folder in ("in/a", "in/b"):
        (tmp_path / folder).mkdir(parents=True)
        Image.fromarray(drawn(10, 10, seed=len(folder))).save(tmp_path / folder / "same.png")
    Image.fromarray(drawn(20, 30)).save(tmp_path / "in/b/other.jpg")
    items, tags = tiles(tmp_path / "in", size=[16, 16])
    assert through(items, tags, tmp_path / "out")["files"] == 3
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["other.png", "same.png", "same_2.png"]


def test_items_without_a_tag_are_numbered(tmp_path: Path) -> None:
    items = np.stack([drawn(5, 6, seed=k) for k in range(3)])
    assert ImageFileSink(folder=str(tmp_path))(items) == {"folder": str(tmp_path), "files": 3}
    for k, item in enumerate(items):
        np.testing.assert_array_equal(read(tmp_path / f"{k:06}.png"), item)


def test_a_lost_tile_leaves_grey_and_a_picture_come_again_is_another(tmp_path: Path) -> None:
    told = {"file": "a.png", "rows": 4, "columns": 8, "top": 0}
    items = np.stack([drawn(4, 4, 1, seed=k) for k in range(3)])
    lefts = (0, 0, 4)
    tags = [Tag(k, "picture", {**told, "left": left}) for k, left in enumerate(lefts)]
    assert through(items, tags, tmp_path)["files"] == 2
    np.testing.assert_array_equal(read(tmp_path / "a.png")[:, 4:], 128)
    np.testing.assert_array_equal(read(tmp_path / "a_2.png"), np.hstack(items[1:]))


def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    told = {"file": "../../evil.png", "rows": 4, "columns": 4, "top": 0, "left": 0}
    through(drawn(4, 4)[None], [Tag(0, "picture", told)], tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["evil.png"]


def test_what_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ParameterError, match="cannot write into the folder"):
        ImageFileSink(folder=str(tmp_path / "file"))(drawn(4, 4)[None])
    with pytest.raises(BlockError, match="must tell file, rows, columns, top and left"):
        through(drawn(4, 4)[None], [Tag(0, "picture", {"file": "a"})], tmp_path / "out")
