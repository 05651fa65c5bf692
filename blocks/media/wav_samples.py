"""How samples of sound stand in a WAV file, and the way to and from float32."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semradio.blocks.api import Array
from semradio.blocks.media.wav_chunks import FLOATS, INTEGERS
from semradio.blocks.radio.sample_format import SampleFormat, widened


@dataclass(frozen=True, slots=True)
class WavSamples:
    """One way to write a sample.

    What is read is v / 2^(b - 1) of an integer of b bits; a sample x is written as the nearest
    integer to x (2^(b - 1) - 1), so that 1.0 is the largest one. Both are GNU Radio's.
    """

    kind: int
    bits: int

    @property
    def nbytes(self) -> int:
        """Bytes of one sample of one channel."""
        return self.bits // 8

    def decode(self, raw: Array) -> Array:
        """Return the samples, float32[n], that bytes, uint8[n * nbytes], stand for."""
        if self.bits == 24:
            raw = widened(raw)
        return _READ[self.kind, self.bits].decode(raw)

    def encode(self, x: Array) -> tuple[Array, int]:
        """Return the bytes of samples, float32[n], and how many went beyond full scale."""
        if self.kind == FLOATS:
            return x.astype(f"<f{self.nbytes}").view(np.uint8), 0
        top = 2 ** (self.bits - 1) - 1
        # In float32, as GNU Radio does it: the product of a 32-bit integer is rounded, too.
        scaled = np.rint(x * np.float32(top)).astype(np.float64)
        beyond = ~(np.abs(x) <= 1)
        # Not a number has no integer; silence is the least harm, and it is counted.
        whole = np.clip(np.nan_to_num(scaled, nan=0.0), -top - 1, top)
        if self.bits == 8:
            raw = (whole + 128).astype(np.uint8)
        else:
            raw = whole.astype("<i4").view(np.uint8).reshape(-1, 4)[:, : self.nbytes].reshape(-1)
        return raw, int(beyond.sum())


_READ = {
    (INTEGERS, 8): SampleFormat.parse("ru8"),
    (INTEGERS, 16): SampleFormat.parse("ri16_le"),
    (INTEGERS, 24): SampleFormat.parse("ri32_le"),
    (INTEGERS, 32): SampleFormat.parse("ri32_le"),
    (FLOATS, 32): SampleFormat.parse("rf32_le"),
    (FLOATS, 64): SampleFormat.parse("rf64_le"),
}

FORMATS = {
    f"{'f' if kind == FLOATS else 'u' if bits == 8 else 's'}{bits}": WavSamples(kind, bits)
    for kind, bits in _READ
}
"""By name: u8, s16, s24, s32, f32, f64."""
