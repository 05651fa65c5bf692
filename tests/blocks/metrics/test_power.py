"""Signal power and power ratio against loops over values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from semradio.blocks.api import BlockError, ItemTypeError
from semradio.blocks.metrics.power_ratio import PowerRatio
from semradio.blocks.metrics.signal_power import SignalPower

CUTS = (None, 1, 7, 64)


def _signal(dtype: str, *shape: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    x = random.standard_normal(shape) + 1j * random.standard_normal(shape)
    return (x if dtype.startswith("complex") else x.real).astype(dtype)


def _power(item: np.ndarray) -> float:
    return math.fsum(abs(complex(v)) ** 2 for v in np.atleast_1d(item).ravel())


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("item", [(), (23,), (2, 3)])
@pytest.mark.parametrize("chunk", CUTS)
def test_signal_power(dtype, item, chunk):
    x = _signal(dtype, 100, *item)
    found = SignalPower()(x, chunk=chunk)
    powers = [_power(v) for v in x]
    mean = math.fsum(powers) / 100
    assert found["items"] == 100
    assert found["power"] == pytest.approx(mean, rel=1e-7)
    assert found["power_db"] == pytest.approx(10 * math.log10(mean), abs=1e-6)
    assert found["peak"] == pytest.approx(max(powers), rel=1e-6)
    assert found["papr_db"] == pytest.approx(10 * math.log10(max(powers) / mean), abs=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
@pytest.mark.parametrize("chunk", CUTS)
def test_power_ratio(dtype, chunk):
    r = _signal(dtype, 90, 23)
    m = r + np.float32(0.3) * _signal(dtype, 90, 23, seed=1)
    found = PowerRatio()(r, m, chunk=chunk)
    change, before, after = (math.fsum(map(_power, x)) / 90 for x in (m - r, r, m))
    assert found["items"] == 90
    assert found["psr_db"] == pytest.approx(10 * math.log10(change / before), abs=1e-6)
    assert found["reference_power"] == pytest.approx(before, rel=1e-6)
    assert found["modified_power"] == pytest.approx(after, rel=1e-6)
    assert found["power_gain_db"] == pytest.approx(10 * math.log10(after / before), abs=1e-6)


def test_every_cut_agrees_to_nine_digits():
    r, m = _signal("float32", 5000, 23), _signal("float32", 5000, 23, seed=1)
    for chunk in (1, 13, 4999):
        for block, signals in ((SignalPower(), [r]), (PowerRatio(), [r, m])):
            whole, cut = block(*signals), block(*signals, chunk=chunk)
            assert cut == {k: pytest.approx(v, rel=1e-12) for k, v in whole.items()}


def test_what_has_no_decibels_is_null():
    zero, one = np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32)
    assert SignalPower()(zero) == {
        "items": 2,
        "power": 0.0,
        "power_db": None,
        "peak": 0.0,
        "papr_db": None,
    }
    assert PowerRatio()(one, one)["psr_db"] is None
    assert PowerRatio()(zero, one) == {
        "items": 2,
        "psr_db": None,
        "reference_power": 0.0,
        "modified_power": 3.0,
        "power_gain_db": None,
    }
    assert set(SignalPower()(zero[:0]).values()) == {0, None}
    assert set(PowerRatio()(zero[:0], one[:0]).values()) == {0, None}


def test_nan_names_the_input_and_the_item():
    r, m = _signal("complex64", 20, 2), _signal("complex64", 20, 2)
    m[11, 0] = complex(1, np.nan)
    with pytest.raises(BlockError, match=r"input 'modified' carries NaN .* first at item 11$"):
        PowerRatio()(r, m, chunk=6)
    with pytest.raises(BlockError, match=r"input 'x' carries NaN .* first at item 11$"):
        SignalPower()(m, chunk=6)


def test_both_signals_are_of_one_type():
    with pytest.raises(ItemTypeError, match="must have the type of input 'reference'"):
        PowerRatio()(_signal("float32", 2, 3), _signal("complex64", 2, 3))
