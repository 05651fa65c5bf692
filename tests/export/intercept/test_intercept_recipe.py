"""The recipe of the eavesdroppers on the colour link."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")

import torch
from PIL import Image

from semradio.blocks.api import find
from semradio.blocks.errors import DatasetError, ParameterError
from semradio.blocks.neural.model_file import read_card
from semradio.export.recipes import recipe_named
from semradio.export.recipes.intercept.air import Air
from semradio.export.recipes.intercept.config import Config
from semradio.export.recipes.intercept.deploy import export
from semradio.export.recipes.intercept.eves import EVES
from semradio.export.recipes.intercept.report import Report
from semradio.export.recipes.intercept.train import Labelled, read, run

SMALL = Config(
    width=8, symbol_epochs=8, picture_epochs=8, batch=16, learning_rate=1e-2, snr_db=20.0
)
CLASSES = ("dark", "light")


def labelled(count: int, seed: int) -> Labelled:
    """Return dark and light pictures, which anyone tells apart who sees them."""
    source = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    levels = np.where(labels, 190, 60)[:, None, None, None]
    pictures = levels + source.integers(-20, 20, (count, 3, 32, 32))
    return Labelled(torch.from_numpy(pictures.astype(np.uint8)), torch.from_numpy(labels), CLASSES)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("intercept")
    run(SMALL, folder, {"train": labelled(240, 0), "test": labelled(200, 1)})
    return folder


def test_without_a_key_all_is_read_and_with_one_nothing(finished: Path) -> None:
    report = Report.read(finished)
    assert report.plain["eve"] > 0.95
    assert report.plain["reader"] > 0.95
    # Half of two classes; 200 pictures have a deviation of 0.035.
    assert all(abs(accuracy - 0.5) < 0.14 for accuracy in report.keyed.values())
    assert "adaptive_reader" in str(report)
    with pytest.raises(ParameterError, match="already holds a run"):
        run(SMALL, finished, {"train": labelled(240, 0), "test": labelled(200, 1)})


def test_the_exported_files_read_what_the_blocks_send(finished: Path, tmp_path: Path) -> None:
    written = export(finished, tmp_path)
    assert [path.stem for path in written] == list(EVES)
    test = labelled(40, 2)
    air = Air(SMALL)
    heard = air.features(air.sent(test.pictures))
    for name, seen in (("eve", heard), ("reader", air.pictures(heard))):
        eve = find("eavesdropper")(model=str(tmp_path / f"{name}.onnx"))
        _, label, _ = eve(seen.numpy())
        assert (label == test.labels.numpy()).mean() > 0.9
        card = read_card(tmp_path / f"{name}.onnx")
        assert card is not None
        assert card.metrics["test.accuracy_without_key"] == Report.read(finished).plain[name]


def test_what_eve_hears_is_what_the_keyed_blocks_send(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    air = Air(SMALL)
    sent = air.sent(labelled(6, 3).pictures)
    hidden = air.hidden(sent, 0)
    assert hidden.shape == sent.shape == (6, 8, 4, 4)
    np.testing.assert_allclose((np.abs(hidden) ** 2).mean((1, 2, 3)), 1, atol=1e-4)
    # No two pictures are turned alike.
    alike = air.hidden(np.repeat(sent[:1], 2, axis=0), 10)
    assert abs(np.vdot(alike[0], alike[1]).real) / 128 < 0.4
    noise = air.received(air.features(sent), torch.Generator().manual_seed(1)) - air.features(sent)
    assert float(noise.square().mean()) == pytest.approx(0.5 / 100, rel=0.1)


def test_classes_are_the_folders(tmp_path: Path) -> None:
    archive = tmp_path / "pictures.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("b/1", "a/2", "a/1"):
            picture = tmp_path / "picture.png"
            Image.new("RGB", (8, 8), (int(name[-1]), 0, 0)).save(picture)
            file.write(picture, f"test/{name}.png")
    found = read((str(archive),), None)
    assert found.classes == ("a", "b")
    assert found.labels.tolist() == [0, 0, 1]
    assert found.pictures[:, 0, 0, 0].tolist() == [1, 2, 1]
    flat = tmp_path / "flat"
    flat.mkdir()
    Image.new("RGB", (8, 8)).save(flat / "1.png")
    with pytest.raises(DatasetError, match="lie in one folder; sub-folders are classes"):
        read((str(flat),), None)


def test_the_recipe_is_found_and_has_a_quick_form() -> None:
    recipe = recipe_named("intercept")
    quick = recipe.config("colour", quick=True, seed=3)
    assert isinstance(quick, Config)
    assert (quick.seed, quick.train_images) == (3, 4_000)


@pytest.mark.parametrize("name", ["datasets", "test"])
def test_pictures_must_be_named(name: str) -> None:
    with pytest.raises(ParameterError, match=f"setting '{name}' names none"):
        recipe_named("intercept").config_class()(**{name: ()})
