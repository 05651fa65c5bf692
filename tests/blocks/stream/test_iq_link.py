"""The way of real frames over IQ samples: frame_tagger, iq_level, and the shipped iq_link."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import ItemType, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.stream.complex_to_interleaved import ComplexToInterleaved
from semradio.blocks.stream.frame_tagger import FrameTagger
from semradio.blocks.stream.iq_level import IqLevel
from semradio.blocks.stream.real_to_complex import RealToComplex
from semradio.blocks.stream.stream_to_vector import StreamToVector
from semradio.blocks.stream.vector_to_stream import VectorToStream
from semradio.flowgraphs import Flowgraph

rng = np.random.default_rng(11)
FRAMES = (rng.standard_normal((101, 23)) / np.sqrt(23)).astype(np.float32)


def through(block: Any, x: np.ndarray, tags: list[Tag], chunk: int) -> tuple[np.ndarray, list[Tag]]:
    with Harness(block, {"x": ItemType.of(x)}) as harness:
        for start in range(0, len(x), chunk):
            now = [tag for tag in tags if start <= tag.index < start + chunk]
            harness.push(x[start : start + chunk], tags=now)
        harness.end()
        return harness.outputs()[0], harness.tags()[0]


@pytest.mark.parametrize("chunk", [1, 5, 1000])
def test_frames_and_their_numbers_come_back_over_a_complex_edge(chunk: int) -> None:
    x, tags = through(FrameTagger(first=7), FRAMES, [], chunk)
    for block in (
        RealToComplex(),
        IqLevel(),
        IqLevel(inverse=True),
        ComplexToInterleaved(shape=[23]),
    ):
        x, tags = through(block, x, tags, chunk)
    np.testing.assert_allclose(x, FRAMES, atol=1e-7)
    assert [tag for tag in tags if tag.key == "frame"] == [
        Tag(k, "frame", 7 + k) for k in range(len(FRAMES))
    ]


@pytest.mark.parametrize("chunk", [1, 5, 1000])
def test_frames_come_back_value_by_value(chunk: int) -> None:
    x: np.ndarray = FRAMES
    blocks = (VectorToStream(), RealToComplex(), ComplexToInterleaved(), StreamToVector(length=23))
    for block in blocks:
        x, _ = through(block, x, [], chunk)
    np.testing.assert_array_equal(x, FRAMES)


def test_frames_of_several_items_are_numbered() -> None:
    _, tags = through(FrameTagger(length=50, key="n"), FRAMES, [], 7)
    assert tags == [Tag(0, "n", 0), Tag(50, "n", 1), Tag(100, "n", 2)]


def test_level_is_that_of_a_carrier_of_amplitude_one() -> None:
    block = IqLevel(level=-12.0, signal_power=2 / 23)
    y = block(FRAMES[:100].reshape(-1).view(np.complex64))
    power = 10 * np.log10(np.mean(np.abs(y.astype(np.complex128)) ** 2))
    found = block.results()
    assert found["level_dbfs"] == pytest.approx(power, abs=1e-9)
    assert power == pytest.approx(-12.0, abs=0.2)
    assert found["peak_dbfs"] == pytest.approx(20 * np.log10(np.abs(y.view(np.float32)).max()))
    assert found["clipped"] == 0
    assert found["gain_db"] == pytest.approx(-12 - 10 * np.log10(2 / 23))


def test_samples_at_full_scale_are_counted() -> None:
    x = np.array([0.5, 1 + 0j, 1.2j, -1 - 1j], np.complex64)
    assert IqLevel(level=0.0)(x).tolist() == x.tolist()
    block = IqLevel(level=0.0)
    block(x)
    assert block.results()["clipped"] == 3


def test_the_receiver_follows_a_change_of_level() -> None:
    x = np.ones(60, np.complex64)
    with Harness(IqLevel(level=-12.0), {"x": ItemType("complex64")}) as harness:
        harness.push(x[:25])
        harness.change({"level": -20.0})
        harness.push(x[25:])
        harness.end()
        y, tags = harness.outputs()[0], harness.tags()[0]
    assert np.abs(y[24]) > np.abs(y[25])
    assert [tag for tag in tags if tag.key == "iq_level"] == [
        Tag(0, "iq_level", -12.0),
        Tag(25, "iq_level", -20.0),
    ]
    back, _ = through(IqLevel(level=3.0, inverse=True), y, tags, 7)
    np.testing.assert_allclose(back, x, atol=1e-6)


@pytest.mark.parametrize("snr_db", [0, 10])
@pytest.mark.parametrize("level", [-12, -30])
def test_the_picture_is_that_of_the_real_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snr_db: int, level: int
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [f"snr_db={snr_db}", "frames=500"]
    plain = Flowgraph.load("arn_link", given).run(processes=False)
    mapped = Flowgraph.load("iq_link", [*given, f"level={level}"]).run(processes=False)
    # The noise is drawn by value, so it is the same but for rounding.
    for key in ("mse", "psnr_db", "ssim_global", "ssim_gauss11"):
        assert mapped["quality"][key] == pytest.approx(plain["quality"][key], rel=1e-5)
    assert mapped["quality"]["images"] == 500
    assert mapped["send"]["level_dbfs"] == pytest.approx(level, abs=0.3)
    assert mapped.edges["air.y -> receive.x"]["items"] == 500 * 23 / 2
