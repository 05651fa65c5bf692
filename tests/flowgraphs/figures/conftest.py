"""A study of models as training leaves it, made of the shipped models, and a zoo of small ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from irsc_models import Models

from semradio.blocks.neural.model_file import find_model
from semradio.export.recipes import recipe_named
from semradio.export.recipes.arn.attackers import ATTACKERS

pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'semradio[figures]'")

MakeStudy = Callable[[Sequence[str], Sequence[int]], Path]
MakeZoo = Callable[[Sequence[str]], Path]


@pytest.fixture
def make_study(tmp_path: Path) -> MakeStudy:
    """Give a function that fills a cache with variants which look trained; returns the cache.

    Attackers without a shipped model of their own are the shipped adaptive Eve.
    """

    def make(variants: Sequence[str], seeds: Sequence[int]) -> Path:
        shipped = {path.stem: path for path in find_model("arn/eve").parent.glob("*.onnx")}
        models = {**dict.fromkeys(ATTACKERS, shipped["adaptive_eve"]), **shipped}
        for variant in variants:
            for seed in seeds:
                folder = tmp_path / "cache" / "arn" / "full" / variant / f"seed-{seed}"
                folder.mkdir(parents=True)
                for name, path in models.items():
                    (folder / f"{name}.onnx").symlink_to(path.absolute())
                config = recipe_named("arn").config(variant, seed=seed, quick=False)
                (folder / "study.json").write_bytes(msgspec.json.encode(config))
        return tmp_path / "cache"

    return make


@pytest.fixture
def make_zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeZoo:
    """Give a function that makes a zoo of untrained models for links over a MIMO channel."""
    streams = Models(receiver_h=None, streams=True)
    kinds = {
        "csitr": Models(transmitter_h="all"),
        "csi_free": Models(receiver_h=None),
        "interference_free": streams,
        "interference_free_1": streams.but(rows=1),
        "interference_free_1_short": streams.but(rows=1),
        "semi_trained_1": streams.but(rows=1),
        "semi_trained_2": streams,
        "lmmse": streams,
        "tdma": Models(receiver_h="own", snr_db=True),
        "csir_lmmse": Models(receiver_h="own", snr_db=True),
    }

    def make(variants: Sequence[str]) -> Path:
        for variant in variants:
            scheme, _, users = variant.partition("_mnist_")
            models = kinds.get(scheme, Models()).but(users=int(users or 2))
            models.write(tmp_path / "zoo" / "irsc" / variant)
        monkeypatch.setenv("SEMRADIO_MODELS", str(tmp_path / "zoo"))
        return tmp_path / "zoo"

    return make
