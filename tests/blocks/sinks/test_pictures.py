"""The sinks that draw."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from semradio.blocks.api import Array, Block, ParameterError, SemradioError, find

pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'semradio[figures]'")

SINKS = ("constellation_sink", "spectrum_sink", "waterfall_sink", "time_sink")
X = (np.random.default_rng(1).standard_normal((4000, 2)) @ [1, 1j]).astype(np.complex64)


def sink(name: str, file: Path, **parameters: object) -> Block:
    return find(name)(file=file, **parameters)


@pytest.mark.parametrize("name", SINKS)
def test_draws_png_and_svg_the_same_every_time(name: str, tmp_path: Path) -> None:
    seen = []
    for chunk in (4000, 333):
        png, svg = tmp_path / f"{chunk}.png", tmp_path / f"{chunk}.svg"
        for file in (png, svg):
            found = sink(name, file, title="One title")(X, chunk=chunk)
            assert found["items"] == 4000
            assert found["file"] == str(file)
        with Image.open(png) as picture:
            assert min(picture.size) > 300
            assert len(set(picture.convert("L").get_flattened_data())) > 20
        assert ElementTree.parse(svg).getroot().tag.endswith("svg")
        seen.append((png.read_bytes(), svg.read_bytes()))
    assert seen[0] == seen[1]
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("name", SINKS)
def test_nothing_came(name: str, tmp_path: Path) -> None:
    block = sink(name, tmp_path / "a.png")
    assert block(X[:0])["file"] is None
    assert "nothing came" in block.notes[0]
    assert not list(tmp_path.iterdir())


def test_a_stream_shorter_than_a_segment(tmp_path: Path) -> None:
    for name in ("spectrum_sink", "waterfall_sink"):
        block = sink(name, tmp_path / "a.png", size=512)
        assert block(X[:511])["file"] is None
        assert "fewer samples than a segment of 512 came" in block.notes[0]


def test_errors_come_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ParameterError, match=r"'file' must end in \.png or \.svg, not"):
        sink("time_sink", tmp_path / "a.jpg")
    with pytest.raises(SemradioError, match=r"cannot write .*: No such file or directory"):
        sink("time_sink", tmp_path / "none" / "a.png")(X)
    (tmp_path / "b.png").mkdir()
    with pytest.raises(SemradioError, match=r"cannot write .*b\.png: it is a folder"):
        sink("time_sink", tmp_path / "b.png")(X)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SemradioError, match=r'need matplotlib: pip install "semradio\[figures\]"'):
        sink("time_sink", tmp_path / "a.png")(X)


@pytest.mark.parametrize("real", [False, True])
def test_spectrum_sink_finds_the_peak(real: bool, tmp_path: Path) -> None:
    n = np.arange(50_000)
    x: Array = (np.exp(2j * np.pi * 0.2 * n) + 0.01 * X[0]).astype(np.complex64)
    x = x.real.copy() if real else x
    block = sink("spectrum_sink", tmp_path / "a.png", sample_rate=1e6, center=1e9, size=1000)
    found = block(x)
    assert found["peak_hz"] == pytest.approx(1e9 + 200e3, abs=1)
    # All of its power within the width of a Hann window: 1.5 steps of a kilohertz.
    level = 10 * np.log10((0.5 if real else 1.0) / 1.5e3)
    assert found["peak_db"] == pytest.approx(level, abs=0.1)


def test_waterfall_joins_lines_until_they_fit(tmp_path: Path) -> None:
    x = np.exp(2j * np.pi * np.cumsum(np.linspace(-0.4, 0.4, 64 * 500))).astype(np.complex64)
    block = find("waterfall_sink")(file=tmp_path / "a.png", size=64, rows=20)
    found = block(x)
    segments = (len(x) - 64) // 32 + 1
    assert 20 <= found["lines"] <= 40
    assert found["segments"] == 32
    assert (found["lines"] - 1) * 32 < segments <= found["lines"] * 32
    ridge = block.image().argmax(axis=1)
    assert (np.diff(ridge) >= 0).all()
    assert ridge[0] < 10
    assert ridge[-1] > 54


def test_the_latest_points_are_kept(tmp_path: Path) -> None:
    block = find("constellation_sink")(file=tmp_path / "a.png", points=1000)
    block(X, chunk=300)
    np.testing.assert_array_equal(block.kept, X[-1000:])
