"""Recordings of bursts that every later version must receive as this one does.

``make_recordings.py`` has made them; a change of the waveform must not make them anew, but give its
bursts another hash.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from semradio.blocks.api import Array, ItemType, Tag, find
from semradio.blocks.api.harness import Harness
from semradio.blocks.phy.burst_demodulator import BurstDemodulator

FOLDER = Path(__file__).parent / "recordings"


def received(name: str) -> tuple[Array, list[Tag], BurstDemodulator]:
    """What the receiver makes of a recording, read by the block for recordings."""
    samples = find("sigmf_source")(file=FOLDER / name)()
    block = BurstDemodulator(waveform="burst16", frames=32)
    with Harness(block, {"x": ItemType.of(samples)}) as harness:
        harness.push(samples)
        harness.end()
        return harness.outputs()[0], harness.tags()[0], block


@pytest.mark.parametrize("name", ["clean", "5db", "multipath"])
def test_the_frames_are_what_they_were(name: str) -> None:
    pytest.importorskip("sigmf")
    frames, tags, block = received(name)
    np.testing.assert_allclose(frames, np.load(FOLDER / f"{name}.npy"), atol=1e-5)
    assert [tag.value for tag in tags if tag.key == "counter"] == [0, 1]
    assert [tag.value for tag in tags if tag.key == "frame"] == [0, 16]
    results = block.results()
    assert (results["lost"], results["refused"]) == (0, 0)
    assert results["equalised"] == (2 if name == "multipath" else 0)


@pytest.mark.parametrize(("name", "error_db"), [("clean", -28), ("5db", -4), ("multipath", -20)])
def test_the_frames_are_what_was_sent(name: str, error_db: float) -> None:
    error = np.load(FOLDER / f"{name}.npy") - np.load(FOLDER / "sent.npy")
    assert 10 * np.log10(np.mean(error.astype(float) ** 2) * 23) < error_db
