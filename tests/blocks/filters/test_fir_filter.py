"""fir_filter and dc_blocker against SciPy in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.signal

from semradio.blocks.api import Array, ItemType, ParameterError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.filters.dc_blocker import DcBlocker
from semradio.blocks.filters.fir_filter import FirFilter
from semradio.blocks.filters.overlap_save import OverlapSave
from semradio.blocks.filters.tap_matrix import TapMatrix


def signal(n: int, *, real: bool = False) -> Array:
    draw = np.random.default_rng(n).standard_normal((n, 2))
    return draw[:, 0].astype(np.float32) if real else (draw @ [1, 1j]).astype(np.complex64)


def filtered(taps: Array, x: Array, up: int, down: int) -> Array:
    """What SciPy gives in double precision, as many as begin within the stream."""
    count = -(-len(x) * up // down)
    y = scipy.signal.upfirdn(taps, x.astype(np.complex128), up, down)[:count]
    return np.append(y, np.zeros(count - len(y)))


@pytest.mark.parametrize("size", [1, 2, 64, 161, 321, 700])
@pytest.mark.parametrize(("up", "down"), [(1, 1), (1, 4), (5, 1), (8, 6), (1, 100)])
@pytest.mark.parametrize("kind", ["real", "complex", "real signal", "complex taps"])
def test_equals_scipy(size: int, up: int, down: int, kind: str) -> None:
    draw = np.random.default_rng(size).standard_normal((size, 2)) / np.sqrt(size)
    twisted = kind in ("complex", "complex taps")
    taps = draw @ [1, 1j] if twisted else draw[:, 0]
    given: list[Any] = [str(t) for t in taps] if twisted else taps.tolist()
    x = signal(5001, real=kind in ("real signal", "complex taps"))
    block = FirFilter(taps=given, interpolation=up, decimation=down)
    y = block(x, chunk=2000)
    want = filtered(taps, x, up, down)
    assert y.dtype == (np.float32 if kind == "real signal" else np.complex64)
    assert y.shape == want.shape
    assert np.abs(y - want).max() < 4e-6
    long = up == 1 and size / down > (160 if twisted else 320)
    assert isinstance(block.kernel, OverlapSave if long else TapMatrix)


@pytest.mark.parametrize("method", ["direct", "fft"])
@pytest.mark.parametrize("size", [5, 90, 700])
def test_both_methods_give_the_same(method: str, size: int) -> None:
    taps = np.random.default_rng(size).standard_normal(size) / size
    x = signal(20_000)
    y = FirFilter(taps=taps.tolist(), method=method, decimation=2)(x)
    assert np.abs(y - filtered(taps, x, 1, 2)).max() < 1e-6


def test_the_cut_changes_no_bit_of_a_long_stream() -> None:
    x = signal(30_000)
    for taps in (np.hanning(31), np.hanning(999)):
        made = [FirFilter(taps=taps.tolist())(x, chunk=c) for c in (30_000, 8192, 4999, 97)]
        for y in made[1:]:
            np.testing.assert_array_equal(made[0], y)


def test_designed_filters_pass_and_stop_what_they_should() -> None:
    n = np.arange(6000)

    def level(frequency: float, **design: Any) -> float:
        x = np.cos(2 * np.pi * frequency * n).astype(np.float32)
        y = FirFilter(**design)(x)[2000:]
        return float(20 * np.log10(np.sqrt(2 * np.mean(y.astype(np.float64) ** 2))))

    low: dict[str, Any] = {"design": "low_pass", "cutoff": 0.1, "transition": 0.02}
    assert level(0.05, **low) == pytest.approx(0, abs=0.05)
    assert level(0.1, **low) == pytest.approx(-6, abs=0.2)
    assert level(0.12, **low) < -50
    high = low | {"design": "high_pass", "gain": 2.0}
    assert level(0.2, **high) == pytest.approx(20 * np.log10(2), abs=0.05)
    assert level(0.08, **high) < -44
    band: dict[str, Any] = {"low": 0.1, "high": 0.2, "transition": 0.02, "window": "blackman"}
    assert level(0.15, design="band_pass", **band) == pytest.approx(0, abs=0.02)
    assert level(0.07, design="band_pass", **band) < -68
    assert level(0.15, design="band_reject", **band) < -68
    assert level(0.3, design="band_reject", **band) == pytest.approx(0, abs=0.02)


def test_two_root_raised_cosines_leave_no_interference() -> None:
    taps = FirFilter(
        design="root_raised_cosine", sample_rate=4.0, symbol_rate=1.0, num_taps=161
    ).taps_in_use
    pulse = np.convolve(taps, taps)
    middle = len(pulse) // 2
    symbols = pulse[middle % 4 :: 4] / pulse[middle]
    assert np.sort(np.abs(symbols))[-2] < 2e-3


def test_nan_and_infinity_stay_where_the_taps_reach() -> None:
    x = signal(1000, real=True)
    x[300], x[500] = np.nan, np.inf
    taps = [1.0, 0.0, 2.0]
    for block in (FirFilter(taps=taps), FirFilter(taps=taps, method="fft")):
        y = block(x)
        bad = np.flatnonzero(~np.isfinite(y))
        assert bad.tolist() == [300, 301, 302, 500, 501, 502]
        good = np.where(np.isfinite(x), x, 0)
        want = filtered(np.array(taps), good, 1, 1).real
        keep = np.isfinite(y)
        np.testing.assert_allclose(y[keep], want[keep], atol=1e-5)


@pytest.mark.parametrize(("up", "down"), [(1, 1), (1, 10), (3, 2), (7, 1)])
def test_tags_move_with_the_rate(up: int, down: int) -> None:
    places = [0, 1, 4, 5, 6, 99]
    block = FirFilter(taps=[1.0] * 9, interpolation=up, decimation=down, tag_delay=4)
    x = signal(300)
    with Harness(block, {"x": ItemType.of(x)}) as harness:
        harness.push(x, tags=[Tag(i, "a", i) for i in places])
        harness.end()
        found = {tag.value: tag.index for tag in harness.tags()[0]}
    assert found == {i: int(np.floor(i * up / down + 0.5)) + 4 for i in places}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "'taps' must hold at least one number"),
        ({"taps": ["x"]}, "'taps' must hold finite numbers, such as 0.5 or '1-2j'"),
        ({"taps": ["nan"]}, "'taps' must hold finite numbers"),
        ({"taps": [1.0], "decimation": 0}, "'decimation' must be 1 to 65536, not 0"),
        ({"taps": [1.0], "interpolation": 0}, "'interpolation' must be 1 to 4096, not 0"),
        ({"taps": [1.0], "interpolation": 2, "method": "fft"}, "only where the rate is not interp"),
        ({"taps": [1.0], "cutoff": 0.1}, "design 'taps' does not use parameter 'cutoff'"),
        ({"design": "low_pass"}, "design 'low_pass' needs parameter 'cutoff'"),
        (
            {"design": "low_pass", "cutoff": 30e3, "transition": 1e3, "sample_rate": 48e3},
            "'cutoff' must be at most half the sample rate, 24000 Hz, not 30000 Hz",
        ),
        (
            {"design": "band_pass", "low": 0.3, "high": 0.2, "transition": 0.1},
            "'low' must be below 'high', 0.2 Hz, not 0.3 Hz",
        ),
        (
            {"design": "low_pass", "cutoff": 0.1, "transition": 1e-9},
            "'transition' of 1e-09 Hz would need .* taps; at least",
        ),
        ({"design": "low_pass", "cutoff": 0.1, "transition": 0}, "'transition' must be above 0"),
        ({"design": "low_pass", "taps": [1.0], "cutoff": 0.1, "transition": 0.1}, "its own taps"),
        (
            {"design": "root_raised_cosine", "symbol_rate": 0.7},
            "'symbol_rate' must be at most half the sample rate, 0.5 Hz",
        ),
        ({"design": "lowpass"}, "'design' must be"),
    ],
)
def test_errors(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        FirFilter(**parameters)


@pytest.mark.parametrize(("long_form", "delay"), [(True, 62), (False, 31)])
def test_dc_blocker(long_form: bool, delay: int) -> None:
    n = np.arange(4000)
    tone = np.exp(0.4j * n)
    x = (tone + (3 - 2j)).astype(np.complex64)
    y = DcBlocker(length=32, long_form=long_form)(x)
    # Behind its start nothing is left of the mean, and the rest comes later, but for the tail.
    want = tone[: 4000 - delay]
    error = y[delay:][200:] - want[200:]
    assert np.abs(np.mean(y[400:])) < 1e-3
    assert np.abs(error).max() < (0.01 if long_form else 0.02)


@pytest.mark.parametrize(
    ("old", "new"), [(9, 31), (31, 9), (9, 500), (500, 9), (500, 800), (500, 1200)]
)
@pytest.mark.parametrize("chunk", [50, 777, 5000])
def test_a_live_change_of_the_taps(old: int, new: int, chunk: int) -> None:
    x = signal(20_000)
    at = 10_000 - 10_000 % chunk
    before, after = (np.hanning(n + 2)[1:-1] for n in (old, new))
    block = FirFilter(taps=before.tolist(), decimation=2, name="f")
    with Harness(block, {"x": ItemType.of(x)}) as harness:
        for start in range(0, at, chunk):
            harness.push(x[start : start + chunk])
        first = harness.change({"taps": after.tolist()})
        for start in range(at, len(x), chunk):
            harness.push(x[start : start + chunk])
        harness.end()
        (y,), (tags,) = harness.outputs(), harness.tags()
    assert first == tags[0].index <= at // 2
    kept = max(old, new) // 2 + 1
    want = np.r_[filtered(before, x, 1, 2)[:first], filtered(after, x, 1, 2)[first:]]
    assert y.shape == want.shape
    # A filter that has grown meets zeros until its own length has come.
    settled = np.r_[0:first, first + kept * (new > old) : len(y)]
    np.testing.assert_allclose(y[settled], want[settled], atol=1e-4)


def test_a_live_change_of_the_design_and_what_it_may_not_do() -> None:
    x = signal(3000, real=True)
    block = FirFilter(taps=[1.0])
    with Harness(block, {"x": ItemType.of(x)}) as harness:
        harness.push(x)
        with pytest.raises(ParameterError, match="stream of float32 into one of complex64"):
            harness.change({"taps": ["1j"]})
        with pytest.raises(ParameterError, match="'decimation' of block 'fir_filter' is not live"):
            harness.change({"decimation": 2})
        harness.change({"taps": [0.5]})
        harness.push(x)
        harness.end()
        np.testing.assert_allclose(harness.outputs()[0], np.r_[x, x / 2], rtol=1e-6)
