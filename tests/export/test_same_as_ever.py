"""What the recipes train is what they always trained: kept runs go on, and figures stay comparable.

The settings that a checkpoint holds, and by which runs share phases, are exactly those of before;
the validation losses are, to the rounding of another processor.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")

import torch

from semradio.export import checkpoint
from semradio.export.recipes import recipe_named

ARN = {f"{phase}_epochs": 1 for phase in ("base", "eve", "module", "adaptive", "few")}
SMALL: dict[str, dict[str, Any]] = {
    "arn": {**ARN, "scenario": "black", "attackers": ("big_eve", "few_200_eve")},
    "irsc": {
        "datasets": ("patches",),
        "scheme": "lmmse",
        "epochs": 1,
        "evaluation_snr_db": (),
        "width": 16,
        "receiver_width": 16,
    },
    "deepjscc": {
        "crop": 16,
        "batch": 8,
        "warm_up": 2,
        "epochs": 1,
        "evaluation_snr_db": (),
        "width": 8,
        "fine": 1,
        "coarse": 1,
    },
    "intercept": {"width": 8, "batch": 16, "symbol_epochs": 1, "picture_epochs": 1},
}


def pictures(count: int, seed: int, side: int) -> torch.Tensor:
    """Return random pictures, uint8[count, 3, side, side]."""
    source = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, side, side), generator=source, dtype=torch.uint8)


def labelled(count: int, seed: int) -> Any:
    from semradio.export.recipes.intercept.train import Labelled

    return Labelled(pictures(count, seed, 32), torch.arange(count) % 2, ("one", "other"))


DATA: dict[str, Callable[[Any], Any]] = {
    "arn": lambda tiny: tiny,
    "irsc": lambda tiny: {"patches": tiny},
    "deepjscc": lambda _: {"train": pictures(40, 0, 24), "validation": pictures(8, 1, 24)},
    "intercept": lambda _: {"train": labelled(60, 0), "test": labelled(20, 1)},
}

FOUND = {
    "arn": {
        "base": (1914428070, 0.133143),
        "eve": (594116174, 2.30712),
        "substitute": (594116174, 2.32492),
        "modules": (1490041786, 0.0675019),
        "big_eve": (1178464747, 2.26452),
        "few_200_eve": (3829560152, 2.30718),
    },
    "irsc": {"link": (2791370683, 0.119748)},
    "deepjscc": {"link": (245031377, 0.0625086)},
    "intercept": {
        "eve": (1399028650, 0.716221),
        "reader": (1399028650, 0.791462),
        "adaptive_eve": (1399028650, 0.712723),
        "adaptive_reader": (1399028650, 0.751667),
    },
}
"""Per recipe and phase: a checksum of the settings, and the last validation loss."""


@pytest.mark.parametrize("name", SMALL)
def test_a_recipe_trains_what_it_always_trained(name: str, tiny_data: Any, tmp_path: Path) -> None:
    recipe = recipe_named(name)
    config = recipe.config_class()(**SMALL[name])
    report = recipe.train_module().run(config, tmp_path, DATA[name](tiny_data))
    assert report.history.keys() == FOUND[name].keys()
    for phase, (checksum, loss) in FOUND[name].items():
        settings = checkpoint.load(tmp_path / f"{phase}.pt")["settings"]
        assert zlib.crc32(msgspec.json.encode(settings, order="sorted")) == checksum, phase
        assert report.history[phase][-1]["loss"] == pytest.approx(loss, rel=1e-3), phase
