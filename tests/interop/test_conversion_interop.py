"""Conversions that have GNU Radio's names give what GNU Radio's give."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import HERE, clean_environment

from semradio.blocks.api import find

draw = np.random.default_rng(5)
IQ = (draw.standard_normal(500) + 1j * draw.standard_normal(500)).astype(np.complex64)
REALS = draw.standard_normal(500).astype(np.float32)
SHORTS = draw.integers(-(2**15), 2**15, 500).astype(np.int16)
BYTES = draw.integers(0, 256, 500).astype(np.uint8)
INTS = draw.integers(-(2**31), 2**31, 500).astype(np.int32)

CASES: dict[str, tuple[np.ndarray, dict[str, Any], float]] = {
    "complex_to_float": (IQ, {}, 0),
    "complex_to_imag": (IQ, {}, 0),
    "complex_to_mag": (IQ, {}, 1e-6),
    "complex_to_mag_squared": (IQ, {}, 1e-6),
    # GNU Radio looks the arcus tangent up in a table.
    "complex_to_arg": (IQ, {}, 1e-3),
    "float_to_short": (REALS, {"scale": 2e4}, 0),
    "float_to_char": (REALS, {"scale": 60.0}, 0),
    "float_to_uchar": (REALS, {"scale": 60.0, "bias": 127.5}, 0),
    "float_to_int": (REALS, {"scale": 1e6}, 0),
    "short_to_float": (SHORTS, {"scale": 300.0}, 1e-5),
    "int_to_float": (INTS, {"scale": 300.0}, 1.0),
    "char_to_float": (BYTES.view(np.int8), {"scale": 30.0}, 1e-6),
    "interleaved_short_to_complex": (SHORTS, {"scale": 300.0}, 2e-5),
    "interleaved_char_to_complex": (BYTES.view(np.int8), {"scale": 30.0}, 1e-6),
    "complex_to_interleaved_short": (IQ, {"scale": 2e4}, 0),
    "complex_to_interleaved_char": (IQ, {"scale": 60.0}, 0),
}


@pytest.fixture(scope="module")
def theirs(gnuradio: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    folder = tmp_path_factory.mktemp("conversions")
    np.savez(folder / "in.npz", iq=IQ, reals=REALS, shorts=SHORTS, bytes=BYTES, ints=INTS)
    subprocess.run(
        [gnuradio, str(HERE / "conversion_peer.py"), folder / "in.npz", folder / "out.npz"],
        check=True, env=clean_environment(), timeout=120, capture_output=True,
    )  # fmt: skip
    return dict(np.load(Path(folder / "out.npz")))


@pytest.mark.parametrize("name", CASES)
def test_it_agrees(name: str, theirs: dict[str, np.ndarray]) -> None:
    x, parameters, atol = CASES[name]
    y = find(name)(**parameters)(x)
    y = y[0] if isinstance(y, tuple) else y
    if y.dtype == np.int8:
        y = y.view(np.uint8)
    np.testing.assert_allclose(y, theirs[name], rtol=0, atol=atol)
