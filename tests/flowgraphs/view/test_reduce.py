"""What is drawn of frames, against NumPy, SciPy and theory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from semradio.blocks.api.item_type import Array, ItemType
from semradio.flowgraphs.view.reduce.alignment import KEPT_BYTES, KEPT_ITEMS, Alignment
from semradio.flowgraphs.view.reduce.classes import classes_of, confusion
from semradio.flowgraphs.view.reduce.density import density, points_of, reach_of
from semradio.flowgraphs.view.reduce.envelope import envelope
from semradio.flowgraphs.view.reduce.histogram import histogram
from semradio.flowgraphs.view.reduce.picture import is_picture, pictures
from semradio.flowgraphs.view.reduce.recent import Recent
from semradio.flowgraphs.view.reduce.spectrum import Averaging, spectrum
from semradio.flowgraphs.view.web.panel import KINDS, Panel, items_of, kinds_of

RNG = np.random.default_rng(1)


def noise(count: int) -> np.ndarray:
    return (RNG.normal(size=count) + 1j * RNG.normal(size=count)).astype(np.complex64)


def test_density_counts_as_a_histogram_of_two_dimensions() -> None:
    points = noise(5000)
    found = density(points, 2.0, 32)
    edges = np.linspace(-2, 2, 33)
    wanted, _, _ = np.histogram2d(-points.imag, points.real, (edges, edges))
    assert found.sum() == wanted.sum()
    # On the very border of two cells either is right.
    assert np.abs(found - wanted).sum() <= 2


def test_the_reach_rests_and_holds_all_but_strays() -> None:
    points = noise(10000)
    reach = reach_of(points)
    assert np.mean((np.abs(points.real) < reach) & (np.abs(points.imag) < reach)) > 0.99
    assert reach_of(points * 1.0001) == reach
    assert reach_of(np.append(points, 1e9)) == reach
    assert reach_of(points * 1000) == pytest.approx(reach * 1000)
    assert reach_of(points[:0]) == 1.0
    assert reach_of(np.zeros(5, np.complex64)) == 1.0


def test_points_of_vectors_are_pairs() -> None:
    frames = np.arange(10, dtype=np.float32).reshape(2, 5)
    assert points_of(frames).tolist() == [1j, 2 + 3j, 5 + 6j, 7 + 8j]
    assert points_of(np.float32([1, np.nan, 2])).tolist() == [1, 2]
    assert points_of(np.complex64([[1j, 2]])).tolist() == [1j, 2]


@pytest.mark.parametrize("window", ["hann", "blackmanharris", "rectangular"])
@pytest.mark.parametrize("k", [-100, 0, 37])
def test_a_tone_of_full_scale_is_at_0_dbfs(window: str, k: int) -> None:
    n = np.arange(4096)
    found = spectrum(np.exp(2j * np.pi * k / 1024 * n).astype(np.complex64), 1024, window)
    assert found.segments == 7
    place = int(np.argmax(found.level))
    assert found.first + place * found.step == pytest.approx(k / 1024)
    # Windows of zeros at their ends stand between two bins of others.
    assert found.level[place] == pytest.approx(0, abs=0.05)
    real = spectrum(np.cos(2 * np.pi * 100 / 1024 * n).astype(np.float32), 1024, window)
    assert len(real.level) == 513
    assert real.level[100] == pytest.approx(0, abs=0.05)


def test_the_spectrum_of_noise_is_welchs() -> None:
    x = noise(8192)
    found = spectrum(x, 512, "rectangular")
    _, wanted = signal.welch(
        x, window="boxcar", nperseg=512, detrend=False, return_onesided=False, scaling="spectrum"
    )
    level = 10 * np.log10(np.fft.fftshift(wanted))
    np.testing.assert_allclose(found.level, level, atol=0.01)


def test_a_short_or_silent_stretch_has_a_spectrum_too() -> None:
    assert spectrum(noise(100), 1024).segments == 1
    assert len(spectrum(noise(1), 1024).level) == 1024
    assert spectrum(np.zeros(2048, np.complex64), 1024).level.max() == -200
    assert np.isfinite(spectrum(np.float32([np.nan, 1, np.inf]), 64).level).all()


def test_averaging_forgets_in_its_time() -> None:
    averaging = Averaging(1.0)
    assert averaging.add(np.float32([0.0]), 0.0)[0] == pytest.approx(0)
    # After ln 2 seconds half of the old power is left.
    assert averaging.add(np.float32([-200]), np.log(2))[0] == pytest.approx(10 * np.log10(0.5))
    assert len(averaging.add(np.zeros(3, np.float32), 2.0)) == 3


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=300), st.integers(1, 40))
def test_the_envelope_loses_no_peak(values: list[float], columns: int) -> None:
    x = np.array(values, np.float32)
    low, high = envelope(x, columns)
    assert low.min() == x.min()
    assert high.max() == x.max()
    assert (low <= high).all()
    assert len(low) == min(columns, len(x))


def test_the_envelope_leaves_out_what_is_not_finite() -> None:
    low, high = envelope(np.float32([1, np.nan, 3, np.inf, np.nan, np.nan]), 3)
    assert low[:2].tolist() == [1, 3]
    assert high[:2].tolist() == [1, 3]
    assert np.isnan(low[2])


def test_a_histogram_is_numpys() -> None:
    x = RNG.normal(size=1000).astype(np.float32)
    found = histogram(x, 50)
    wanted, edges = np.histogram(x.astype(float), 50)
    assert found.counts.tolist() == wanted.tolist()
    assert (found.low, found.high) == (edges[0], edges[-1])
    assert found.mean == pytest.approx(x.mean(), abs=1e-6)
    labels = histogram(np.uint8([3, 3, 5]), 96)
    assert labels.counts.tolist() == [2, 0, 1]
    assert (labels.low, labels.high) == (2.5, 5.5)
    odd = histogram(np.float32([np.nan, 1, 1]), 4)
    assert (odd.left_out, odd.counts.sum()) == (1, 2)
    assert histogram(np.complex64([1 + 2j]), 4).counts.sum() == 2
    assert histogram(np.float32([np.inf]), 4).counts.sum() == 0


def test_pictures_keep_bytes_and_scale_the_rest() -> None:
    grey = RNG.integers(0, 256, (6, 8, 8), np.uint8)
    found = pictures(grey, 4)
    assert found.shape == (4, 8, 8, 3)
    assert (found == grey[-4:, :, :, None]).all()
    assert (pictures(grey / 255.0, 4) == found).all()
    signed = pictures(np.float32([[[-2, 0], [2, np.nan]]]), 1)
    assert signed[0, :, :, 0].tolist() == [[0, 128], [255, 128]]
    assert max(pictures(np.zeros((1, 1000, 300), np.uint8), 1).shape) <= 256
    assert is_picture("uint8", (28, 28))
    assert is_picture("float32", (32, 32, 3))
    assert not is_picture("complex64", (28, 28))
    assert not is_picture("float32", (2, 16))


def test_confusion_counts_pairs() -> None:
    truth, guess = np.array([0, 1, 1, 2, 9]), np.array([0, 1, 2, 2, 0])
    assert confusion(truth, guess, 3).tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    assert classes_of(np.float32([[0, 2, 1], [5, 2, 1]])).tolist() == [1, 0]
    assert classes_of(np.uint8([3, 4])).tolist() == [3, 4]


def test_recent_metrics_are_those_of_the_items_between() -> None:
    x = RNG.uniform(size=4000)
    recent = Recent(3.0)
    for second in range(1, 5):
        n = 1000 * second
        found = recent.add(
            {
                "items": n,
                "accuracy": x[:n].mean(),
                "mse": x[:n].mean(),
                "psnr_db": 1.0,
                "peak": 7.0,
            },
            float(second),
        )
    assert found["accuracy"] == pytest.approx(x[1000:].mean())
    assert found["psnr_db"] == pytest.approx(-10 * np.log10(x[1000:].mean()))
    assert found["peak"] == 7.0
    # Another run begins at nothing.
    assert recent.add({"items": 10, "accuracy": 0.25}, 5.0)["accuracy"] == 0.25


@pytest.mark.parametrize(
    "text",
    ["complex64", "float32", "float32[23]", "uint8", "uint8[28,28]", "complex64[2,16]", "int32[3]"],
)
def test_every_kind_that_is_offered_can_be_drawn(text: str) -> None:
    from semradio.blocks.api.tag import Tag
    from semradio.flowgraphs.view.feed import Frame
    from semradio.flowgraphs.view.web.wire import packed

    item = ItemType.parse(text)
    for kind in kinds_of(item):
        assert kind in KINDS
        for count in (1, items_of(kind, item)):
            array = (RNG.normal(size=(count, *item.shape)) * 3).astype(item.numpy)
            frame = Frame(1, "a.y", item, 5, 2, [Tag(5, "k", 1)], 0, 0, count, False, array)
            found = Panel(kind, ["a.y"]).shown({"a.y": frame}, {})
            assert found is not None
            header, arrays = found
            assert header["index"] == 5
            message = packed({"panels": [header]}, arrays)
            assert len(message) % 4 == 0
        empty = Frame(1, "a.y", item, 5, 0, [], 0, 0, 0, True, item.empty())
        assert Panel(kind, ["a.y"]).shown({"a.y": empty}, {}) is None


def _numbered(first: int, count: int) -> Array:
    return np.repeat(np.arange(first, first + count), 6).reshape(count, 2, 3)


def test_alignment_finds_the_items_that_were_seen_everywhere() -> None:
    seen = Alignment()
    seen.add("a.x", 100, _numbered(100, 20))
    assert seen.common(["a.x", "b.y"], 4).tolist() == []
    seen.add("b.y", 90, _numbered(90, 13))
    seen.add("a.x", 130, _numbered(130, 5))
    seen.add("b.y", 134, _numbered(134, 9))
    indices = seen.common(["a.x", "b.y"], 4)
    assert indices.tolist() == [100, 101, 102, 134]
    for port in ("a.x", "b.y"):
        assert seen.items(port, indices)[:, 0, 0].tolist() == [100, 101, 102, 134]
    assert seen.common(["a.x", "b.y"], 1).tolist() == [134]


def test_alignment_remembers_a_bounded_number_of_items() -> None:
    seen = Alignment()
    for first in range(0, 100_000, 100):
        seen.add("a.x", first, np.zeros((100, 3), np.uint8))
        seen.add("big.x", first, np.zeros((2, 1 << 10, 1 << 10), np.uint8))
    assert seen.common(["a.x"], 10**6).tolist() == list(range(100_000 - KEPT_ITEMS, 100_000))
    assert len(seen.common(["big.x"], 10**6)) == KEPT_BYTES >> 20


def test_alignment_forgets_the_run_before() -> None:
    seen = Alignment()
    seen.add("a.x", 50_000, _numbered(50_000, 4))
    seen.add("a.x", 0, _numbered(0, 4))
    assert seen.common(["a.x"], 10).tolist() == [0, 1, 2, 3]
