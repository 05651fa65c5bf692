"""The colour link under a key: Bob's pictures stay, and Eve's are gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from semradio.flowgraphs import Flowgraph


@pytest.fixture
def link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that runs the shipped link on smooth pictures of two classes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEMRADIO_KEY", "5a" * 32)
    source = np.random.default_rng(4)
    for name in ("airplane", "truck"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for k in range(10):
            coarse = source.integers(0, 256, (3, 3, 3), np.uint8)
            picture = Image.fromarray(coarse).resize((32, 32), Image.Resampling.BICUBIC)
            picture.save(tmp_path / "pictures" / name / f"{k}.png")

    def run(*overrides: str) -> Any:
        given = ["pictures=pictures", "quality.ssim=false", "eve_quality.ssim=false", *overrides]
        return Flowgraph.load("cifar_keyed", given).run(processes=False)

    return run


def test_the_key_costs_bob_nothing_and_eve_everything(link: Any) -> None:
    hidden, clear = link(), link("session=2", "keyed=false")
    assert hidden["lock"]["frames"] == hidden["unlock"]["frames"] == 20
    assert clear["unlock"]["frames"] == 0
    assert hidden["quality"]["psnr_db"] > 19
    assert hidden["quality"]["psnr_db"] == pytest.approx(clear["quality"]["psnr_db"], abs=0.3)
    assert clear["eve_quality"]["psnr_db"] > 19
    assert hidden["eve_quality"]["psnr_db"] < 13
    for block in ("leakage", "picture_leakage"):
        assert hidden[block]["items"] == 20


def test_the_cards_tell_what_was_measured() -> None:
    from semradio.blocks.neural.model_file import find_model, read_card

    for name in ("eve", "reader", "adaptive_eve", "adaptive_reader"):
        card = read_card(find_model(f"intercept/{name}"))
        assert card is not None
        # 500 pictures: a deviation of 0.013 at chance.
        assert abs(card.metrics["test.accuracy_with_key"] - 0.1) < 0.03
        if not name.startswith("adaptive"):
            assert card.metrics["test.accuracy_without_key"] > 0.35
