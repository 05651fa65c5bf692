"""Shared by the tests of training and export: small synthetic images and a tiny finished run.

The synthetic images are made here and train in seconds; what they cannot show (that the scheme
works at all) is tested on real digits in ``test_quick_recipe.py``.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Compute on one core, as the commands do; more are slower with networks of this size."""
    if importlib.util.find_spec("torch") is None:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_data() -> Any:
    """400 images of one of ten bright patches each; 100 more to be measured on."""
    torch = pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")
    from semradio.export.data import LabelledImages, TrainingData

    source = torch.Generator().manual_seed(1)
    labels = torch.arange(500) % 10
    images = torch.randint(0, 60, (500, 28, 28), generator=source)
    for row in range(500):
        top = 2 * int(labels[row])
        images[row, top : top + 8, 4:20] += 150
    images = images.to(torch.uint8)
    learned = LabelledImages(images[:400], labels[:400])
    return TrainingData.split_off(
        learned, {"heldout": LabelledImages(images[400:], labels[400:])}, name="patches"
    )


@pytest.fixture(scope="session")
def tiny_config() -> Any:
    """Settings with which every phase takes three short epochs."""
    pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")
    from semradio.export.recipes.arn.config import Config

    return Config(
        base_epochs=3,
        base_batch=64,
        eve_epochs=3,
        eve_batch=64,
        module_epochs=3,
        module_batch=64,
        adaptive_epochs=3,
        adaptive_batch=64,
        evaluation_snr_db=(0.0, 10.0),
    )


@pytest.fixture(scope="session")
def finished_run(
    tiny_data: Any, tiny_config: Any, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of a finished tiny run."""
    pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")
    from semradio.export.recipes.arn.train import run

    folder = tmp_path_factory.mktemp("finished")
    run(tiny_config, folder, tiny_data)
    return folder
