"""Long FIR filters by the FFT, in blocks that are aligned to the absolute index of the input.

Overlap-save: each block is transformed together with the samples before it that the taps reach
back to. The roundings of an FFT depend on all that is in a block, so a block is transformed when it
is complete, and never in part: the outputs come in steps, and are the same however a stream is cut.
"""

from __future__ import annotations

import numpy as np
import scipy.fft  # type: ignore[import-untyped]

from semradio.blocks.api import Array

_SHORTEST = 512

_ROWS = 8
"""Blocks that are transformed together: always so many, as SciPy works on several at once."""

_TIMES = 4
"""Length of a block at least, in lengths of the filter."""


class OverlapSave:
    """Makes ``y[m] = sum_k taps[k] x[m D - k]`` by the FFT.

    Args:
        taps: float64 or complex128.
        decimation: D.
        dtype: of the input, float32 or complex64.
    """

    eager = False
    """Whether steps that are not full give right outputs for what they hold."""

    def __init__(self, taps: Array, decimation: int, dtype: np.dtype[np.generic]) -> None:
        self.history = len(taps) - 1
        size = _SHORTEST
        while size < _TIMES * len(taps) or size - self.history < 2 * decimation:
            size *= 2
        # A multiple of D, so that every block begins with an output that is kept.
        new = (size - self.history) // decimation * decimation
        self.step = _ROWS * new
        """Inputs of one step."""
        self.given = self.step // decimation
        """Outputs of one step."""
        self._size, self._new, self._decimation = size, new, decimation
        self._real = dtype.kind == "f" and taps.dtype.kind == "f"
        if self._real:
            self._response = scipy.fft.rfft(taps, size).astype(np.complex64)
        else:
            self._response = scipy.fft.fft(taps, size).astype(np.complex64)

    def apply(self, line: Array) -> Array:
        """Return the outputs of whole steps; ``line`` is the history and the steps' inputs."""
        steps = (len(line) - self.history) // self.step
        kept = slice(self.history, self.history + self._new)
        y = np.empty((steps, _ROWS, self._new), np.float32 if self._real else np.complex64)
        for k in range(steps):
            shape, strides = (_ROWS, self._size), (self._new * line.itemsize, line.itemsize)
            # The last block may end before the FFT does; what lies beyond is not kept.
            first = k * self.step
            part = line[first : first + self.step + self.history]
            wanted = (_ROWS - 1) * self._new + self._size
            if len(part) < wanted:
                part = np.concatenate([part, np.zeros(wanted - len(part), line.dtype)])
            frames: Array = np.ndarray(shape, line.dtype, part, 0, strides)
            if self._real:
                spectrum = scipy.fft.rfft(frames)
                spectrum *= self._response
                y[k] = scipy.fft.irfft(spectrum, self._size, overwrite_x=True)[:, kept]
            else:
                spectrum = scipy.fft.fft(frames)
                spectrum *= self._response
                y[k] = scipy.fft.ifft(spectrum, overwrite_x=True)[:, kept]
        flat = y.reshape(-1)
        return flat if self._decimation == 1 else np.ascontiguousarray(flat[:: self._decimation])
