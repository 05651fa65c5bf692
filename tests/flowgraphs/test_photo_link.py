"""The colour links as a whole: pictures of every kind arrive, the same however they are run."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from semradio.blocks.neural.model_file import find_model, list_models, read_card
from semradio.flowgraphs.flowgraph import Flowgraph
from semradio.flowgraphs.plan import FlowgraphError


def drawn(rows: int, columns: int) -> Image.Image:
    y, x = np.mgrid[:rows, :columns]
    wave = 110 + 60 * np.sin(x / 9.0)
    picture = np.stack([wave, 40 + 180 * x / columns, 220 - 180 * y / rows], axis=-1)
    return Image.fromarray(picture.astype(np.uint8))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Pictures of odd sizes and of every kind; one is four tiles of 176 x 192, the others one."""
    folder = tmp_path / "photos"
    folder.mkdir()
    drawn(201, 261).save(folder / "colour.png")
    drawn(60, 90).convert("L").save(folder / "grey.png")
    deep = np.asarray(drawn(50, 70).convert("L")).astype(np.uint16) * 257
    Image.fromarray(deep).save(folder / "deep.png")
    clear = drawn(64, 96).convert("RGBA")
    clear.putalpha(200)
    clear.save(folder / "clear.png")
    turned = drawn(61, 90).getexif()
    turned[0x0112] = 6
    drawn(61, 90).save(folder / "turned.jpg", exif=turned)
    return folder


def run(name: str, folder: Path, chunk: int = 4, processes: bool = False, **values: Any) -> Any:
    link = Flowgraph.load(name, **values)
    return dict(link.run(chunk=chunk, processes=processes).results)


def run_photo(photos: Path, **values: Any) -> Any:
    out = photos.parent
    settings = {"picture": str(out / "sheet.png"), "received": str(out / "received")}
    settings |= {"photos": str(photos), "rows": 176, "columns": 192, "overlap": 8}
    return run("photo_link", photos, **{**settings, **values})


def test_pictures_of_every_kind_arrive_as_files_of_their_size(photos: Path) -> None:
    found = run_photo(photos, snr_db=15.0)
    assert found["files"]["files"] == 5
    assert found["rate"]["values_per_use"] == pytest.approx(12)
    assert found["rate"]["symbol_power"] == pytest.approx(1, abs=1e-4)
    # Eight tiles, each of them tagged at both inputs of the block that counts.
    pixels = 201 * 261 + 60 * 90 + 50 * 70 + 64 * 96 + 61 * 90
    assert found["rate"]["pictures"] == 5
    assert found["rate"]["ratio_of_pictures"] == pytest.approx(8 * 176 * 192 / 12 / pixels)
    sizes = {}
    for path in (photos.parent / "received").iterdir():
        with Image.open(path) as picture:
            assert picture.mode == "RGB"
            sizes[path.name] = picture.size
    assert sizes == {
        "colour.png": (261, 201),
        "grey.png": (90, 60),
        "deep.png": (70, 50),
        "clear.png": (96, 64),
        # Upright it is higher than wide; 'turn' lays it down again.
        "turned.png": (90, 61),
    }
    with Image.open(photos.parent / "received" / "colour.png") as picture:
        error = np.asarray(picture).astype(float) - np.asarray(drawn(201, 261))
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 26.0


def test_the_same_in_one_process_and_three_and_however_cut(photos: Path) -> None:
    whole = run_photo(photos)
    files = {path.name: path.read_bytes() for path in (photos.parent / "received").iterdir()}
    assert run_photo(photos, chunk=1) == whole
    assert run_photo(photos, chunk=1, processes=True) == whole
    again = {path.name: path.read_bytes() for path in (photos.parent / "received").iterdir()}
    assert again == files


def test_less_can_be_decoded_than_was_sent(photos: Path) -> None:
    values = {"values_per_use": 6, "snr_db": 20.0}
    whole, part = (run_photo(photos, decoded=rate, **values) for rate in (6, 24))
    assert part["quality"]["psnr_db"] < whole["quality"]["psnr_db"]
    assert part["quality"]["psnr_db"] > 18.0


def test_quality_falls_with_the_snr_and_no_picture_is_lost(photos: Path) -> None:
    found = [
        run_photo(photos, snr_db=snr_db)["quality"]["psnr_db"] for snr_db in (15.0, 10.0, 5.0, 0.0)
    ]
    assert found == sorted(found, reverse=True)
    # No cliff: 5 dB cost less than 6 dB anywhere.
    assert max(a - b for a, b in itertools.pairwise(found)) < 6.0


@pytest.mark.parametrize("model", ["cifar", "photo", "published"])
def test_pictures_of_32_by_32(photos: Path, model: str) -> None:
    values = {"pictures": str(photos / "colour.png"), "sheet": str(photos.parent / "sheet.png")}
    found = run("cifar_link", photos, model=model, **values)
    assert found["rate"]["channel_uses"] == 512
    assert found["quality"]["psnr_db"] > (20.0 if model != "published" else 15.0)


def test_the_published_network_has_one_rate(photos: Path) -> None:
    values = {"pictures": str(photos / "colour.png"), "sheet": str(photos.parent / "sheet.png")}
    with pytest.raises(FlowgraphError, match="has one rate: 'values_per_use' is 6"):
        run("cifar_link", photos, model="published", values_per_use=12, **values)


def test_the_models_are_small() -> None:
    names = [name for name in list_models() if name.startswith("deepjscc/")]
    assert len(names) == 6
    assert sum(find_model(name).stat().st_size for name in names) < 12_000_000


def test_the_cards_hold_what_was_reached() -> None:
    ours, theirs = (
        read_card(find_model(f"deepjscc/{model}/decoder")) for model in ("cifar", "published")
    )
    assert ours is not None
    assert theirs is not None
    point = "cifar10_test.psnr_db_at_10_dB_1_6"
    assert ours.metrics[point] > 26.5
    assert ours.metrics[point] > theirs.metrics[point] + 2.0
