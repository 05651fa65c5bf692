"""What pictures cost that are sent in tiles: their overlaps and what lies over their edges too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semradio.blocks.api import BlockError, ItemType, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.metrics.bandwidth_ratio import BandwidthRatio
from semradio.blocks.sources.image_source import ImageSource

SYMBOLS = ItemType("complex64", (32,))


@pytest.mark.parametrize("chunk", [None, 1, 2])
def test_a_picture_costs_all_its_tiles(tmp_path: Path, chunk: int | None) -> None:
    for name, size in (("a.png", (40, 33)), ("b.png", (10, 12))):
        Image.fromarray(np.zeros((*size, 3), np.uint8)).save(tmp_path / name)
    source = ImageSource(dataset=str(tmp_path), fit="tile", size=[16, 24], overlap=3)
    with Harness(source, {}) as harness:
        harness.end()
        tiles, tags = harness.outputs()[0], harness.tags()[0]
    # Of the first, three rows of two tiles; the second lies in one.
    assert len(tiles) == 7
    rate = BandwidthRatio()
    with Harness(rate, {"source": ItemType.of(tiles), "symbols": SYMBOLS}) as harness:
        for first in range(0, 7, chunk or 7):
            part = tiles[first : first + (chunk or 7)]
            said = [tag for tag in tags if first <= tag.index < first + len(part)]
            harness.push(part, np.ones((len(part), 32), np.complex64), tags=said)
        harness.end()
        found = rate.results()
    assert found["ratio"] == 32 / (16 * 24 * 3)
    assert found["pictures"] == 2
    assert found["ratio_of_pictures"] == 7 * 32 / (3 * (40 * 33 + 10 * 12))


def test_without_pictures_there_is_no_such_ratio() -> None:
    found = BandwidthRatio()(np.zeros((3, 8), np.uint8), np.zeros((3, 4), np.complex64))
    assert (found["pictures"], found["ratio_of_pictures"]) == (0, None)


def test_a_tag_that_tells_no_picture_is_refused() -> None:
    types = {"source": ItemType("uint8", (4,)), "symbols": SYMBOLS}
    items = np.zeros((1, 4), np.uint8), np.zeros((1, 32), np.complex64)
    refused = pytest.raises(BlockError, match="tag 'picture' of item 0 must tell file, rows")
    with Harness(BandwidthRatio(), types) as harness, refused:
        harness.push(*items, tags=[Tag(0, "picture", 3)])
