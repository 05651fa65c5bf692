"""How samples stand in a file: SigMF's data types, and the way to and from floats."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from semradio.blocks.api import Array

_SYNTAX = re.compile(r"([cr])([fiu])(8|16|32|64)(?:_(le|be))?")


def widened(raw: Array) -> Array:
    """Return little-endian integers of 24 bits as the upper bytes of such of 32: their bytes."""
    wide = np.zeros((len(raw) // 3, 4), np.uint8)
    wide[:, 1:] = raw.reshape(-1, 3)
    return wide.reshape(-1)


@dataclass(frozen=True, slots=True)
class SampleFormat:
    """One data type, such as ``ci16_le``: two (complex) or one (real) values for each sample.

    Integers of b bits stand for v / 2^(b - 1), unsigned ones for (v - 2^(b - 1)) / 2^(b - 1), as
    in the package ``sigmf``: full scale is 1.0 on each rail.
    """

    text: str
    is_complex: bool
    rail: np.dtype[Any]
    """The dtype of one value, I or Q, in the byte order of the file."""

    @classmethod
    def parse(cls, text: str) -> SampleFormat:
        """Read a data type; ValueError if SigMF does not know it."""
        found = _SYNTAX.fullmatch(text)
        if found is None or (found[2], found[3]) in (("f", "8"), ("f", "16")):
            raise ValueError(f"'{text}' is not a data type such as cf32_le or ci16_le")
        kind, bits, order = found[2], int(found[3]), found[4]
        if kind != "f" and bits == 64:
            raise ValueError(f"'{text}': integers have at most 32 bits")
        if bits > 8 and order is None:
            raise ValueError(f"'{text}' lacks its byte order: {text}_le or {text}_be")
        rail = np.dtype(f"{'>' if order == 'be' else '<'}{kind}{bits // 8}")
        return cls(text, found[1] == "c", rail)

    @property
    def item(self) -> str:
        """The dtype that a stream of such samples has."""
        return "complex64" if self.is_complex else "float32"

    @property
    def nbytes(self) -> int:
        """Bytes of one sample."""
        return self.rail.itemsize * (2 if self.is_complex else 1)

    @property
    def _half(self) -> float:
        """Full scale of an integer."""
        return float(2 ** (8 * self.rail.itemsize - 1))

    def decode(self, raw: Array) -> Array:
        """Turn the bytes of n samples, uint8[n * nbytes], to complex64[n] or float32[n]."""
        values = raw.view(self.rail)
        if self.rail.kind == "f":
            y = values.astype(np.float32, copy=False)
        else:
            # A float32 does not hold every 32-bit integer.
            wide = np.dtype(np.float64 if self.rail.itemsize == 4 else np.float32)
            middle = self._half if self.rail.kind == "u" else 0.0
            scaled = (values.astype(wide) - wide.type(middle)) * wide.type(1 / self._half)
            y = scaled.astype(np.float32, copy=False)
        return y.view(np.complex64) if self.is_complex else y

    def encode(self, x: Array) -> tuple[Array, int]:
        """Turn complex64 or float32 values of any shape to the bytes that stand for them.

        Returns:
            uint8[values * nbytes], and how many samples went beyond full scale: integers hold
            the limit for them.
        """
        values = np.ascontiguousarray(x).reshape(-1).view(np.float32)
        if self.rail.kind == "f":
            return values.astype(self.rail, copy=False).view(np.uint8), 0
        # A double holds every 32-bit integer; a float32 would round its limit up, out of range.
        scaled = np.rint(values * np.float64(self._half))
        limits = np.iinfo(self.rail)
        if self.rail.kind == "u":
            scaled += self._half
        # Not a number has no integer; silence is the least harm, and it is counted.
        beyond = ~(np.abs(values) <= 1)
        scaled = np.where(np.isnan(scaled), self._half * (self.rail.kind == "u"), scaled)
        whole = np.clip(scaled, limits.min, limits.max).astype(self.rail)
        clipped = beyond.reshape(-1, 2).any(axis=1) if self.is_complex else beyond
        return whole.view(np.uint8), int(clipped.sum())
