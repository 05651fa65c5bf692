"""A study of models as training leaves it, made of the shipped models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from semradio.blocks.neural.model_file import find_model
from semradio.export.recipes import recipe_named
from semradio.export.recipes.arn.attackers import ATTACKERS

pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'semradio[figures]'")

MakeStudy = Callable[[Sequence[str], Sequence[int]], Path]


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
