"""What ``semradio train`` and ``semradio export`` do, as plain functions."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semradio.blocks.errors import SemradioError
from semradio.export.recipes import Recipe, recipe_named, recipes
from semradio.export.recipes.settings import parse_overrides, with_overrides
from semradio.export.report import RunReport


def train(
    recipe: str,
    out: Path,
    *,
    variant: str | None = None,
    seed: int | None = None,
    overrides: Sequence[str] = (),
    resume: bool = False,
    quick: bool = False,
    quiet: bool = False,
) -> Any:
    """Train by a recipe and return its report, which is also written into ``out``.

    Args:
        recipe: a name of :func:`semradio.export.recipes.recipes`.
        out: folder for checkpoints and report.
        variant: a named variant of the recipe.
        seed: replaces the recipe's seed.
        overrides: words ``NAME=VALUE`` that replace settings; they win over all the others.
        resume: continue the run in ``out``.
        quick: begin with the recipe's quick settings.
        quiet: show no progress.

    Raises:
        SemradioError: unknown names, values that do not fit, data that is not there, and where
            torch is not installed.
    """
    chosen = recipe_named(recipe)
    begun = chosen.config(variant, seed=seed, quick=quick)
    config = with_overrides(begun, parse_overrides(overrides))
    require_torch()
    from semradio.export.progress import shown

    module = chosen.train_module()
    with _one_thread(), shown(quiet) as progress:
        return module.run(config, Path(out), resume=resume, progress=progress)


def export(checkpoint_dir: Path, out_dir: Path) -> list[Path]:
    """Export the finished run in ``checkpoint_dir`` as ONNX files and return their paths.

    Raises :class:`ModelError` if there is no finished run or a file does not reproduce its
    network, :class:`SemradioError` where torch is not installed.
    """
    chosen = recipe_named(_AnyReport.read(Path(checkpoint_dir)).recipe)
    require_torch()
    written: list[Path] = chosen.deploy_module().export(Path(checkpoint_dir), Path(out_dir))
    return written


def describe() -> dict[str, Recipe]:
    """Return the recipes by name; summary and options of each can be read without torch."""
    return dict(recipes())


@dataclass(frozen=True)
class _AnyReport(RunReport):
    """What is the same in the report of every recipe."""

    recipe: str


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on one core: small networks are no faster on more, and sums keep their order."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def require_torch() -> None:
    """Raise :class:`SemradioError` where the packages that train and export are missing."""
    missing = [
        package
        for package in ("torch", "onnx", "onnxscript")
        if importlib.util.find_spec(package) is None
    ]
    if missing:
        raise SemradioError(
            f'training and export need {", ".join(missing)}: pip install "semradio[train]"'
        )
