"""How IQ samples stand in files of other programs: the format by its name or the file's ending."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from semradio.blocks.api import Array, ParameterError
from semradio.blocks.media.wav_chunks import FLOATS, INTEGERS
from semradio.blocks.radio.sample_format import widened

ENDINGS = {
    ".cu8": "cu8", ".cs8": "cs8", ".cs16": "cs16", ".cf32": "cf32",
    # GNU Radio, inspectrum
    ".cfile": "cf32", ".fc32": "cf32", ".sc16": "cs16", ".sc8": "cs8", ".cf64": "cf64",
    # SigMF's words, GQRX and Universal Radio Hacker
    ".ci8": "cs8", ".ci16": "cs16", ".c64": "cf32", ".complex": "cf32",
    ".complex16u": "cu8", ".complex16s": "cs8", ".complex32s": "cs16",
}  # fmt: skip
"""Ending of a file's name -> format."""


@dataclass(frozen=True, slots=True)
class IqFormat:
    """One way to write a sample: two numbers v, which stand for (v - middle) / full."""

    name: str
    rail: np.dtype[Any]
    full: float = 1.0
    middle: float = 0.0

    @property
    def nbytes(self) -> int:
        """Bytes of one sample."""
        return 2 * self.rail.itemsize

    def decode(self, raw: Array) -> Array:
        """Return the samples, complex64[n], that bytes, uint8[n * nbytes], stand for."""
        values = widened(raw).view("<i4") if self.name == "cs24" else raw.view(self.rail)
        if self.rail.kind == "f":
            return values.astype(np.float32, copy=False).view(np.complex64)
        wide = np.dtype(np.float64 if values.dtype.itemsize == 4 else np.float32)
        rails = (values.astype(wide) - wide.type(self.middle)) * wide.type(1 / self.full)
        return rails.astype(np.float32, copy=False).view(np.complex64)

    def encode(self, x: Array) -> tuple[Array, int]:
        """Return the bytes of samples, complex64[n], and how many went beyond full scale."""
        rails = np.ascontiguousarray(x).view(np.float32)
        if self.rail.kind == "f":
            return rails.astype(self.rail, copy=False).view(np.uint8), 0
        limits = np.iinfo(self.rail)
        beyond = ~(np.abs(rails) <= 1)
        scaled = np.rint(np.nan_to_num(rails, nan=0.0).astype(np.float64) * self.full + self.middle)
        whole = np.clip(scaled, limits.min, limits.max).astype(self.rail)
        return whole.view(np.uint8), int(beyond.reshape(-1, 2).any(axis=1).sum())


FORMATS = {
    # RTL-SDR's converter has its middle between two values.
    "cu8": IqFormat("cu8", np.dtype("u1"), 127.5, 127.5),
    "cs8": IqFormat("cs8", np.dtype("i1"), 128.0),
    "cs16": IqFormat("cs16", np.dtype("<i2"), 32768.0),
    "cf32": IqFormat("cf32", np.dtype("<f4")),
    "cf64": IqFormat("cf64", np.dtype("<f8")),
}

WAV_FORMATS = {
    (INTEGERS, 8): IqFormat("cu8", np.dtype("u1"), 128.0, 128.0),
    (INTEGERS, 16): FORMATS["cs16"],
    # Read as the upper bytes of 32 bits.
    (INTEGERS, 24): IqFormat("cs24", np.dtype("V3"), 2.0**31),
    (INTEGERS, 32): IqFormat("cs32", np.dtype("<i4"), 2.0**31),
    (FLOATS, 32): FORMATS["cf32"],
    (FLOATS, 64): FORMATS["cf64"],
}
"""By the kind and bits of a WAV file."""


def raw_format(path: Path, name: str | None) -> IqFormat:
    """Return the format of a raw file: as it is named, or by the file's ending."""
    found = name or ENDINGS.get(path.suffix.lower())
    if found is None:
        raise ParameterError(
            f"parameter 'format' is required: the ending of '{path}' does not tell it; formats: "
            f"{', '.join(FORMATS)}; endings: {', '.join(ENDINGS)}",
            "format",
        )
    return FORMATS[found]
