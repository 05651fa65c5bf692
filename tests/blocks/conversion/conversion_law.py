"""The blocks of ``conversion`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

import numpy as np
from law_case import ROUNDED, Case, Cases
from law_inputs import IQ, MORE, REALS

from semradio.blocks.api import Array

rng = np.random.default_rng(20260301)

SHORTS = rng.integers(-(2**15), 2**15, 150).astype(np.int16)
CHARS = rng.integers(-128, 128, 150).astype(np.int8)
BYTES = rng.integers(0, 256, 150).astype(np.uint8)
INTS = rng.integers(-(2**31), 2**31, 150).astype(np.int32)


def pairs(x: Array, offset: float, scale: float) -> Array:
    y = (x.astype(np.float64) - offset) / scale
    return (y[::2] + 1j * y[1::2]).astype(np.complex64)


def interleaved(x: Array, scale: float, offset: float, dtype: str) -> Array:
    rails = np.stack([x.real, x.imag], 1).reshape(-1) * np.float32(scale) + np.float32(offset)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(rails), limits.min, limits.max).astype(dtype)


CASES: Cases = {
    "cast": [
        Case(
            {"type": "int16"},
            [REALS * 30_000],
            np.clip(np.rint(REALS * 30_000), -32768, 32767).astype(np.int16),
        ),
        Case({"type": "complex128"}, [IQ], IQ.astype(np.complex128)),
        Case({"type": "uint8"}, [SHORTS], np.clip(SHORTS, 0, 255).astype(np.uint8)),
    ],
    "complex_to_float": [Case({}, [IQ], (IQ.real.copy(), IQ.imag.copy()))],
    "complex_to_imag": [Case({}, [IQ.reshape(30, 5)], IQ.imag.reshape(30, 5).copy())],
    "complex_to_mag": [Case({}, [IQ], np.abs(IQ), ROUNDED)],
    "complex_to_mag_squared": [Case({}, [IQ], IQ.real**2 + IQ.imag**2)],
    "complex_to_arg": [Case({}, [IQ], np.angle(IQ), ROUNDED)],
    "float_to_complex": [
        Case({}, [REALS, MORE], REALS + np.complex64(1j) * MORE),
        Case({}, [REALS, None], REALS.astype(np.complex64)),
    ],
    "float_to_short": [Case({"scale": 1e4}, [REALS])],
    "float_to_char": [Case({"scale": 50.0}, [REALS])],
    "float_to_uchar": [Case({"scale": 50.0, "bias": 127.5}, [REALS])],
    "float_to_int": [Case({"scale": 1e9}, [REALS])],
    "short_to_float": [Case({"scale": 32768.0}, [SHORTS], SHORTS.astype(np.float32) / 32768)],
    "char_to_float": [Case({}, [CHARS], CHARS.astype(np.float32))],
    "uchar_to_float": [
        Case(
            {"bias": 127.5, "scale": 127.5},
            [BYTES],
            (BYTES.astype(np.float32) - np.float32(127.5)) / np.float32(127.5),
        )
    ],
    "int_to_float": [Case({}, [INTS], INTS.astype(np.float32))],
    "interleaved_short_to_complex": [Case({}, [SHORTS], pairs(SHORTS, 0, 32767.0), ROUNDED)],
    "interleaved_char_to_complex": [Case({"scale": 1.0}, [CHARS], pairs(CHARS, 0, 1.0))],
    "interleaved_uchar_to_complex": [Case({}, [BYTES], pairs(BYTES, 127.5, 127.5), ROUNDED)],
    "complex_to_interleaved_short": [
        Case({"scale": 2e4}, [IQ], interleaved(IQ, 2e4, 0, "int16")),
    ],
    "complex_to_interleaved_char": [Case({}, [IQ / 4], interleaved(IQ / 4, 127.0, 0, "int8"))],
    "complex_to_interleaved_uchar": [
        Case({}, [IQ / 2], interleaved(IQ / 2, 127.5, 127.5, "uint8")),
    ],
}
