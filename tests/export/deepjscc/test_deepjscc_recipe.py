"""The recipe of the colour link: networks, what they begin with, training and export."""

from __future__ import annotations

import dataclasses
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")

import torch
from PIL import Image

from semradio.blocks.errors import DatasetError, ParameterError
from semradio.blocks.neural.deepjscc_decoder import DeepJsccDecoder
from semradio.blocks.neural.deepjscc_encoder import DeepJsccEncoder
from semradio.export import pictures
from semradio.export.recipes import recipe_named
from semradio.export.recipes.deepjscc import train, transform
from semradio.export.recipes.deepjscc.config import Config
from semradio.export.recipes.deepjscc.deploy import export
from semradio.export.recipes.deepjscc.evaluate import evaluate
from semradio.export.recipes.deepjscc.networks import Link, condition, normalised

SMALL: dict[str, Any] = {
    "width": 8,
    "fine": 1,
    "coarse": 1,
    "crop": 16,
    "epochs": 2,
    "batch": 8,
    "warm_up": 2,
    "evaluation_snr_db": (10.0,),
}


def source(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(count: int, seed: int = 0, side: int = 24) -> torch.Tensor:
    """Return smooth random pictures, uint8[count, 3, side, side]."""
    coarse = torch.rand((count, 3, 4, 4), generator=source(seed))
    smooth = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic")
    return (smooth.clamp(0.0, 1.0) * 255.0).to(torch.uint8)


def data() -> dict[str, torch.Tensor]:
    return {"train": images(40), "validation": images(8, 1), "smooth": images(8, 2)}


@pytest.mark.parametrize("architecture", ["convnext", "published"])
def test_a_link_takes_pictures_of_any_size(architecture: Any) -> None:
    link = Link(architecture, 8, (1, 1), (6,) if architecture == "published" else (24, 12, 6, 3))
    for rows, columns in ((8, 8), (24, 40)):
        sent = torch.rand((2, 3, rows, columns), generator=source())
        uses = link.uses(6)
        assert uses * 6 == 3 * link.stride**2
        received = link(sent, torch.full((2, 1), 10.0), uses, uses, source())
        assert received.shape == sent.shape


def test_the_published_network_is_the_published_one() -> None:
    link = Link("published", 0, (), (6,))
    weights = sum(parameter.numel() for parameter in link.encoder.parameters())
    # 3-16, 16-32, 32-32, 32-32, 32-16 features of 5 x 5, with biases and a PReLU for each.
    counted = sum(25 * a * b + 2 * b for a, b in ((3, 16), (16, 32), (32, 32), (32, 32), (32, 16)))
    assert weights == counted
    assert link.encoder(torch.zeros(1, 3, 32, 32), torch.zeros(1, 1)).shape == (1, 16, 8, 8)


def test_power_is_one_for_each_picture_by_itself() -> None:
    x = (
        torch.randn((5, 16, 3, 4), generator=source())
        * torch.tensor([1e-3, 1, 5, 9, 100.0])[:, None, None, None]
    )
    power = normalised(x, 8).square().sum(dim=(1, 2, 3)) / (8 * 12)
    torch.testing.assert_close(power, torch.ones(5))
    assert normalised(torch.zeros(1, 16, 2, 2), 8).abs().max() == 0.0


def test_noise_has_half_its_power_on_each_rail() -> None:
    """What arrives of silence through the identity is noise of the stated Es/N0."""

    class Same(torch.nn.Module):
        def forward(self, x: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
            return x

    link = Link("convnext", 8, (0, 0))
    link.encoder, link.decoder = Same(), Same()
    silence = torch.zeros((4, 128, 40, 40))
    snr_db = torch.tensor([[0.0], [10.0], [20.0], [-5.0]])
    heard = link(silence, snr_db, 64, 64, source())
    power = heard.square().mean(dim=(1, 2, 3)) * 2.0
    expected = 10.0 ** (-snr_db.squeeze(1) / 10.0)
    torch.testing.assert_close(power, expected, rtol=0.02, atol=0.0)


def test_a_link_begins_as_a_good_linear_one_in_the_order_of_worth() -> None:
    trained = images(200, side=32)
    link = Link("convnext", 8, (1, 1))
    found = {}
    for begun in (False, True):
        if begun:
            transform.begin(link, trained, source())
        found[begun] = evaluate(link, images(16, 3, 32), 25.0, 3, source()).psnr_db
    assert found[True] > found[False] + 8.0
    power = link.encoder(trained[:50] / 255.0, torch.zeros(50, 1)).square().mean(dim=(0, 2, 3))
    assert power[:3].min() > power[3:].max() * 0.5
    assert power[2:34].mean() > power[34:66].mean() > power[66:].mean()


def test_training_learns_and_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    config = Config(**SMALL)
    whole = train.run(config, tmp_path / "whole", data())
    assert whole.figures["smooth"][0].rate == 24
    assert whole.history["link"][-1]["psnr_db"] > whole.history["link"][0]["psnr_db"]

    def stop(event: Any) -> None:
        if event.epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train.run(config, tmp_path / "parts", data(), progress=stop)
    with pytest.raises(ParameterError, match="already holds a run"):
        train.run(config, tmp_path / "parts", data())
    parts = train.run(config, tmp_path / "parts", data(), resume=True)
    assert parts.figures == whole.figures
    assert parts.history == whole.history


def test_a_rate_may_be_drawn_more_often_and_low_snr_too(tmp_path: Path) -> None:
    config = Config(**{**SMALL, "epochs": 1, "rates": (12, 12, 6), "lean": 2.0})
    leaning = train.run(config, tmp_path / "leaning", data())
    assert [row.rate for row in leaning.figures["smooth"]] == [12, 6]
    assert str(leaning).count("k/n 1/12") == 1
    even = train.run(dataclasses.replace(config, lean=1.0), tmp_path / "even", data())
    assert even.history != leaning.history


def test_a_run_may_begin_with_the_weights_of_another(tmp_path: Path) -> None:
    first = train.run(Config(**SMALL), tmp_path / "first", data())
    begin = {**SMALL, "begin": str(tmp_path / "first"), "epochs": 1, "learning_rate": 1e-9}
    second = train.run(Config(**begin), tmp_path / "second", data())
    for one, other in zip(first.figures["smooth"], second.figures["smooth"], strict=True):
        assert one.psnr_db == pytest.approx(other.psnr_db, abs=0.02)
    with pytest.raises(ParameterError, match="has another network"):
        train.run(Config(**{**begin, "width": 16}), tmp_path / "third", data())


@pytest.mark.parametrize("architecture", ["convnext", "published"])
def test_exported_models_do_what_the_networks_do_at_other_sizes(
    tmp_path: Path, architecture: Any
) -> None:
    one = {"architecture": "published", "rates": (6,)} if architecture == "published" else {}
    config = Config(**{**SMALL, "epochs": 1, **one})
    train.run(config, tmp_path / "run", data())
    assert [path.name for path in export(tmp_path / "run", tmp_path)] == [
        "encoder.onnx",
        "decoder.onnx",
    ]
    link = train.load_link(tmp_path / "run", config)
    sent = images(2, 5, 40)[:, :, :24].permute(0, 2, 3, 1).contiguous().numpy()
    encoder = DeepJsccEncoder(
        model=str(tmp_path / "encoder.onnx"), values_per_use=6, snr_db=5, max_batch=1
    )
    decoder = DeepJsccDecoder(
        model=str(tmp_path / "decoder.onnx"), values_per_use=6, snr_db=5, max_batch=1
    )
    ours = decoder(encoder(sent)).astype(float)
    uses = link.uses(6)
    with torch.no_grad():
        picture = torch.from_numpy(sent).permute(0, 3, 1, 2) / 255.0
        five = torch.full((2, 1), 5.0)
        x = normalised(link.encoder(picture, condition(five))[:, : 2 * uses], uses)
        x = torch.nn.functional.pad(x, (0, 0, 0, 0, 0, 2 * (link.symbols - uses)))
        back = link.decoder(x, condition(five, torch.full_like(five, float(uses))))
    theirs = (back.permute(0, 2, 3, 1) * 255.0).round().clamp(0.0, 255.0).numpy()
    # Weights of 16 bits.
    assert np.abs(ours - theirs).mean() < 0.5


def test_pictures_come_from_folders_and_zip_files(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for k, size in enumerate([(30, 41), (33, 24)]):
        Image.fromarray(np.full((*size, 3), 40 * k + 9, np.uint8)).save(
            tmp_path / "photos" / f"{k}.png"
        )
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for path in sorted((tmp_path / "photos").iterdir()):
            archive.write(path, f"photos/a/{path.name}")
    for place in ("photos", "photos.zip"):
        found = pictures.read([str(tmp_path / place)])
        # The high one is turned; the largest in both with sides that are multiples of 8.
        assert found.shape == (2, 3, 24, 32)
        assert [int(picture.max()) for picture in found] == [9, 49]
    assert len(pictures.read([str(tmp_path / "photos.zip")], 1)) == 1


def test_places_without_pictures_are_told(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"nothing")
    with pytest.raises(DatasetError, match="cannot be read as a zip file"):
        pictures.read([str(tmp_path / "bad.zip")])
    with pytest.raises(DatasetError, match="neither a folder nor a zip file"):
        pictures.read([str(tmp_path / "none")])
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"a\.png: not a picture, or damaged"):
        pictures.read([str(tmp_path / "photos")])


def test_crops_are_parts_of_their_pictures() -> None:
    whole = torch.arange(40 * 40).reshape(1, 1, 40, 40).expand(6, 3, 40, 40) % 251
    cut = pictures.crops(whole.to(torch.uint8), 16, source()) * 255.0
    windows = whole[0, 0].float().unfold(0, 16, 1).unfold(1, 16, 1)
    for picture in cut:
        found = [
            bool((windows == side).all(dim=3).all(dim=2).any())
            for side in (picture[0].round(), picture[0].round().flip(1))
        ]
        assert any(found)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rates": (5,)}, "must be some of 24, 12, 6, 3, not 5"),
        ({"architecture": "published"}, "has one rate"),
        ({"crop": 20}, "multiple of 8"),
        ({"datasets": ()}, "names none"),
        ({"low_snr_db": 5.0, "high_snr_db": 1.0}, "lies above"),
    ],
)
def test_settings_that_make_no_sense(values: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Config(**values)


def test_the_variants_are_settings() -> None:
    recipe = recipe_named("deepjscc")
    assert set(recipe.variants()) == {"cifar", "photo", "published"}
    for name in recipe.variants():
        assert math.isfinite(recipe.config(name).learning_rate)
