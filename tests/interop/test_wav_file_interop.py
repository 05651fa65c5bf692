"""Our WAV blocks give and write what GNU Radio's do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import HERE, clean_environment

from semradio.blocks.media.wav_file_sink import WavFileSink
from semradio.blocks.media.wav_file_source import WavFileSource

FORMATS = ("u8", "s16", "s24", "s32", "f32", "f64")

SOUND = np.random.default_rng(31).uniform(-1, 1, (2000, 2)).astype(np.float32)
SOUND[:6, 0] = [0, -1, 0.5, 0.25, 1e-6, 0.99999]


@pytest.fixture(scope="module")
def folder(gnuradio: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of both, and what GNU Radio read in ours."""
    path = tmp_path_factory.mktemp("wav")
    np.save(path / "sound.npy", SOUND)
    for name in FORMATS:
        sink = WavFileSink(file=path / f"ours_{name}.wav", rate=8000, channels=2, format=name)
        sink(SOUND[:, 0], SOUND[:, 1])
    for what in ("write", "read"):
        subprocess.run(
            [gnuradio, str(HERE / "wav_file_peer.py"), what, str(path)],
            check=True, env=clean_environment(), timeout=120, capture_output=True,
        )  # fmt: skip
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_both_write_the_same_samples(folder: Path, name: str) -> None:
    ours = WavFileSource(file=folder / f"ours_{name}.wav", channels=2)()
    theirs = WavFileSource(file=folder / f"theirs_{name}.wav", channels=2)()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", FORMATS)
def test_both_read_the_same_samples(folder: Path, name: str) -> None:
    ours = WavFileSource(file=folder / f"ours_{name}.wav", channels=2)()
    np.testing.assert_array_equal(np.stack(ours), np.load(folder / f"read_{name}.npy"))
