"""The interference channel from samples: as good as on frames with pilots of the same energy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from semradio.flowgraphs import Flowgraph

FRAMES = 1600
"""A hundred bursts of the default, each with a channel of its own."""


@pytest.fixture
def quality(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that runs a link in a folder of its own; gives each user's SSIM."""
    monkeypatch.chdir(tmp_path)

    def run(name: str, *overrides: str) -> list[float]:
        # Digits for all users: they come with the demo.
        given = [f"frames={FRAMES}", "split=heldout", "datasets=[mnist]", *overrides]
        found = Flowgraph.load(name, given).run(processes=False).results
        users = [block for block in found if block.startswith("quality")]
        assert all(found[user]["images"] == FRAMES for user in users)
        return [found[user]["ssim_global"] for user in users]

    return run


@pytest.mark.parametrize(
    ("users", "models", "preamble"),
    [(1, "irsc/csir_mnist_1", 2), (2, "irsc/csir_mnist_2", 4)],
)
def test_from_samples_as_from_frames(quality: Any, users: int, models: str, preamble: int) -> None:
    """A preamble of K Nt symbols is worth orthogonal pilots in as many slots."""
    common = (f"users={users}", f"models={models}", "snr_db=10")
    samples = quality("irsc_over_the_air", f"preamble={preamble}", *common)
    frames = quality("irsc_link", "csi=orthogonal", "coherence=16", *common)
    assert len(samples) == users
    assert samples == pytest.approx(frames, abs=0.01)


def test_a_longer_preamble_is_worth_something(quality: Any) -> None:
    common = ("users=2", "models=irsc/csir_mnist_2", "snr_db=-5")
    short = quality("irsc_over_the_air", "preamble=4", *common)
    long = quality("irsc_over_the_air", "preamble=128", *common)
    assert sum(long) > sum(short)
