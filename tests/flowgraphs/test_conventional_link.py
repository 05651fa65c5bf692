"""The conventional chain as a whole: above its SNR all arrives, below it nothing does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from semradio.flowgraphs.flowgraph import Flowgraph


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    x, y = np.meshgrid(np.arange(200), np.arange(180))
    for k in range(2):
        picture = np.stack([x, 100 + 50 * np.sin((x + k * y) / 9), y], axis=-1)
        Image.fromarray(picture.astype(np.uint8)).save(folder / f"{k}.png")
    return folder


def run(photos: Path, chunk: int, processes: bool = False, **settings: Any) -> dict[str, Any]:
    link = Flowgraph.load(
        "conventional_link",
        photos=str(photos),
        rows=176,
        columns=192,
        picture=str(photos.parent / "sheet.png"),
        **settings,
    )
    return dict(link.run(chunk=chunk, processes=processes).results)


def test_above_and_below_the_cliff(photos: Path) -> None:
    above, below = (run(photos, 4, snr_db=snr_db) for snr_db in (10.0, 5.0))
    assert above["receiver/codec"]["lost"] == 0
    assert above["quality"]["psnr_db"] > 30
    assert above["scales"]["ms_ssim"] > 0.9
    assert below["receiver/codec"] == {"pictures": 2, "lost": 2}
    assert below["receiver/check"]["bler"] == 1
    assert above["rate"]["values_per_use"] == pytest.approx(12)
    assert above["rate"]["symbol_power"] == pytest.approx(1, abs=0.01)


def test_results_do_not_depend_on_chunks_and_processes(photos: Path) -> None:
    whole = run(photos, 4, snr_db=8.5)
    assert run(photos, 1, snr_db=8.5) == whole
    assert run(photos, 1, processes=True, snr_db=8.5) == whole
