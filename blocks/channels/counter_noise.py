"""Gaussian noise addressed by counter: sample i is a function of (seed, stream name, i) alone.

However a stream is cut, whoever draws, on whichever process: the same sample. The generator is
Philox4x64-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), whose
counter is set instead of its state being carried on; the transform is Box-Muller, which spends
one 64-bit word for two samples, always.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_PER_STEP = 8
"""Samples per counter step: Philox gives four 64-bit words, each makes two samples."""

_AHEAD = 16384
"""Samples drawn at once where fewer are asked for; a multiple of _PER_STEP."""

_MOST = 32768
"""Samples drawn at once at most: more no longer fit into the caches."""


class CounterNoise:
    """A stream of independent standard normal samples, readable from any index.

    Args:
        seed: any integer.
        stream: name of the stream; different names give independent noise.
    """

    def __init__(self, seed: int, stream: str) -> None:
        digest = hashlib.blake2b(f"{seed}/{stream}".encode(), digest_size=16).digest()
        key = np.frombuffer(digest, np.uint64)
        self._philox = np.random.Philox(key=key)
        self._state = self._philox.state
        self._cache = np.empty(0, np.float32)
        self._cache_at = 0

    def normal(self, index: int, count: int) -> Floats:
        """Return samples ``index`` to ``index + count - 1``, float32[count], mean 0, variance 1."""
        start = index - self._cache_at
        if start >= 0 and start + count <= len(self._cache):
            return self._cache[start : start + count]
        first = index - index % _PER_STEP
        length = -(-(index + count - first) // _PER_STEP) * _PER_STEP
        if length < _AHEAD:
            cache = np.empty(_AHEAD, np.float32)
            self._draw(first, cache)
            self._cache, self._cache_at = cache, first
            return self._cache[index - first : index - first + count]
        samples = np.empty(length, np.float32)
        for start in range(0, length, _MOST):
            self._draw(first + start, samples[start : start + _MOST])
        return samples[index - first : index - first + count]

    def _draw(self, first: int, samples: Floats) -> None:
        """Draw samples from ``first`` on; it and their number are multiples of _PER_STEP."""
        step = first // _PER_STEP
        counter = self._state["state"]["counter"]
        counter[0], counter[1] = step & 0xFFFFFFFFFFFFFFFF, step >> 64
        self._state["buffer_pos"] = 4
        self._philox.state = self._state
        words = self._philox.random_raw(len(samples) // 2).view(np.uint32)
        # 24 bits and a half step keep the first uniform inside (0, 1): log never meets zero.
        # Two contiguous rows, radius and angle: NumPy's log, cos and sin are slow on strides.
        uniform = np.ascontiguousarray((words >> np.uint32(8)).astype(np.float32).reshape(-1, 2).T)
        uniform += np.float32(0.5)
        uniform *= np.float32(2.0**-24)
        radius, angle = uniform
        np.log(radius, out=radius)
        radius *= np.float32(-2.0)
        np.sqrt(radius, out=radius)
        angle *= np.float32(2.0 * np.pi)
        np.multiply(radius, np.cos(angle), out=samples[0::2])
        np.multiply(radius, np.sin(angle), out=samples[1::2])
