"""Conversions at their edges: rounding, limits, NaN, round trips, and a former name."""

from __future__ import annotations

import numpy as np
import pytest

from semradio.blocks.api import ItemTypeError, find
from semradio.blocks.stream.complex_to_interleaved import ComplexToInterleaved

EDGES = np.array([0.5, 1.5, -0.5, 1e9, -1e9, np.nan, np.inf, -np.inf], np.float32)


@pytest.mark.parametrize(
    ("name", "wanted", "clipped"),
    [
        ("float_to_short", [0, 2, 0, 32767, -32768, 0, 32767, -32768], 5),
        ("float_to_char", [0, 2, 0, 127, -128, 0, 127, -128], 5),
        ("float_to_uchar", [0, 2, 0, 255, 0, 0, 255, 0], 5),
        ("float_to_int", [0, 2, 0, 10**9, -(10**9), 0, 2**31 - 1, -(2**31)], 3),
    ],
)
def test_rounding_and_limits(name: str, wanted: list[int], clipped: int) -> None:
    block = find(name)()
    assert block(EDGES).tolist() == wanted
    assert block.results() == {"clipped": clipped}


@pytest.mark.parametrize("dtype", ["int64", "uint64", "uint32"])
def test_limits_that_no_float_holds(dtype: str) -> None:
    limits = np.iinfo(dtype)
    x = np.array([1e30, -1e30, 2.0**62, 3.0], np.float64)
    wanted = [min(max(int(v), limits.min), limits.max) for v in x.tolist()]
    assert find("cast")(type=dtype)(x).tolist() == wanted


def test_integers_are_cut_off_not_wrapped() -> None:
    x = np.array([-(2**31), -1, 0, 127, 128, 2**31 - 1], np.int32)
    for dtype in ("int8", "uint8", "int16", "uint32", "uint64", "int64"):
        limits = np.iinfo(dtype)
        block = find("cast")(type=dtype)
        assert block(x).tolist() == [min(max(v, limits.min), limits.max) for v in x.tolist()]
        lost = sum(not limits.min <= v <= limits.max for v in x.tolist())
        assert block.results()["clipped"] == lost


def test_complex_values_do_not_become_real_by_a_cast() -> None:
    with pytest.raises(ItemTypeError, match="use complex_to_float, complex_to_mag"):
        find("cast")(type="float32")(np.zeros(3, np.complex64))


@pytest.mark.parametrize(("width", "dtype"), [("short", "int16"), ("char", "int8"),
                                              ("uchar", "uint8")])  # fmt: skip
def test_integers_come_back(width: str, dtype: str) -> None:
    limits = np.iinfo(dtype)
    low = limits.min + (limits.min < 0)
    x = np.arange(low, limits.max + 1)[: 2 * ((limits.max - low) // 2)].astype(dtype)
    y = find(f"interleaved_{width}_to_complex")()(x)
    assert np.abs(y.view(np.float32)).max() <= 1
    assert find(f"complex_to_interleaved_{width}")()(y).tolist() == x.tolist()
    reals = find(f"{width}_to_float")(scale=100.0)(x)
    assert find(f"float_to_{width}")(scale=100.0)(reals).tolist() == x.tolist()


def test_the_former_name_warns() -> None:
    with pytest.warns(FutureWarning, match="'complex_to_real' is called 'complex_to_interleaved'"):
        assert find("complex_to_real") is ComplexToInterleaved
