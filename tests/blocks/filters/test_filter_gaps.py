"""After a known loss a filter begins anew, and its outputs are at their place in time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from semradio.blocks.analog.fm_deemphasis import FmDeemphasis
from semradio.blocks.analog.quadrature_demod import QuadratureDemod
from semradio.blocks.api import Array, Block, ItemType, Tag, find
from semradio.blocks.api.harness import Harness
from semradio.blocks.filters.arbitrary_resampler import ArbitraryResampler
from semradio.blocks.filters.fir_filter import FirFilter

LOSSES = [(0, 3), (501, 70), (577, 1), (1900, 1000)]
"""(first lost sample, how many)."""

SIZE = 4000
X = (np.random.default_rng(1).standard_normal((SIZE, 2)) @ [1, 1j]).astype(np.complex64)


def lossy(x: Array) -> tuple[Array, list[Tag]]:
    keep, tags, before = np.ones(len(x), bool), [], 0
    for first, count in LOSSES:
        keep[first : first + count] = False
        tags.append(Tag(first - before, "gap", count))
        before += count
    return x[keep], tags


def put_through(block: Block, x: Array, tags: list[Tag], chunk: int) -> tuple[Array, list[Tag]]:
    with Harness(block, {"x": ItemType.of(x)}) as harness:
        for start in range(0, len(x), chunk):
            now = [tag for tag in tags if start <= tag.index < start + chunk]
            harness.push(x[start : start + chunk], tags=now)
        harness.end()
        return harness.outputs()[0], harness.tags()[0]


def stretches() -> list[tuple[int, int]]:
    """The stretches of samples that are there."""
    ends = [first for first, _ in LOSSES[1:]] + [SIZE]
    return [(first + n, end) for (first, n), end in zip(LOSSES, ends, strict=True)]


def alone(block: Block, begin: int, end: int) -> Array:
    """What a block gives for a stretch of the signal with zeros before it."""
    return np.asarray(block(np.concatenate([np.zeros(begin, X.dtype), X[begin:end]])))


TAPS, LONG = np.hanning(43).tolist(), np.hanning(701).tolist()


@pytest.mark.parametrize("chunk", [SIZE, 333, 7])
@pytest.mark.parametrize(
    "parameters",
    [
        {"taps": TAPS},
        {"taps": TAPS, "decimation": 8},
        {"taps": TAPS, "interpolation": 3, "decimation": 7},
        {"taps": TAPS, "interpolation": 4},
        {"taps": LONG},
        {"taps": LONG, "method": "fft", "decimation": 5},
    ],
)
def test_what_follows_a_loss_is_a_signal_of_its_own(parameters: dict[str, Any], chunk: int) -> None:
    up, down = parameters.get("interpolation", 1), parameters.get("decimation", 1)
    want, gaps, missing, last = [], [], 0, 0
    for begin, end in stretches():
        first, stop = -(-begin * up // down), -(-end * up // down)
        gaps.append(Tag(first - missing - (first - last), "gap", first - last))
        missing += first - last
        want.append(alone(FirFilter(**parameters), begin, end)[first:stop])
        last = stop
    x, tags = lossy(X)
    y, told = put_through(FirFilter(**parameters, tag_delay=3), x, tags, chunk)
    assert y.shape == np.concatenate(want).shape
    np.testing.assert_allclose(y, np.concatenate(want), atol=2e-4)
    assert told == gaps
    whole, same = put_through(FirFilter(**parameters, tag_delay=3), x, tags, len(x))
    np.testing.assert_array_equal(y, whole)
    assert told == same


@pytest.mark.parametrize("chunk", [SIZE, 333, 7])
@pytest.mark.parametrize("rate", [0.37, 1.7])
def test_an_arbitrary_rate_keeps_its_times(rate: float, chunk: int) -> None:
    want, values, last = [], [], 0
    for begin, end in stretches():
        first, stop = (int(np.ceil(n * rate - 1e-9)) for n in (begin, end))
        values.append(first - last)
        want.append(alone(ArbitraryResampler(rate=rate), begin, end)[first:stop])
        last = stop
    x, tags = lossy(X)
    y, told = put_through(ArbitraryResampler(rate=rate), x, tags, chunk)
    assert [tag.value for tag in told] == values
    np.testing.assert_allclose(y, np.concatenate(want), atol=1e-5)
    places = np.cumsum([0, *(len(part) for part in want[:-1])])
    assert [tag.index for tag in told] == places.tolist()


def test_one_may_ask_to_go_on() -> None:
    x, tags = lossy(X)
    y, told = put_through(FirFilter(taps=TAPS, after_gap="continue"), x, tags, 100)
    np.testing.assert_array_equal(y, FirFilter(taps=TAPS)(x))
    assert told == tags


def test_any_other_value_is_a_users_own() -> None:
    tags = [Tag(50, "gap", None), Tag(60, "gap", "three")]
    y, told = put_through(FirFilter(taps=TAPS), X, tags, 77)
    np.testing.assert_array_equal(y, FirFilter(taps=TAPS)(X))
    assert told == tags


def test_a_detector_and_a_recursive_filter_begin_anew() -> None:
    x, tags = lossy(X)
    kept = np.split(x, [tag.index for tag in tags[1:]])
    y, _ = put_through(QuadratureDemod(), x, tags, 37)
    want = np.concatenate([QuadratureDemod()(part) for part in kept])
    np.testing.assert_allclose(y, want, atol=1e-6)
    y, _ = put_through(FmDeemphasis(sample_rate=48e3), x.real.copy(), tags, 37)
    want = np.concatenate([FmDeemphasis(sample_rate=48e3)(part.real.copy()) for part in kept])
    np.testing.assert_array_equal(y, want)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("rational_resampler", {"interpolation": 3, "decimation": 16}),
        ("dc_blocker", {}),
        ("correlate", {"sequence": [1.0, -1.0, 1.0], "normalise": True}),
    ],
)
def test_the_others_of_the_kind(name: str, parameters: dict[str, Any]) -> None:
    x, tags = lossy(X)
    whole, told = put_through(find(name)(**parameters), x, tags, len(x))
    for chunk in (1, 500):
        y, same = put_through(find(name)(**parameters), x, tags, chunk)
        np.testing.assert_array_equal(y, whole)
        assert told == same
    assert [tag.key for tag in told] == ["gap"] * 4
